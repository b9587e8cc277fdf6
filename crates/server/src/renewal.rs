//! Certificates that are renewed while the server runs.
//!
//! The files are read every second and taken once they stay as they are, so
//! that a certificate is not taken before its key has followed. When they
//! cannot be used, that is logged once and the certificate in use stays.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::time::{self, MissedTickBehavior};

use crate::tasks::Tasks;
use crate::tls::Tls;

/// How often the files are read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the files hold; `None` while they cannot be read.
type Content = Option<[u8; 32]>;

/// Renews the certificate when its files change or somebody asks for it.
pub(crate) async fn watch(tls: Tls, asked: Arc<Notify>, tasks: Tasks) {
    let mut ticks = time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut files = Files::new(content(&tls));
    loop {
        let renew = tokio::select! {
            () = tasks.ending() => return,
            () = asked.notified() => {
                files = Files::new(content(&tls));
                true
            }
            _ = ticks.tick() => files.have_changed(content(&tls)),
        };
        if renew {
            match tls.renew() {
                Ok(()) => {
                    let ends = tls.certificate().not_after();
                    let ends = ends.map(tracing::field::display);
                    tracing::info!(ends, "the certificate was read again");
                }
                Err(error) => {
                    tracing::error!(%error, "the certificate stays as it was");
                }
            }
        }
    }
}

/// What was seen of the files.
#[derive(Debug)]
struct Files {
    taken: Content,
    latest: Content,
}

impl Files {
    fn new(taken: Content) -> Self {
        Self {
            taken,
            latest: taken,
        }
    }

    /// Whether what they hold is new and has stayed the same since the last
    /// look.
    fn have_changed(&mut self, content: Content) -> bool {
        let settled = content == self.latest;
        self.latest = content;
        let changed = settled && content != self.taken;
        if changed {
            self.taken = content;
        }
        changed
    }
}

fn content(tls: &Tls) -> Content {
    let files = tls.files();
    let mut digest = Sha256::new();
    for path in [&files.certificate, &files.key] {
        digest.update(fs::read(path).ok()?);
    }
    Some(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_once_they_have_settled() {
        let [old, half, new] = [Some([0; 32]), Some([1; 32]), Some([2; 32])];
        let mut files = Files::new(old);
        assert!(!files.have_changed(old));
        assert!(!files.have_changed(half));
        assert!(!files.have_changed(new));
        assert!(files.have_changed(new));
        assert!(!files.have_changed(new));
        // Broken ones are complained about once.
        assert!(!files.have_changed(None));
        assert!(files.have_changed(None));
        assert!(!files.have_changed(None));
    }
}

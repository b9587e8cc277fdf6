//! Sessions that do nothing but answer what the server asks.

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::session::Session;

/// Sessions that are held until they are released.
pub(crate) struct Held {
    sessions: JoinSet<bool>,
    release: watch::Sender<()>,
}

impl Held {
    pub(crate) fn new(sessions: Vec<Session>) -> Self {
        let (release, released) = watch::channel(());
        let mut held = JoinSet::new();
        for session in sessions {
            held.spawn(hold(session, released.clone()));
        }
        Self {
            sessions: held,
            release,
        }
    }

    /// Ends the sessions; how many had ended before.
    pub(crate) async fn release(mut self) -> u64 {
        drop(self.release);
        let mut lost = 0;
        while let Some(held) = self.sessions.join_next().await {
            lost += u64::from(!held.unwrap_or_default());
        }
        lost
    }
}

/// Whether the session was there to the end.
async fn hold(mut session: Session, mut released: watch::Receiver<()>) -> bool {
    loop {
        let heard = tokio::select! {
            _ = released.changed() => return true,
            heard = session.hear() => heard,
        };
        let Ok(heard) = heard else {
            return false;
        };
        if session.take(heard).await.is_err() {
            return false;
        }
    }
}

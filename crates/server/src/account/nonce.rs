//! Repeated session requests.
//!
//! A timestamp and a nonce should come once from one user of an application.
//! The official nonce has four digits only, so a repetition may be chance:
//! it is worth a warning, not a refusal.

use std::collections::{BTreeSet, VecDeque};

use visavis_signal::UserId;

use crate::store::ApplicationId;

const REMEMBERED: usize = 4096;

type Key = (ApplicationId, Option<UserId>, i64, i64);

/// The latest session requests.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    seen: BTreeSet<Key>,
    order: VecDeque<Key>,
}

impl Nonces {
    /// Notes a request; `true` when it was there before.
    pub(super) fn is_repeated(
        &mut self,
        application: ApplicationId,
        user: Option<UserId>,
        ts: i64,
        nonce: i64,
    ) -> bool {
        let key = (application, user, ts, nonce);
        if !self.seen.insert(key) {
            return true;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_counts_per_application_and_user() {
        let mut nonces = Nonces::default();
        let (app, ann) = (ApplicationId(1), Some(UserId(101)));
        assert!(!nonces.is_repeated(app, ann, 1000, 7));
        assert!(nonces.is_repeated(app, ann, 1000, 7));
        assert!(!nonces.is_repeated(app, Some(UserId(102)), 1000, 7));
        assert!(!nonces.is_repeated(ApplicationId(2), ann, 1000, 7));
        for nonce in 0..5000 {
            nonces.is_repeated(app, None, 0, nonce);
        }
        assert!(nonces.seen.len() <= REMEMBERED);
        assert!(!nonces.is_repeated(app, ann, 1000, 7));
    }
}

//! Who was let in, and who was not.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::registered;

/// How somebody says who he is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    /// By name and password.
    Password,
    /// By the token of a session, in chat.
    Token,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// Let in.
    Granted,
    /// Wrong name, password or token.
    Wrong,
    /// Too many wrong ones before.
    BackOff,
    /// Too many others were waiting.
    Busy,
    /// The server has failed.
    Failed,
}

/// Logins since the start.
#[derive(Clone, Debug)]
pub(crate) struct LoginCounts([[IntCounter; 5]; 2]);

impl LoginCounts {
    pub(super) fn new(registry: &Registry) -> Self {
        let family = IntCounterVec::new(
            Opts::new("visavis_logins_total", "Logins, over REST and in chat."),
            &["method", "outcome"],
        );
        let family = registered(registry, family);
        Self(["password", "token"].map(|method| {
            ["granted", "wrong", "back_off", "busy", "failed"]
                .map(|outcome| family.with_label_values(&[method, outcome]))
        }))
    }

    pub(crate) fn count(&self, method: Method, outcome: Outcome) {
        self.0[method as usize][outcome as usize].inc();
    }
}

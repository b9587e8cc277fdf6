//! Whether a connection is still alive: when to ask, and when to give up.
//!
//! Pure; the clock is an argument.

use std::time::{Duration, Instant};

use crate::config::Limits;

/// The silence of one connection.
#[derive(Debug)]
pub(super) struct Silence {
    heard_at: Instant,
    asked: bool,
    ask_after: Duration,
    answer_within: Duration,
}

/// What silence calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Ask for a sign of life.
    Ask,
    /// The client is gone.
    GiveUp,
}

impl Silence {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            heard_at: now,
            asked: false,
            ask_after: limits.ping_after,
            answer_within: limits.ping_answer,
        }
    }

    /// Something was heard.
    pub(super) fn broken(&mut self, now: Instant) {
        self.heard_at = now;
        self.asked = false;
    }

    /// When to look again.
    pub(super) fn due(&self) -> Instant {
        let patience = if self.asked {
            self.ask_after + self.answer_within
        } else {
            self.ask_after
        };
        self.heard_at + patience
    }

    /// What to do now, if anything is due.
    pub(super) fn measure(&mut self, now: Instant) -> Option<Measure> {
        if now < self.due() {
            return None;
        }
        if self.asked {
            return Some(Measure::GiveUp);
        }
        self.asked = true;
        Some(Measure::Ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_once_and_then_given_up() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let limits = Limits {
            ping_after: Duration::from_secs(30),
            ping_answer: Duration::from_secs(20),
            ..Limits::default()
        };
        let mut silence = Silence::new(&limits, start);
        assert_eq!((silence.due(), silence.measure(at(29))), (at(30), None));
        assert_eq!(silence.measure(at(30)), Some(Measure::Ask));
        assert_eq!((silence.due(), silence.measure(at(31))), (at(50), None));
        silence.broken(at(40));
        assert_eq!((silence.due(), silence.measure(at(69))), (at(70), None));
        assert_eq!(silence.measure(at(70)), Some(Measure::Ask));
        assert_eq!(silence.measure(at(90)), Some(Measure::GiveUp));
    }
}

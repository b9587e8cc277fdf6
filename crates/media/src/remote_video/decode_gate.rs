//! Which received frames are worth decoding, and when to ask for a key frame.

use std::time::{Duration, Instant};

/// Key frames are asked for at most this often.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(500);

/// After a loss everything up to the next key frame is useless.
#[derive(Debug)]
pub(super) struct DecodeGate {
    waiting: bool,
    /// Something was received, so there is somebody to ask.
    begun: bool,
    last_request: Option<Instant>,
}

impl DecodeGate {
    pub(super) fn new() -> Self {
        Self {
            waiting: true,
            begun: false,
            last_request: None,
        }
    }

    /// Whether to decode this frame.
    pub(super) fn admit(&mut self, key: bool, contiguous: bool) -> bool {
        self.begun = true;
        if !contiguous {
            self.waiting = true;
        }
        key || !self.waiting
    }

    /// An admitted frame was decoded.
    pub(super) fn decoded(&mut self, key: bool) {
        if key {
            self.waiting = false;
        }
    }

    /// Something was lost, or could not be decoded.
    pub(super) fn lost(&mut self) {
        self.waiting = true;
    }

    /// Whether to ask for a key frame now; counts as asked.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let due = self.next_request(now) == Some(Duration::ZERO);
        if due {
            self.last_request = Some(now);
        }
        due
    }

    /// How long until a key frame should be asked for; nothing when none is needed.
    pub(super) fn next_request(&self, now: Instant) -> Option<Duration> {
        (self.waiting && self.begun).then(|| match self.last_request {
            Some(last) => (last + BETWEEN_REQUESTS).saturating_duration_since(now),
            None => Duration::ZERO,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_a_key_frame() {
        let now = Instant::now();
        let mut gate = DecodeGate::new();
        assert!(!gate.ask(now));
        assert!(!gate.admit(false, true));
        assert!(gate.ask(now));
        assert!(gate.admit(true, true));
        gate.decoded(true);
        assert!(gate.admit(false, true));
        assert_eq!(gate.next_request(now), None);
    }

    #[test]
    fn a_gap_skips_to_the_next_key_frame() {
        let mut gate = DecodeGate::new();
        gate.admit(true, false);
        gate.decoded(true);
        assert!(!gate.admit(false, false));
        assert!(!gate.admit(false, true));
        assert!(gate.admit(true, true));
        gate.decoded(true);
        assert!(gate.admit(false, true));
        gate.lost();
        assert!(!gate.admit(false, true));
    }

    #[test]
    fn requests_are_repeated_every_half_second() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gate = DecodeGate::new();
        gate.admit(false, true);
        let asked: Vec<u64> = (0..1200)
            .step_by(50)
            .filter(|&ms| gate.ask(at(ms)))
            .collect();
        assert_eq!(asked, [0, 500, 1000]);
        assert_eq!(
            gate.next_request(at(1200)),
            Some(Duration::from_millis(300))
        );
    }
}

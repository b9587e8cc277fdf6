//! When the encoder makes a key frame.
//!
//! A key frame for one peer is one for all, and it is large, so requests are gathered:
//! those of peers that just connected for a short while, repairs for longer. Nobody
//! waits when nothing is being sent.

use std::time::{Duration, Instant};

/// Peers that connect within this time share a key frame.
const GATHER: Duration = Duration::from_millis(100);
/// Repairs come at most this often.
const BETWEEN_REPAIRS: Duration = Duration::from_millis(500);

/// Why a peer needs a key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It just connected and shows nothing yet.
    FirstPicture,
    /// It lost something and shows a still picture.
    Repair,
}

/// Gathers requests.
#[derive(Debug, Default)]
pub(super) struct KeyFrameGate {
    due: Option<Instant>,
    last_sent: Option<Instant>,
    last_key: Option<Instant>,
}

impl KeyFrameGate {
    pub(super) fn request(&mut self, urgency: Urgency, now: Instant) {
        let at = match urgency {
            Urgency::FirstPicture if self.idle(now) => now,
            Urgency::FirstPicture => now + GATHER,
            Urgency::Repair => self
                .last_key
                .map_or(now, |key| now.max(key + BETWEEN_REPAIRS)),
        };
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Whether the next picture has to be a key frame.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether a key frame is due and the source's next picture should not be waited for.
    pub(super) fn is_due_at_once(&self, now: Instant) -> bool {
        self.is_due(now) && self.idle(now)
    }

    /// A frame went out to somebody.
    pub(super) fn sent(&mut self, key: bool, now: Instant) {
        self.last_sent = Some(now);
        if key {
            self.last_key = Some(now);
            self.due = None;
        }
    }

    fn idle(&self, now: Instant) -> bool {
        self.last_sent
            .is_none_or(|sent| now.saturating_duration_since(sent) >= GATHER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a gate that sends at 30 fps from 0 to 2 s and returns when keys went out, in ms.
    fn keys(requests: &[(u64, Urgency)]) -> Vec<u64> {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gate = KeyFrameGate::default();
        let mut keys = Vec::new();
        for ms in 0..2000 {
            for &(_, urgency) in requests.iter().filter(|&&(when, _)| when == ms) {
                gate.request(urgency, at(ms));
            }
            if ms % 33 == 0 || gate.is_due_at_once(at(ms)) {
                let key = gate.is_due(at(ms));
                gate.sent(key, at(ms));
                if key {
                    keys.push(ms);
                }
            }
        }
        keys
    }

    #[test]
    fn the_first_picture_waits_for_nothing_when_nothing_is_sent() {
        let start = Instant::now();
        let mut gate = KeyFrameGate::default();
        assert!(!gate.is_due(start));
        gate.request(Urgency::FirstPicture, start);
        assert!(gate.is_due_at_once(start));
        gate.sent(true, start);
        assert!(!gate.is_due(start));
    }

    #[test]
    fn peers_that_connect_together_share_one() {
        use Urgency::FirstPicture;
        let together = keys(&[
            (500, FirstPicture),
            (530, FirstPicture),
            (590, FirstPicture),
        ]);
        assert_eq!(together, [627]);
        assert_eq!(
            keys(&[(500, FirstPicture), (640, FirstPicture)]),
            [627, 759]
        );
    }

    #[test]
    fn repairs_are_half_a_second_apart() {
        let storm: Vec<_> = (0..1600)
            .step_by(20)
            .map(|ms| (ms, Urgency::Repair))
            .collect();
        let sent = keys(&storm);
        assert_eq!(sent, [0, 528, 1056, 1584]);
    }

    #[test]
    fn a_new_peer_does_not_wait_for_a_repair() {
        let sent = keys(&[
            (500, Urgency::Repair),
            (520, Urgency::Repair),
            (600, Urgency::FirstPicture),
        ]);
        assert_eq!(sent, [528, 726]);
    }

    #[test]
    fn a_repair_of_a_paused_stream_is_not_delayed_by_the_source() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gate = KeyFrameGate::default();
        gate.sent(true, at(0));
        gate.request(Urgency::Repair, at(200));
        assert!(!gate.is_due_at_once(at(499)));
        assert!(gate.is_due_at_once(at(500)));
    }
}

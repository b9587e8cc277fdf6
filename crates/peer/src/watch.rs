//! Whether the other side is still there.
//!
//! Media, RTCP or ICE's own checks arrive at least every three seconds from a
//! living peer; the engine alone would take far longer to say that they
//! stopped.

use std::time::{Duration, Instant};

/// Silence of this length means that the other side is lost. With packets at
/// least every three seconds, one may be lost without alarm.
pub(crate) const SILENCE: Duration = Duration::from_millis(4500);

/// Watches for silence once connected.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    heard: Option<Instant>,
    lost: bool,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Lost,
    Back,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn start(&mut self, now: Instant) {
        self.heard = Some(now);
    }

    /// A packet of the other side arrived.
    pub(crate) fn heard(&mut self, now: Instant) -> Option<Change> {
        *self.heard.as_mut()? = now;
        std::mem::take(&mut self.lost).then_some(Change::Back)
    }

    /// The other side says itself that it is gone.
    pub(crate) fn gone(&mut self) -> Option<Change> {
        self.heard?;
        (!std::mem::replace(&mut self.lost, true)).then_some(Change::Lost)
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Option<Change> {
        let due = self.next_timeout()?;
        if now < due {
            return None;
        }
        self.lost = true;
        Some(Change::Lost)
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        if self.lost {
            None
        } else {
            self.heard.map(|heard| heard + SILENCE)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Change, SILENCE, Watch};

    #[test]
    fn silence_is_noticed_once_and_ends_with_a_packet() {
        let start = Instant::now();
        let mut watch = Watch::default();
        assert_eq!(watch.heard(start), None);
        assert_eq!(watch.next_timeout(), None);
        watch.start(start);
        assert_eq!(watch.timeout(start + Duration::from_secs(1)), None);
        assert_eq!(watch.timeout(start + SILENCE), Some(Change::Lost));
        assert_eq!(
            (watch.timeout(start + SILENCE * 2), watch.next_timeout()),
            (None, None)
        );
        assert_eq!(watch.heard(start + SILENCE * 2), Some(Change::Back));
        assert_eq!(watch.heard(start + SILENCE * 2), None);
    }
}

//! Whether the other side is still there.
//!
//! Media, RTCP or ICE's own checks arrive at least every three seconds from a
//! living peer; the engine alone would take far longer to say that they
//! stopped.

use std::time::{Duration, Instant};

/// Silence of this length means that the other side is lost. With packets at
/// least every three seconds, one may be lost without alarm.
pub(crate) const SILENCE: Duration = Duration::from_millis(4500);

/// One who ends the connection also says so by signal, which takes a moment longer;
/// only one who says nothing is lost.
const FAREWELL: Duration = Duration::from_secs(1);

/// Watches for silence once connected.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Not connected yet.
    #[default]
    Off,
    /// The other side is there.
    Listening { heard: Instant },
    /// Nothing is heard; it may come back.
    Silent,
    /// The other side ended the connection; what still arrives was under way.
    Leaving { missed_at: Instant },
    /// It did, and there was no word of it.
    Gone,
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
        *self = Self::Listening { heard: now };
    }

    /// A packet of the other side arrived.
    pub(crate) fn heard(&mut self, now: Instant) -> Option<Change> {
        let back = match self {
            Self::Off | Self::Leaving { .. } | Self::Gone => return None,
            Self::Listening { .. } => None,
            Self::Silent => Some(Change::Back),
        };
        self.start(now);
        back
    }

    /// No pair of candidates works any more.
    pub(crate) fn silent(&mut self) -> Option<Change> {
        if !matches!(self, Self::Listening { .. }) {
            return None;
        }
        *self = Self::Silent;
        Some(Change::Lost)
    }

    /// The other side ends the connection itself.
    pub(crate) fn leaves(&mut self, now: Instant) {
        match self {
            Self::Listening { .. } => {
                *self = Self::Leaving {
                    missed_at: now + FAREWELL,
                };
            }
            Self::Silent => *self = Self::Gone,
            Self::Off | Self::Leaving { .. } | Self::Gone => {}
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Option<Change> {
        if now < self.next_timeout()? {
            return None;
        }
        *self = match self {
            Self::Leaving { .. } => Self::Gone,
            _ => Self::Silent,
        };
        Some(Change::Lost)
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        match self {
            Self::Listening { heard } => Some(*heard + SILENCE),
            Self::Leaving { missed_at } => Some(*missed_at),
            Self::Off | Self::Silent | Self::Gone => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Change, FAREWELL, SILENCE, Watch};

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

    #[test]
    fn one_who_left_is_missed_after_a_moment_and_does_not_come_back() {
        let start = Instant::now();
        let mut watch = Watch::default();
        watch.leaves(start);
        assert_eq!(watch.next_timeout(), None);
        watch.start(start);
        watch.leaves(start);
        assert_eq!(watch.heard(start), None);
        assert_eq!(watch.next_timeout(), Some(start + FAREWELL));
        assert_eq!(watch.timeout(start + FAREWELL), Some(Change::Lost));
        assert_eq!(watch.heard(start + SILENCE), None);
        assert_eq!((watch.next_timeout(), watch.silent()), (None, None));
    }

    #[test]
    fn one_who_leaves_after_silence_was_missed_already() {
        let start = Instant::now();
        let mut watch = Watch::default();
        watch.start(start);
        assert_eq!(watch.silent(), Some(Change::Lost));
        watch.leaves(start);
        assert_eq!(watch.next_timeout(), None);
        assert_eq!(watch.heard(start + SILENCE), None);
    }
}

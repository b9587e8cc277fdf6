//! One time line for everything that is sent, whatever the source does.

use std::time::{Duration, Instant};

/// Two frames are at least this far apart, so that their RTP times differ.
const LEAST_STEP: Duration = Duration::from_millis(1);

/// Gives every sent picture its timestamp. Grows always, follows the source's own
/// timestamps where they can be followed, and the clock where they cannot.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Added to the timestamps of the source.
    base: Duration,
    last: Option<(Duration, Instant)>,
}

impl Timeline {
    /// For a picture of the source.
    pub(super) fn of_source(&mut self, timestamp: Duration, now: Instant) -> Duration {
        self.stamp(self.base + timestamp, now)
    }

    /// For a picture that the source did not give.
    pub(super) fn of_now(&mut self, now: Instant) -> Duration {
        self.stamp(self.by_clock(now), now)
    }

    /// The next picture of the source begins anew at zero.
    pub(super) fn source_changed(&mut self, now: Instant) {
        self.base = self.by_clock(now);
    }

    fn by_clock(&self, now: Instant) -> Duration {
        self.last.map_or(Duration::ZERO, |(last, at)| {
            last + now.saturating_duration_since(at)
        })
    }

    fn stamp(&mut self, wanted: Duration, now: Instant) -> Duration {
        let stamp = self
            .last
            .map_or(wanted, |(last, _)| wanted.max(last + LEAST_STEP));
        self.last = Some((stamp, now));
        stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_source_and_fills_gaps_by_the_clock() {
        let ms = Duration::from_millis;
        let start = Instant::now();
        let mut line = Timeline::default();
        assert_eq!(line.of_source(ms(0), start), ms(0));
        assert_eq!(line.of_source(ms(33), start + ms(35)), ms(33));
        assert_eq!(line.of_now(start + ms(55)), ms(53));
        assert_eq!(line.of_source(ms(53), start + ms(56)), ms(54));
        line.source_changed(start + ms(156));
        assert_eq!(line.of_source(ms(0), start + ms(160)), ms(154));
        assert_eq!(line.of_source(ms(40), start + ms(200)), ms(194));
    }

    #[test]
    fn it_never_stands_still() {
        let start = Instant::now();
        let mut line = Timeline::default();
        let stamps: Vec<_> = (0..5)
            .map(|_| line.of_source(Duration::ZERO, start))
            .collect();
        assert!(stamps.is_sorted_by(|a, b| a < b));
    }
}

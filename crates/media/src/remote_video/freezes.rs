//! Counts the moments when a picture stood still longer than it should have.

use std::time::{Duration, Instant};

/// Intervals that the usual pace is taken from.
const WINDOW: u32 = 30;
/// A freeze is at least this much longer than usual (as in the W3C's `freezeCount`).
const MARGIN: Duration = Duration::from_millis(150);

/// As `freezeCount` of WebRTC's statistics: an interval between two pictures that is
/// longer than three usual ones, and than a usual one by 150 ms.
#[derive(Debug, Default)]
pub(super) struct FreezeCounter {
    last: Option<Instant>,
    mean: Option<Duration>,
    freezes: u64,
    frozen: Duration,
}

impl FreezeCounter {
    pub(super) fn rendered(&mut self, now: Instant) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let interval = now.saturating_duration_since(last);
        let Some(mean) = self.mean else {
            self.mean = Some(interval);
            return;
        };
        if interval > (3 * mean).max(mean + MARGIN) {
            self.freezes += 1;
            self.frozen += interval;
        }
        self.mean = Some((mean * (WINDOW - 1) + interval) / WINDOW);
    }

    pub(super) fn count(&self) -> u64 {
        self.freezes
    }

    /// As `totalFreezesDuration`: all of the intervals that count as freezes.
    pub(super) fn frozen(&self) -> Duration {
        self.frozen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_pauses_count() {
        let start = Instant::now();
        let mut counter = FreezeCounter::default();
        let mut now = start;
        for n in 0..100 {
            now += Duration::from_millis(match n {
                40 => 150,
                60 => 400,
                80 => 2000,
                _ => 33,
            });
            counter.rendered(now);
        }
        assert_eq!(counter.count(), 2);
        assert_eq!(counter.frozen(), Duration::from_millis(2400));
    }
}

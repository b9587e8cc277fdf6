//! When each stream ends while the server closes: one after the other, so
//! that clients do not come back all at once.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Fewer streams than these take a share of the time that there is.
const MANY: u32 = 100;

/// The order in which streams leave.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    plan: OnceLock<Plan>,
    left: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    window: Duration,
    streams: u32,
}

impl Departures {
    /// Plans for so many streams; gives back the time that it takes. The
    /// first plan counts.
    pub(crate) fn plan(&self, spread: Duration, streams: usize) -> Duration {
        let streams = u32::try_from(streams).unwrap_or(u32::MAX);
        let window = spread * streams.min(MANY) / MANY;
        self.plan.get_or_init(|| Plan { window, streams }).window
    }

    /// How long the next stream may stay.
    pub(super) fn next(&self) -> Duration {
        let Some(Plan { window, streams }) = self.plan.get() else {
            return Duration::ZERO;
        };
        let turn = self.left.fetch_add(1, Ordering::Relaxed);
        // Whoever was not planned for leaves with the last.
        window.mul_f64(f64::from(turn.min(*streams)) / f64::from((*streams).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stays(spread: u64, streams: u32) -> Vec<Duration> {
        let departures = Departures::default();
        departures.plan(Duration::from_secs(spread), streams as usize);
        (0..streams).map(|_| departures.next()).collect()
    }

    #[test]
    fn streams_leave_at_even_distances() {
        let stays = stays(10, 1000);
        assert_eq!(stays[0], Duration::ZERO);
        let distances = stays.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(distances.into_iter().all(|distance| {
            distance.abs_diff(Duration::from_millis(10)) < Duration::from_micros(1)
        }));
        assert!(stays[999] < Duration::from_secs(10));
    }

    #[test]
    fn a_few_do_not_take_all_the_time() {
        assert_eq!(stays(10, 2), [Duration::ZERO, Duration::from_millis(100)]);
        assert_eq!(stays(0, 2), [Duration::ZERO; 2]);
        assert_eq!(
            Departures::default().plan(Duration::MAX / 100, 0),
            Duration::ZERO
        );
    }
}

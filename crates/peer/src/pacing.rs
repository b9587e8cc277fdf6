//! How much is waiting in the engine's pacer, seen from outside.
//!
//! The pacer sends at 1.1 times the estimate; what was written and could not
//! have left yet is waiting. The engine does not tell, so it is reckoned from
//! what is written and what may be sent.

use std::time::{Duration, Instant};

/// The pacer's rate over the estimate.
const PACING_FACTOR: f64 = 1.1;
/// More than this waiting means congested.
const CONGESTED: Duration = Duration::from_millis(250);
/// Less than this waiting means free again.
const FREE: Duration = Duration::from_millis(100);

/// A leaky bucket with the pacer's rate.
#[derive(Debug)]
pub(crate) struct PacerQueue {
    waiting_bits: f64,
    rate: f64,
    at: Instant,
    congested: bool,
}

impl PacerQueue {
    pub(crate) fn new(now: Instant, estimate: u64) -> Self {
        Self {
            waiting_bits: 0.0,
            rate: rate(estimate),
            at: now,
            congested: false,
        }
    }

    pub(crate) fn set_estimate(&mut self, now: Instant, estimate: u64) {
        self.drain(now);
        self.rate = rate(estimate);
    }

    pub(crate) fn written(&mut self, now: Instant, bytes: usize) {
        self.drain(now);
        self.waiting_bits += bytes as f64 * 8.0;
    }

    /// The new state when it changed.
    pub(crate) fn change(&mut self, now: Instant) -> Option<bool> {
        self.drain(now);
        let waiting = Duration::from_secs_f64(self.waiting_bits / self.rate);
        let congested = waiting > if self.congested { FREE } else { CONGESTED };
        (congested != self.congested).then(|| {
            self.congested = congested;
            congested
        })
    }

    fn drain(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        self.waiting_bits = (self.waiting_bits - self.rate * elapsed.as_secs_f64()).max(0.0);
    }
}

fn rate(estimate: u64) -> f64 {
    (estimate.max(10_000) as f64) * PACING_FACTOR
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::PacerQueue;

    #[test]
    fn more_than_the_path_takes_is_congestion_and_passes() {
        let start = Instant::now();
        let mut queue = PacerQueue::new(start, 1_000_000);
        queue.written(start, 20_000);
        assert_eq!(queue.change(start), None);
        queue.written(start, 20_000);
        assert_eq!(queue.change(start), Some(true));
        assert_eq!(queue.change(start + Duration::from_millis(100)), None);
        assert_eq!(
            queue.change(start + Duration::from_millis(250)),
            Some(false)
        );
    }

    #[test]
    fn a_higher_estimate_drains_faster() {
        let start = Instant::now();
        let mut queue = PacerQueue::new(start, 100_000);
        queue.written(start, 40_000);
        assert_eq!(queue.change(start), Some(true));
        queue.set_estimate(start, 10_000_000);
        assert_eq!(queue.change(start + Duration::from_millis(5)), Some(false));
    }
}

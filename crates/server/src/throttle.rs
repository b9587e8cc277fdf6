//! How fast one sender may send.
//!
//! A bucket that fills at a steady rate. Chat that comes too fast is no error:
//! the server just reads later, and TCP passes that on to the sender. Requests
//! are refused.

use std::time::{Duration, Instant};

/// The bucket of one sender.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    burst: Duration,
    /// When the bucket will be full again, were nothing else to come.
    full_at: Instant,
}

impl Throttle {
    /// `rate` a second, twice as many at once.
    pub(crate) fn new(rate: u32, now: Instant) -> Self {
        Self {
            interval: Duration::from_secs(1) / rate.max(1),
            burst: Duration::from_secs(2),
            full_at: now,
        }
    }

    /// Takes one; says how long to wait before reading on.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        self.full_at = self.full_at.max(now) + self.interval;
        self.full_at
            .saturating_duration_since(now)
            .saturating_sub(self.burst)
    }

    /// Takes one, unless that would mean to wait: for how long.
    pub(crate) fn try_take(&mut self, now: Instant) -> Result<(), Duration> {
        let before = self.full_at;
        let wait = self.take(now);
        if wait.is_zero() {
            return Ok(());
        }
        self.full_at = before;
        Err(wait)
    }

    /// Whether it is as a new one would be.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rate_holds() {
        let start = Instant::now();
        let mut throttle = Throttle::new(100, start);
        for _ in 0..200 {
            assert_eq!(throttle.take(start), Duration::ZERO);
        }
        assert_eq!(throttle.take(start), Duration::from_millis(10));
        let later = start + Duration::from_secs(10);
        assert_eq!(throttle.take(later), Duration::ZERO);
    }
}

//! How fast one connection may send.
//!
//! A bucket of stanzas that fills at a steady rate. Sending beyond it is no
//! error: the server just reads later, and TCP passes that on to the sender.

use std::time::{Duration, Instant};

/// The bucket of one connection.
#[derive(Debug)]
pub(super) struct Throttle {
    interval: Duration,
    burst: Duration,
    /// When the bucket will be full again, were nothing else to come.
    full_at: Instant,
}

impl Throttle {
    /// `rate` stanzas a second, twice as many at once.
    pub(super) fn new(rate: u32, now: Instant) -> Self {
        Self {
            interval: Duration::from_secs(1) / rate.max(1),
            burst: Duration::from_secs(2),
            full_at: now,
        }
    }

    /// Takes one stanza; says how long to wait before reading on.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        self.full_at = self.full_at.max(now) + self.interval;
        self.full_at
            .saturating_duration_since(now)
            .saturating_sub(self.burst)
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

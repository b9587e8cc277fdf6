//! How fast one sender may send.
//!
//! A bucket that fills at a steady rate. What comes too fast on one chat
//! connection is no error: the server just reads later, and TCP passes that on
//! to the sender. Requests, and what comes too fast of one user on all his
//! connections together, are refused.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Senders remembered before those are looked for that may be forgotten.
const REMEMBERED: usize = 4096;

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
    fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

/// The buckets of many senders.
#[derive(Debug)]
pub(crate) struct Throttles<K> {
    per_second: u32,
    known: Mutex<Known<K>>,
}

#[derive(Debug)]
struct Known<K> {
    throttles: HashMap<K, SharedThrottle>,
    /// How many there may be before the next look.
    room: usize,
}

/// A bucket that several take from.
#[derive(Clone, Debug)]
pub(crate) struct SharedThrottle(Arc<Mutex<Throttle>>);

impl<K: Eq + Hash> Throttles<K> {
    /// So many a second of each sender, twice as many at once.
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            known: Mutex::new(Known {
                throttles: HashMap::new(),
                room: REMEMBERED,
            }),
        }
    }

    /// The bucket of a sender: the one that he had, unless that is full again
    /// and nobody holds it.
    pub(crate) fn of(&self, sender: K, now: Instant) -> SharedThrottle {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { throttles, room } = &mut *known;
        if throttles.len() > *room {
            throttles.retain(|_, throttle| throttle.is_needed(now));
            // Looking costs as much as there is: only after as many have come again.
            *room = (2 * throttles.len()).max(REMEMBERED);
        }
        let new = || SharedThrottle(Arc::new(Mutex::new(Throttle::new(self.per_second, now))));
        throttles.entry(sender).or_insert_with(new).clone()
    }
}

impl SharedThrottle {
    /// Takes one, unless that would mean to wait: for how long.
    pub(crate) fn try_take(&self, now: Instant) -> Result<(), Duration> {
        let mut throttle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.try_take(now)
    }

    fn is_needed(&self, now: Instant) -> bool {
        let throttle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::strong_count(&self.0) > 1 || !throttle.is_full(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sender_has_one_bucket() {
        let (throttles, now) = (Throttles::new(10), Instant::now());
        let (first, second) = (throttles.of("ann", now), throttles.of("ann", now));
        for _ in 0..10 {
            assert_eq!(first.try_take(now), Ok(()));
            assert_eq!(second.try_take(now), Ok(()));
        }
        assert_eq!(first.try_take(now), Err(Duration::from_millis(100)));
        assert_eq!(throttles.of("bob", now).try_take(now), Ok(()));
        drop((first, second));
        // Coming anew is no way around it.
        assert!(throttles.of("ann", now).try_take(now).is_err());
        let later = now + Duration::from_millis(100);
        assert_eq!(throttles.of("ann", later).try_take(later), Ok(()));
        assert!(throttles.of("ann", later).try_take(later).is_err());
    }

    #[test]
    fn who_sends_no_more_is_forgotten() {
        let (throttles, now) = (Throttles::new(10), Instant::now());
        let held = throttles.of(0, now);
        for sender in 0..u32::try_from(3 * REMEMBERED).unwrap_or_default() {
            let later = now + Duration::from_secs(1) * sender;
            assert_eq!(throttles.of(sender, later).try_take(later), Ok(()));
        }
        let known = throttles
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        assert!(known.throttles.len() <= REMEMBERED + 1);
        let kept = known.throttles.get(&0);
        assert!(kept.is_some_and(|kept| Arc::ptr_eq(&kept.0, &held.0)));
    }

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

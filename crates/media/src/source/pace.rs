//! Real-time pacing by absolute deadlines: tick `n` is due at `start + n / rate`,
//! whatever happened to the ticks before it.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Frames a second as a fraction, so that 30000/1001 stays exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    numerator: NonZeroU32,
    denominator: NonZeroU32,
}

impl FrameRate {
    /// `numerator / denominator` frames a second; nothing when either is 0.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        match (NonZeroU32::new(numerator), NonZeroU32::new(denominator)) {
            (Some(numerator), Some(denominator)) => Some(Self {
                numerator,
                denominator,
            }),
            _ => None,
        }
    }

    /// A whole number of frames a second, at least 1.
    #[must_use]
    pub const fn whole(fps: u32) -> Self {
        match Self::new(fps, 1) {
            Some(rate) => rate,
            None => Self {
                numerator: NonZeroU32::MIN,
                denominator: NonZeroU32::MIN,
            },
        }
    }

    /// Frames in `denominator` seconds.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator.get()
    }

    /// Seconds that `numerator` frames last.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator.get()
    }

    /// Frames a second.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator.get()) / f64::from(self.denominator.get())
    }

    /// When frame `index` is due, counted from frame 0.
    #[must_use]
    pub fn time_of(self, index: u64) -> Duration {
        let nanos = u128::from(index) * 1_000_000_000 * u128::from(self.denominator.get())
            / u128::from(self.numerator.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many frames were due before `time`.
    #[must_use]
    pub fn frames_before(self, time: Duration) -> u64 {
        let frames = time.as_nanos() * u128::from(self.numerator.get())
            / (1_000_000_000 * u128::from(self.denominator.get()));
        u64::try_from(frames).unwrap_or(u64::MAX)
    }
}

/// Sleeps until each tick of a [`FrameRate`] is due.
///
/// A reader that comes late by less than the allowed lateness gets the ticks it
/// missed one after the other without waiting; beyond that they are skipped.
#[derive(Debug)]
pub struct Pacer {
    rate: FrameRate,
    allowed_lateness: Duration,
    start: Option<Instant>,
    next: u64,
}

impl Pacer {
    /// The first tick is due at the first [`tick`](Self::tick).
    #[must_use]
    pub fn new(rate: FrameRate, allowed_lateness: Duration) -> Self {
        Self {
            rate,
            allowed_lateness,
            start: None,
            next: 0,
        }
    }

    /// The rate it was made with.
    #[must_use]
    pub fn rate(&self) -> FrameRate {
        self.rate
    }

    /// Blocks until the next tick is due, at most for `wait`, and returns its index.
    pub fn tick(&mut self, wait: Duration) -> Option<u64> {
        let now = Instant::now();
        let start = *self.start.get_or_insert(now);
        let (due, index) = match self.decide(now.saturating_duration_since(start)) {
            Decision::Due(index) => return Some(index),
            Decision::Wait { due, index } => (due, index),
        };
        let needed = (start + due).saturating_duration_since(now);
        if needed > wait {
            std::thread::sleep(wait);
            return None;
        }
        std::thread::sleep(needed);
        self.next = index + 1;
        Some(index)
    }

    fn decide(&mut self, elapsed: Duration) -> Decision {
        let due = self.rate.time_of(self.next);
        if due > elapsed {
            return Decision::Wait {
                due,
                index: self.next,
            };
        }
        if elapsed - due > self.allowed_lateness {
            self.next = self.next.max(self.rate.frames_before(elapsed));
        }
        let index = self.next;
        self.next += 1;
        Decision::Due(index)
    }
}

enum Decision {
    Due(u64),
    Wait { due: Duration, index: u64 },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn indexes(pacer: &mut Pacer, elapsed_ms: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        while let Decision::Due(index) = pacer.decide(Duration::from_millis(elapsed_ms)) {
            seen.push(index);
        }
        seen
    }

    #[test]
    fn fractions_do_not_drift() {
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        assert_eq!(ntsc.time_of(30_000), Duration::from_secs(1001));
        assert_eq!(ntsc.frames_before(Duration::from_secs(1001)), 30_000);
        assert!(FrameRate::new(1, 0).is_none());
    }

    #[test]
    fn a_little_late_catches_up() {
        let mut pacer = Pacer::new(FrameRate::whole(50), Duration::from_millis(100));
        assert_eq!(indexes(&mut pacer, 0), [0]);
        assert_eq!(indexes(&mut pacer, 60), [1, 2, 3]);
        assert_eq!(indexes(&mut pacer, 60), []);
    }

    #[test]
    fn very_late_skips_to_now() {
        let mut pacer = Pacer::new(FrameRate::whole(50), Duration::from_millis(100));
        assert_eq!(indexes(&mut pacer, 0), [0]);
        assert_eq!(indexes(&mut pacer, 1000), [50]);
        assert_eq!(indexes(&mut pacer, 1020), [51]);
    }
}

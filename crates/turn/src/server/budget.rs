//! Budgets that fill up with time: how much of something may be spent.

use core::time::Duration;

/// One unit of a budget, in millionths: what a microsecond adds at one unit a second.
const UNIT: u64 = 1_000_000;

/// A token bucket. The rate is an argument, so that a thousand of them share one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// In millionths of a unit.
    left: u64,
    at: Duration,
}

/// How fast a budget fills, and how full it gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Units.
    pub(crate) per_second: u64,
    /// Units.
    pub(crate) at_once: u64,
}

impl Budget {
    /// A full one.
    pub(crate) const fn full(rate: Rate, now: Duration) -> Self {
        Self {
            left: rate.at_once.saturating_mul(UNIT),
            at: now,
        }
    }

    /// Spends `units` if they are there.
    pub(crate) fn spend(&mut self, units: u64, rate: Rate, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at);
        let passed = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        // Shorter times stay in `at` until they add something.
        if passed > 0 {
            self.left = self
                .left
                .saturating_add(passed.saturating_mul(rate.per_second))
                .min(rate.at_once.saturating_mul(UNIT));
            self.at += Duration::from_micros(passed);
        }
        match self.left.checked_sub(units.saturating_mul(UNIT)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 1000,
        at_once: 2000,
    };

    #[test]
    fn what_is_spent_comes_back_with_time() {
        let mut now = Duration::from_secs(5);
        let mut budget = Budget::full(RATE, now);
        assert!(budget.spend(2000, RATE, now));
        assert!(!budget.spend(1, RATE, now));
        now += Duration::from_millis(500);
        assert!(!budget.spend(501, RATE, now));
        assert!(budget.spend(500, RATE, now));
        now += Duration::from_secs(3600);
        assert!(!budget.spend(2001, RATE, now));
        assert!(budget.spend(2000, RATE, now));
    }

    #[test]
    fn short_times_add_up() {
        let mut now = Duration::ZERO;
        let mut budget = Budget::full(RATE, now);
        assert!(budget.spend(2000, RATE, now));
        let mut spent = 0;
        for _ in 0..10_000_000 / 300 {
            now += Duration::from_nanos(300_300);
            spent += u64::from(budget.spend(1, RATE, now));
        }
        assert!((10_000..=10_020).contains(&spent), "{spent}");
    }
}

//! The core's clock reading: a moment, as the shell counts it.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment, measured from an origin that the shell chooses (usually the start of the process).
///
/// The core never reads a clock: every input carries the time it happened, and the core only ever
/// compares these readings with each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(Duration);

impl Time {
    /// The origin itself.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The moment this long after the origin.
    pub const fn since_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the origin this moment is.
    pub const fn elapsed(self) -> Duration {
        self.0
    }
}

/// Saturates at the far end of time.
impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// Zero when `earlier` is in fact later, so that a clock stepping back does no harm.
impl Sub for Time {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stepping_back_is_no_time_at_all() {
        let later = Time::ORIGIN + Duration::from_secs(3);
        assert_eq!(later - Time::ORIGIN, Duration::from_secs(3));
        assert_eq!(Time::ORIGIN - later, Duration::ZERO);
    }

    #[test]
    fn the_far_end_of_time_saturates() {
        let end = Time::since_origin(Duration::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
    }

    #[test]
    fn a_moment_is_printed_as_the_time_since_the_origin() {
        let moment = Time::since_origin(Duration::from_millis(2500));
        assert_eq!(alloc::format!("{moment:?}"), "2.5s");
    }
}

//! What the app may choose about its calls, with the ranges that keep both sides sane.

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use thiserror::Error;

const ANSWER_INTERVAL: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(600);
const DIALING_INTERVAL: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_secs(60);
const DISCONNECT_TIME: RangeInclusive<Duration> =
    Duration::from_secs(10)..=Duration::from_secs(300);
const MAX_OPPONENTS: RangeInclusive<usize> = 1..=16;
const INCOMING_LIMIT: RangeInclusive<usize> = 1..=16;

/// The settings of one [`Core`](crate::Core).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallConfig {
    /// How long a call rings, on either side: 10 to 600 seconds, 60 by default.
    pub answer_interval: Duration,
    /// How often the `call` is repeated while nobody answers: 3 to 60 seconds, 5 by default.
    pub dialing_interval: Duration,
    /// How long a lost connection may take to come back: 10 to 300 seconds, 30 by default.
    pub disconnect_time: Duration,
    /// How many users one call may invite: 1 to 16, 3 by default.
    pub max_opponents: usize,
    /// How many incoming calls may ring at once: 1 to 16, 4 by default. Further ones are rejected.
    pub incoming_limit: usize,
    /// Whether a call that comes in during another one is rejected without asking. Off by default.
    pub auto_reject: bool,
    /// The video bit rate, in kbit/s, that we ask the other side to stay below. None by default.
    pub bandwidth: Option<u32>,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            answer_interval: Duration::from_secs(60),
            dialing_interval: Duration::from_secs(5),
            disconnect_time: Duration::from_secs(30),
            max_opponents: 3,
            incoming_limit: 4,
            auto_reject: false,
            bandwidth: None,
        }
    }
}

impl CallConfig {
    /// Checks every value against its range.
    ///
    /// # Errors
    /// The first setting out of range, with its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_span(
            IntervalSetting::Answer,
            self.answer_interval,
            &ANSWER_INTERVAL,
        )?;
        check_span(
            IntervalSetting::Dialing,
            self.dialing_interval,
            &DIALING_INTERVAL,
        )?;
        check_span(
            IntervalSetting::Disconnect,
            self.disconnect_time,
            &DISCONNECT_TIME,
        )?;
        check_count(
            CountSetting::MaxOpponents,
            self.max_opponents,
            &MAX_OPPONENTS,
        )?;
        check_count(
            CountSetting::IncomingLimit,
            self.incoming_limit,
            &INCOMING_LIMIT,
        )
    }
}

fn check_span(
    setting: IntervalSetting,
    given: Duration,
    range: &RangeInclusive<Duration>,
) -> Result<(), ConfigError> {
    if range.contains(&given) {
        return Ok(());
    }
    Err(ConfigError::Interval {
        setting,
        given,
        min: *range.start(),
        max: *range.end(),
    })
}

fn check_count(
    setting: CountSetting,
    given: usize,
    range: &RangeInclusive<usize>,
) -> Result<(), ConfigError> {
    if range.contains(&given) {
        return Ok(());
    }
    Err(ConfigError::Count {
        setting,
        given,
        min: *range.start(),
        max: *range.end(),
    })
}

/// A setting that no call can work with. The app has to change it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A length of time out of its range.
    #[error("{setting} is {given:?}, but must be {min:?} to {max:?}")]
    Interval {
        /// Which setting.
        setting: IntervalSetting,
        /// What it was set to.
        given: Duration,
        /// The least it may be.
        min: Duration,
        /// The most it may be.
        max: Duration,
    },
    /// A number out of its range.
    #[error("{setting} is {given}, but must be {min} to {max}")]
    Count {
        /// Which setting.
        setting: CountSetting,
        /// What it was set to.
        given: usize,
        /// The least it may be.
        min: usize,
        /// The most it may be.
        max: usize,
    },
}

/// The settings of [`CallConfig`] that are lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntervalSetting {
    /// [`CallConfig::answer_interval`].
    Answer,
    /// [`CallConfig::dialing_interval`].
    Dialing,
    /// [`CallConfig::disconnect_time`].
    Disconnect,
}

impl fmt::Display for IntervalSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer => "answer_interval",
            Self::Dialing => "dialing_interval",
            Self::Disconnect => "disconnect_time",
        })
    }
}

/// The settings of [`CallConfig`] that are counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CountSetting {
    /// [`CallConfig::max_opponents`].
    MaxOpponents,
    /// [`CallConfig::incoming_limit`].
    IncomingLimit,
}

impl fmt::Display for CountSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxOpponents => "max_opponents",
            Self::IncomingLimit => "incoming_limit",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(CallConfig::default().validate(), Ok(()));
    }

    #[test]
    fn an_interval_out_of_range_is_named_with_its_range() {
        let config = CallConfig {
            answer_interval: Duration::from_secs(9),
            ..CallConfig::default()
        };
        let error = config.validate().expect_err("nine seconds are too short");
        assert_eq!(
            error.to_string(),
            "answer_interval is 9s, but must be 10s to 600s"
        );
    }

    #[test]
    fn a_count_out_of_range_is_named_with_its_range() {
        let config = CallConfig {
            incoming_limit: 0,
            ..CallConfig::default()
        };
        let error = config.validate().expect_err("nobody could call");
        assert_eq!(
            error.to_string(),
            "incoming_limit is 0, but must be 1 to 16"
        );
    }

    #[test]
    fn the_ends_of_a_range_belong_to_it() {
        for seconds in [3, 60] {
            let config = CallConfig {
                dialing_interval: Duration::from_secs(seconds),
                ..CallConfig::default()
            };
            assert_eq!(config.validate(), Ok(()));
        }
    }
}

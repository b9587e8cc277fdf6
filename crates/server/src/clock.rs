//! Wall-clock time as the accounts see it: whole seconds since 1970, UTC.
//!
//! Written out in the two forms of the REST interface. Never used for
//! timeouts; those run on the monotonic clock of the runtime.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: i64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The present, by the machine's clock.
    pub fn now() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    /// `self` moved into the future by `by`, to the whole second.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)),
        )
    }

    /// `self` moved into the past by `by`, to the whole second.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_secs()).unwrap_or(i64::MAX)),
        )
    }

    /// The form of the `QB-Token-ExpirationDate` header:
    /// `2017-11-01 15:30:46 +0000`.
    pub(crate) fn header_form(self) -> String {
        let t = Civil::from(self);
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} +0000",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }

    /// Reads `2026-01-01T00:00:00Z`, `2026-01-01` or plain seconds.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse() {
            return Some(Self(seconds));
        }
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
        let mut date = date.splitn(3, '-').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let mut time = time
            .trim_end_matches('Z')
            .splitn(3, ':')
            .map(str::parse::<i64>);
        let (hour, minute, second) = (
            time.next()?.ok()?,
            time.next()?.ok()?,
            time.next().unwrap_or(Ok(0)).ok()?,
        );
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..=60).contains(&second);
        valid.then(|| {
            Self(
                days_from_civil(year, month, day) * SECONDS_PER_DAY
                    + hour * 3600
                    + minute * 60
                    + second,
            )
        })
    }
}

/// ISO 8601 in UTC: `2026-01-01T00:00:00Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = Civil::from(*self);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl From<UnixTime> for Civil {
    fn from(time: UnixTime) -> Self {
        let (days, rest) = (
            time.0.div_euclid(SECONDS_PER_DAY),
            time.0.rem_euclid(SECONDS_PER_DAY),
        );
        // Days are counted from 0000-03-01, so that the leap day ends a year.
        let shifted = days.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_forms_of_a_known_second() {
        let time = UnixTime(1_567_349_756);
        assert_eq!(time.to_string(), "2019-09-01T14:55:56Z");
        assert_eq!(time.header_form(), "2019-09-01 14:55:56 +0000");
        assert_eq!(UnixTime(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixTime(951_782_400).to_string(), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for seconds in (0..4_102_444_800).step_by(12_345_679) {
            let time = UnixTime(seconds);
            assert_eq!(UnixTime::parse(&time.to_string()).unwrap(), time);
        }
        assert_eq!(
            UnixTime::parse("2019-09-01").unwrap(),
            UnixTime(1_567_296_000)
        );
        assert_eq!(UnixTime::parse("yesterday"), None);
        assert_eq!(UnixTime::parse("2019-13-01"), None);
    }
}

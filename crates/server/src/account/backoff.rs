//! Back-off after wrong passwords.
//!
//! Counted for one account and one address together, so that a stranger
//! elsewhere cannot lock a user out. Never grows beyond a fixed size. The
//! clock is an argument.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::config::Limits;
use crate::store::ApplicationId;
use crate::visitors::household;

/// Most accounts and addresses remembered at a time.
const MAX_ENTRIES: usize = 16_384;

/// Whose password was wrong, and where the attempt came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    application: ApplicationId,
    account: Account,
    network: IpAddr,
}

/// The account as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// A user that exists.
    User(u32),
    /// A name that nobody has.
    Unknown(String),
}

impl Attempt {
    /// One network of IPv6 (64 bits) is one address: its owner has them all.
    pub(crate) fn new(application: ApplicationId, account: Account, address: IpAddr) -> Self {
        Self {
            application,
            account,
            network: household(address),
        }
    }
}

#[derive(Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Failures of late, by account and address.
#[derive(Debug)]
pub(crate) struct BackOff {
    free: u32,
    first: Duration,
    longest: Duration,
    failures: HashMap<Attempt, Failures>,
}

impl BackOff {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            free: limits.login_failures.max(1),
            first: limits.back_off,
            longest: limits.back_off_max,
            failures: HashMap::new(),
        }
    }

    /// How long this attempt has to wait; `None`: it may be made now.
    pub(crate) fn wait(&self, attempt: &Attempt, now: Instant) -> Option<Duration> {
        let failures = self.failures.get(attempt)?;
        let until = failures.last + self.pause(failures.count)?;
        until
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }

    fn pause(&self, count: u32) -> Option<Duration> {
        let beyond = count.checked_sub(self.free)?;
        let factor = 2_u32.checked_pow(beyond).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(factor).min(self.longest))
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&mut self, attempt: Attempt, now: Instant) {
        if self.failures.len() >= MAX_ENTRIES && !self.failures.contains_key(&attempt) {
            self.make_room(now);
        }
        let failures = self.failures.entry(attempt).or_insert(Failures {
            count: 0,
            last: now,
        });
        if now.duration_since(failures.last) > self.longest {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Notes the right password: earlier failures are forgiven.
    pub(crate) fn succeeded(&mut self, attempt: &Attempt) {
        self.failures.remove(attempt);
    }

    fn make_room(&mut self, now: Instant) {
        let longest = self.longest;
        self.failures
            .retain(|_, failures| now.duration_since(failures.last) <= longest);
        if self.failures.len() >= MAX_ENTRIES {
            // Still full: an attack from many networks. The mildest half goes.
            let mut counts: Vec<u32> = self.failures.values().map(|f| f.count).collect();
            counts.sort_unstable();
            let median = counts[counts.len() / 2];
            let mut surplus = MAX_ENTRIES / 2;
            self.failures.retain(|_, failures| {
                let goes = failures.count <= median && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn attempt(user: u32, address: &str) -> Attempt {
        Attempt::new(
            ApplicationId(1),
            Account::User(user),
            address.parse().unwrap(),
        )
    }

    fn back_off() -> BackOff {
        BackOff::new(&Limits {
            login_failures: 3,
            back_off: Duration::from_secs(1),
            back_off_max: Duration::from_secs(10),
            ..Limits::default()
        })
    }

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        let (mut back_off, now) = (back_off(), Instant::now());
        let mine = attempt(1, "192.0.2.1");
        let mut pauses = Vec::new();
        for _ in 0..8 {
            back_off.failed(mine.clone(), now);
            pauses.push(back_off.wait(&mine, now).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(pauses, [0, 0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(back_off.wait(&mine, now + Duration::from_secs(10)), None);
    }

    #[test]
    fn a_stranger_locks_nobody_out() {
        let (mut back_off, now) = (back_off(), Instant::now());
        for _ in 0..9 {
            back_off.failed(attempt(1, "2001:db8::1"), now);
        }
        assert!(back_off.wait(&attempt(1, "2001:db8::2"), now).is_some());
        assert_eq!(back_off.wait(&attempt(1, "2001:db8:0:1::1"), now), None);
        assert_eq!(back_off.wait(&attempt(2, "2001:db8::1"), now), None);
    }

    #[test]
    fn success_and_time_forgive() {
        let (mut back_off, now) = (back_off(), Instant::now());
        let mine = attempt(1, "192.0.2.1");
        for _ in 0..3 {
            back_off.failed(mine.clone(), now);
        }
        back_off.succeeded(&mine);
        assert_eq!(back_off.wait(&mine, now), None);
        for _ in 0..3 {
            back_off.failed(mine.clone(), now);
        }
        let later = now + Duration::from_secs(11);
        back_off.failed(mine.clone(), later);
        assert_eq!(back_off.wait(&mine, later), None);
    }

    #[test]
    fn memory_stays_bounded() {
        let (mut back_off, now) = (back_off(), Instant::now());
        for user in 0..3 * u32::try_from(MAX_ENTRIES).unwrap() {
            back_off.failed(attempt(user, "192.0.2.1"), now);
        }
        assert!(back_off.failures.len() <= MAX_ENTRIES);
    }
}

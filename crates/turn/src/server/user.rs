//! Users of the relay: what they have, and what they may spend.

use alloc::boxed::Box;
use core::time::Duration;

use hashbrown::HashMap;
use slab::Slab;

use crate::server::Hashing;
use crate::server::budget::{Budget, Rate};
use crate::server::config::RelayLimits;

/// A user's place in [`Users`], as long as he has an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UserId(usize);

#[derive(Debug)]
struct User {
    name: Box<str>,
    allocations: u32,
    bytes: Budget,
}

/// The users who have allocations.
#[derive(Debug)]
pub(crate) struct Users {
    most_allocations: u32,
    rate: Option<Rate>,
    /// What all together may spend.
    all: Option<(Rate, Budget)>,
    by_name: HashMap<Box<str>, UserId, Hashing>,
    users: Slab<User>,
}

/// The user has as many allocations as he may have.
#[derive(Debug)]
pub(crate) struct QuotaReached;

impl Users {
    pub(crate) fn new(limits: &RelayLimits, hashing: Hashing) -> Self {
        let rate = |per_second| Rate {
            per_second,
            at_once: per_second,
        };
        let all = limits.bytes_per_second.map(rate);
        Self {
            most_allocations: limits.allocations_per_user,
            rate: limits.bytes_per_second_per_user.map(rate),
            all: all.map(|rate| (rate, Budget::full(rate, Duration::ZERO))),
            by_name: HashMap::with_hasher(hashing),
            users: Slab::new(),
        }
    }

    /// Counts one more allocation.
    pub(crate) fn enter(&mut self, name: &str, now: Duration) -> Result<UserId, QuotaReached> {
        if let Some(id) = self.by_name.get(name) {
            let user = &mut self.users[id.0];
            if user.allocations >= self.most_allocations {
                return Err(QuotaReached);
            }
            user.allocations += 1;
            return Ok(*id);
        }
        if self.most_allocations == 0 {
            return Err(QuotaReached);
        }
        let none = Rate {
            per_second: 0,
            at_once: 0,
        };
        let id = UserId(self.users.insert(User {
            name: name.into(),
            allocations: 1,
            bytes: Budget::full(self.rate.unwrap_or(none), now),
        }));
        self.by_name.insert(name.into(), id);
        Ok(id)
    }

    /// Counts one less. A user without any is forgotten.
    pub(crate) fn leave(&mut self, id: UserId) {
        let user = &mut self.users[id.0];
        user.allocations -= 1;
        if user.allocations == 0 {
            let user = self.users.remove(id.0);
            self.by_name.remove(&user.name);
        }
    }

    pub(crate) fn name(&self, id: UserId) -> &str {
        &self.users[id.0].name
    }

    /// Spends from the user's bandwidth and from everybody's, if there is enough of both.
    pub(crate) fn spend(&mut self, id: UserId, bytes: usize, now: Duration) -> bool {
        let bytes = bytes as u64;
        if let Some(rate) = self.rate
            && !self.users[id.0].bytes.spend(bytes, rate, now)
        {
            return false;
        }
        match &mut self.all {
            None => true,
            Some((rate, all)) => all.spend(bytes, *rate, now),
        }
    }
}

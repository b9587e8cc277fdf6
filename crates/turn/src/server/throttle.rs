//! Bounds the answers to strangers.
//!
//! A request without credentials may come from anybody in the name of anybody, and its answer is
//! larger than itself. Each address has a budget of such answers. The table has a fixed size:
//! addresses that fall into the same place share one.

use alloc::boxed::Box;
use alloc::vec;
use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;
use core::time::Duration;

use crate::server::Hashing;
use crate::server::budget::{Budget, Rate};

const PLACES: usize = 4096;

#[derive(Debug)]
pub(crate) struct Throttle {
    rate: Rate,
    hashing: Hashing,
    places: Box<[Budget]>,
}

impl Throttle {
    pub(crate) fn new(per_second: u32, hashing: Hashing) -> Self {
        let per_second = u64::from(per_second);
        let rate = Rate {
            per_second,
            at_once: per_second * 4,
        };
        Self {
            rate,
            hashing,
            places: vec![Budget::full(rate, Duration::ZERO); PLACES].into_boxed_slice(),
        }
    }

    /// Whether a stranger at `address` may be answered now.
    pub(crate) fn admits(&mut self, address: IpAddr, now: Duration) -> bool {
        let mut hasher = self.hashing.build_hasher();
        match address {
            IpAddr::V4(address) => address.hash(&mut hasher),
            // Whoever has a network of IPv6 has all its addresses.
            IpAddr::V6(address) => address.segments()[..4].hash(&mut hasher),
        }
        let place = hasher.finish() as usize % PLACES;
        self.places[place].spend(1, self.rate, now)
    }
}

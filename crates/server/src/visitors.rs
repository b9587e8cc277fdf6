//! How many connections come from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The bits of an IPv6 address that one household or host can choose freely
/// (RFC 6177): all of them count as one address.
const HOST_BITS: u32 = 64;

/// The open connections of each address. Cheap to clone; all clones count
/// together.
#[derive(Clone, Debug)]
pub(crate) struct Visitors {
    most: usize,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    from: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Visitors {
    /// So many connections of each address at most.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            open: Arc::default(),
        }
    }

    /// Lets a connection in, unless its address has as many as it may.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Visit> {
        let from = household(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far = open.entry(from).or_default();
        if *so_far < self.most {
            *so_far += 1;
            return Some(Visit {
                from,
                open: Arc::clone(&self.open),
            });
        }
        if *so_far == 0 {
            open.remove(&from);
        }
        None
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = open.get_mut(&self.from) {
            *left -= 1;
            if *left == 0 {
                open.remove(&self.from);
            }
        }
    }
}

/// The address, or of IPv6 the network, that stands for whoever is there.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> HOST_BITS << HOST_BITS;
            Ipv6Addr::from_bits(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_bound() {
        let visitors = Visitors::new(2);
        let enter = |text| visitors.enter(address(text));
        let (first, _second) = (
            enter("192.0.2.1").unwrap(),
            enter("::ffff:192.0.2.1").unwrap(),
        );
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
    }

    #[test]
    fn whoever_has_a_network_of_ipv6_is_one() {
        let visitors = Visitors::new(1);
        let _first = visitors.enter(address("2001:db8::1")).unwrap();
        assert!(visitors.enter(address("2001:db8::2:1")).is_none());
        assert!(visitors.enter(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn who_is_gone_takes_no_memory() {
        let visitors = Visitors::new(1);
        drop(visitors.enter(address("192.0.2.1")));
        assert!(Visitors::new(0).enter(address("192.0.2.1")).is_none());
        assert!(visitors.open.lock().unwrap().is_empty());
    }
}

//! Where relayed traffic comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use visavis_turn::server::Family;

use crate::config::RelayConfig;

/// Addresses whose only use is to ask the system for the way to the public network: nothing is
/// sent to them.
const FAR_V4: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
const FAR_V6: (Ipv6Addr, u16) = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9);

/// One family's address: where sockets are bound, and what the outside sees.
#[derive(Clone, Copy, Debug)]
struct Pair<A> {
    bound: A,
    public: A,
}

/// The relay's addresses.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    v4: Option<Pair<Ipv4Addr>>,
    v6: Option<Pair<Ipv6Addr>>,
}

impl Addresses {
    /// Those of the listener; if that listens everywhere, those of the way to the public network.
    /// What the operator names is what the outside is told.
    pub(super) fn of(listener: SocketAddr, config: &RelayConfig) -> Self {
        let (v4, v6) = match listener.ip() {
            IpAddr::V4(address) if !address.is_unspecified() => (Some(address), None),
            IpAddr::V6(address) if !address.is_unspecified() => (None, Some(address)),
            IpAddr::V4(_) => (outgoing_v4(), None),
            IpAddr::V6(_) => (outgoing_v4(), outgoing_v6()),
        };
        let mut addresses = Self {
            v4: v4.map(|own| Pair {
                bound: own,
                public: own,
            }),
            v6: v6.map(|own| Pair {
                bound: own,
                public: own,
            }),
        };
        for address in &config.public_addresses {
            addresses.announce(*address);
        }
        addresses
    }

    fn announce(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(public) => {
                let bound = self.v4.map_or(Ipv4Addr::UNSPECIFIED, |own| own.bound);
                self.v4 = Some(Pair { bound, public });
            }
            IpAddr::V6(public) => {
                let bound = self.v6.map_or(Ipv6Addr::UNSPECIFIED, |own| own.bound);
                self.v6 = Some(Pair { bound, public });
            }
        }
    }

    pub(super) fn public_v4(&self) -> Option<Ipv4Addr> {
        self.v4.map(|own| own.public)
    }

    pub(super) fn public_v6(&self) -> Option<Ipv6Addr> {
        self.v6.map(|own| own.public)
    }

    /// Where a socket of this family is bound.
    pub(super) fn bound(&self, family: Family) -> Option<IpAddr> {
        match family {
            Family::V4 => self.v4.map(|own| own.bound.into()),
            Family::V6 => self.v6.map(|own| own.bound.into()),
        }
    }

    /// All addresses of this machine.
    pub(super) fn own(&self) -> Vec<IpAddr> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
            tracing::warn!(%error, "this machine's addresses cannot be listed");
            Vec::new()
        });
        let bound = [Family::V4, Family::V6].map(|family| self.bound(family));
        interfaces
            .iter()
            .map(if_addrs::Interface::ip)
            .chain(bound.into_iter().flatten())
            .collect()
    }
}

fn outgoing_v4() -> Option<Ipv4Addr> {
    match outgoing((Ipv4Addr::UNSPECIFIED, 0).into(), FAR_V4.into())? {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

fn outgoing_v6() -> Option<Ipv6Addr> {
    match outgoing((Ipv6Addr::UNSPECIFIED, 0).into(), FAR_V6.into())? {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    }
}

/// The address with which this machine would send to `far`.
fn outgoing(any: SocketAddr, far: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(far).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(listener: &str, public: &[&str]) -> Addresses {
        let config = RelayConfig {
            public_addresses: public.iter().map(|text| text.parse().unwrap()).collect(),
            ..RelayConfig::default()
        };
        Addresses::of(listener.parse().unwrap(), &config)
    }

    #[test]
    fn a_listener_with_an_address_relays_from_it() {
        let addresses = of("127.0.0.1:3478", &[]);
        assert_eq!(addresses.public_v4(), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(addresses.public_v6(), None);
        let addresses = of("[::1]:3478", &[]);
        assert_eq!(addresses.public_v4(), None);
        assert_eq!(addresses.public_v6(), Some(Ipv6Addr::LOCALHOST));
        assert!(addresses.own().contains(&IpAddr::from(Ipv6Addr::LOCALHOST)));
    }

    #[test]
    fn behind_a_translator_the_public_address_is_told() {
        let addresses = of("10.0.0.5:3478", &["203.0.113.1"]);
        assert_eq!(addresses.public_v4(), Some(Ipv4Addr::new(203, 0, 113, 1)));
        let bound = IpAddr::from([10, 0, 0, 5]);
        assert_eq!(addresses.bound(Family::V4), Some(bound));
        assert!(addresses.own().contains(&bound));
    }
}

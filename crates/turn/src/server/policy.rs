//! Which peers a client may reach through the relay.
//!
//! A relay inside a network is a way into it: whatever is not public is refused, in every form in
//! which an address can be written (RFC 8656 section 21.1, RFC 6890). Exceptions are the live
//! allocations of this relay, loopback if the relay itself is on loopback, and what the operator
//! allows.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::server::config::{Config, PeerRules};
use crate::server::network::Network;

/// IPv4 networks that are not public.
const SPECIAL_V4: [(Ipv4Addr, u8); 13] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(255, 255, 255, 255), 32),
];

/// IPv6 networks that are not public. Among them are those that lead to IPv4 addresses: mapped,
/// compatible, translated by the network (RFC 6052, RFC 8215), Teredo and 6to4.
const SPECIAL_V6: [(Ipv6Addr, u8); 10] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// The rules in force.
#[derive(Debug)]
pub(crate) struct PeerPolicy {
    relay_v4: Option<Ipv4Addr>,
    relay_v6: Option<Ipv6Addr>,
    rules: PeerRules,
    special: Vec<Network>,
}

impl PeerPolicy {
    pub(crate) fn new(config: &Config) -> Self {
        let v4 = SPECIAL_V4.map(|(address, prefix)| Network::new(address.into(), prefix));
        let v6 = SPECIAL_V6.map(|(address, prefix)| Network::new(address.into(), prefix));
        Self {
            relay_v4: config.relay_v4,
            relay_v6: config.relay_v6,
            rules: config.peers.clone(),
            special: v4.into_iter().chain(v6).filter_map(Result::ok).collect(),
        }
    }

    /// Whether this is one of the addresses that the relay itself sends from.
    pub(crate) fn is_relay(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.relay_v4 == Some(address),
            IpAddr::V6(address) => self.relay_v6 == Some(address),
        }
    }

    /// Whether a client may reach `peer`; `is_live` tells the addresses of live allocations.
    pub(crate) fn allows(&self, peer: SocketAddr, is_live: impl Fn(&SocketAddr) -> bool) -> bool {
        let address = peer.ip();
        if self.rules.allowed.iter().any(|net| net.contains(address)) {
            return true;
        }
        if self.is_relay(address) && is_live(&peer) {
            return true;
        }
        if address.is_loopback() {
            return self.relays_on_loopback(address);
        }
        !self.is_relay(address)
            && !self.rules.own.contains(&address)
            && !self.rules.denied.iter().any(|net| net.contains(address))
            && !self.special.iter().any(|net| net.contains(address))
    }

    fn relays_on_loopback(&self, like: IpAddr) -> bool {
        match like {
            IpAddr::V4(_) => self.relay_v4.is_some_and(|own| own.is_loopback()),
            IpAddr::V6(_) => self.relay_v6.is_some_and(|own| own.is_loopback()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::server::config::Secret;

    fn allows(config: &Config, peer: &str) -> bool {
        let live: SocketAddr = "198.51.100.1:50000".parse().unwrap();
        PeerPolicy::new(config).allows(peer.parse().unwrap(), |peer| *peer == live)
    }

    fn public() -> Config {
        Config {
            relay_v4: Some(Ipv4Addr::new(198, 51, 100, 1)),
            relay_v6: Some("2001:db8::1".parse().unwrap()),
            ..Config::new("example.org", Secret::new([1; 16]))
        }
    }

    #[test]
    fn only_public_peers_are_reached() {
        for peer in ["203.0.113.9:1", "[2001:db8::9]:1", "8.8.8.8:53"] {
            assert!(allows(&public(), peer), "{peer}");
        }
        for peer in [
            "0.0.0.0:1",
            "10.1.2.3:1",
            "100.64.0.1:1",
            "127.0.0.1:1",
            "169.254.169.254:80",
            "172.31.255.255:1",
            "192.168.0.1:1",
            "198.19.0.1:1",
            "224.0.0.1:1",
            "255.255.255.255:1",
            "[::]:1",
            "[::1]:1",
            "[::7f00:1]:1",
            "[::ffff:127.0.0.1]:1",
            "[::ffff:8.8.8.8]:1",
            "[64:ff9b::10.0.0.1]:1",
            "[64:ff9b:1::1]:1",
            "[2002:7f00:1::]:1",
            "[2001::1]:1",
            "[fd00::1]:1",
            "[fe80::1]:1",
            "[ff02::1]:1",
        ] {
            assert!(!allows(&public(), peer), "{peer}");
        }
    }

    #[test]
    fn of_the_relays_own_address_only_live_allocations_are_reached() {
        assert!(allows(&public(), "198.51.100.1:50000"));
        assert!(!allows(&public(), "198.51.100.1:22"));
        assert!(!allows(&public(), "[2001:db8::1]:50000"));
        let mut config = public();
        config.peers.own = Vec::from(["203.0.113.5".parse().unwrap()]);
        assert!(!allows(&config, "203.0.113.5:50000"));
    }

    #[test]
    fn a_relay_on_loopback_reaches_loopback() {
        let mut config = public();
        config.relay_v4 = Some(Ipv4Addr::LOCALHOST);
        assert!(allows(&config, "127.0.0.1:9"));
        assert!(allows(&config, "127.0.0.2:9"));
        assert!(!allows(&config, "[::1]:9"));
        assert!(!allows(&config, "[::ffff:127.0.0.1]:9"));
        assert!(!allows(&config, "10.0.0.1:9"));
    }

    #[test]
    fn the_operator_has_the_last_word() {
        let mut config = public();
        config.peers.allowed = Vec::from(["10.1.0.0/16".parse().unwrap()]);
        config.peers.denied = Vec::from(["203.0.113.0/24".parse().unwrap()]);
        assert!(allows(&config, "10.1.2.3:1"));
        assert!(!allows(&config, "10.2.2.3:1"));
        assert!(!allows(&config, "203.0.113.9:1"));
    }
}

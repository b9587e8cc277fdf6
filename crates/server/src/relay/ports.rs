//! Sockets with relayed addresses.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use mio::net::UdpSocket;
use rand::RngExt;
use socket2::{Domain, Protocol, Socket, Type};
use visavis_turn::server::Family;

use super::addresses::Addresses;

/// Ports that are tried before the relay counts as full.
const TRIES: u32 = 512;

/// The range of ports, and the addresses that have them.
#[derive(Debug)]
pub(super) struct Ports {
    range: RangeInclusive<u16>,
    addresses: Addresses,
}

impl Ports {
    pub(super) const fn new(range: RangeInclusive<u16>, addresses: Addresses) -> Self {
        Self { range, addresses }
    }

    /// A socket on any port, or on an even one.
    pub(super) fn open(&self, family: Family, even: bool) -> io::Result<UdpSocket> {
        self.find(even, |port| self.bind(family, port))
    }

    /// Sockets on an even port and on the next one.
    pub(super) fn open_pair(&self, family: Family) -> io::Result<(UdpSocket, UdpSocket)> {
        self.find(true, |port| {
            let next = port.checked_add(1).filter(|next| self.range.contains(next));
            let next = next.ok_or(io::ErrorKind::AddrInUse)?;
            Ok((self.bind(family, port)?, self.bind(family, next)?))
        })
    }

    /// The first port from a random one on for which `open` succeeds. Nobody can guess it (RFC
    /// 8656 section 7.2).
    fn find<T>(&self, even: bool, open: impl Fn(u16) -> io::Result<T>) -> io::Result<T> {
        let (first, count) = (u32::from(*self.range.start()), self.range.len() as u32);
        let begin = rand::rng().random_range(0..count.max(1));
        for offset in 0..count.min(TRIES) {
            let port = first + (begin + offset) % count;
            let Ok(port) = u16::try_from(port) else {
                continue;
            };
            if even && !port.is_multiple_of(2) {
                continue;
            }
            match open(port) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                other => return other,
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    fn bind(&self, family: Family, port: u16) -> io::Result<UdpSocket> {
        let address = self.addresses.bound(family);
        let address = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let address = SocketAddr::new(address, port);
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if family == Family::V6 {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(UdpSocket::from_std(socket.into()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::RelayConfig;

    fn ports(range: RangeInclusive<u16>) -> Ports {
        let listener = "127.0.0.1:3478".parse().unwrap();
        Ports::new(range, Addresses::of(listener, &RelayConfig::default()))
    }

    fn port(socket: &UdpSocket) -> u16 {
        socket.local_addr().unwrap().port()
    }

    #[test]
    fn ports_stay_in_their_range_until_it_is_full() {
        let ports = ports(41_000..=41_003);
        let sockets: Vec<_> = (0..4).map(|_| ports.open(Family::V4, false)).collect();
        for socket in &sockets {
            let port = port(socket.as_ref().unwrap());
            assert!((41_000..=41_003).contains(&port));
        }
        let full = ports.open(Family::V4, false).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::AddrInUse);
        let other = ports.open(Family::V6, false).unwrap_err();
        assert_eq!(other.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn a_pair_is_an_even_port_and_the_next() {
        let ports = ports(41_011..=41_016);
        for _ in 0..2 {
            let (even, next) = ports.open_pair(Family::V4).unwrap();
            assert_eq!(port(&even) % 2, 0);
            assert_eq!(port(&next), port(&even) + 1);
            assert!(port(&next) <= 41_016);
        }
        let even = ports.open(Family::V4, true).unwrap();
        assert_eq!(port(&even) % 2, 0);
    }
}

//! Packets of the encryption that come before their path is verified.
//!
//! The other side may know that a pair of candidates works before we do, and
//! begins to encrypt on it. The engine takes no such packet from an address
//! that it has not verified, yet one should be ready for it (RFC 8445 section
//! 12.2): a flight that is ignored comes again only after a second (RFC 6347
//! section 4.2.4.1).

use std::net::SocketAddr;

/// First bytes of DTLS records (RFC 7983 section 7).
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;
/// How many packets are kept: anybody can send some.
const MOST_PACKETS: usize = 8;
/// The longest that is kept, in bytes: flights are cut to fit a path.
const LONGEST: usize = 2048;

/// One packet as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unverified {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) contents: Vec<u8>,
}

/// What waits, in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct UnverifiedPackets {
    waiting: Vec<Unverified>,
}

impl UnverifiedPackets {
    /// Keeps a packet if it belongs to the encryption and there is room.
    pub(crate) fn keep(&mut self, source: SocketAddr, destination: SocketAddr, packet: &[u8]) {
        let encryption = packet.first().is_some_and(|first| DTLS.contains(first));
        if encryption && packet.len() <= LONGEST && self.waiting.len() < MOST_PACKETS {
            self.waiting.push(Unverified {
                source,
                destination,
                contents: packet.to_vec(),
            });
        }
    }

    /// The first packet whose path is verified by now.
    pub(crate) fn take(&mut self, verified: impl Fn(&Unverified) -> bool) -> Option<Unverified> {
        let position = self.waiting.iter().position(verified)?;
        Some(self.waiting.remove(position))
    }

    /// Nothing of it is needed any more.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::SocketAddr;

    use super::{LONGEST, MOST_PACKETS, UnverifiedPackets};

    const HANDSHAKE: u8 = 22;

    fn address(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[test]
    fn packets_wait_for_their_path_in_order() {
        let mut packets = UnverifiedPackets::default();
        for (port, second) in [(1, 0), (2, 1), (2, 2)] {
            packets.keep(address(port), address(9), &[HANDSHAKE, second]);
        }
        let mut take = |port| packets.take(|packet| packet.source == address(port));
        assert_eq!(take(2).unwrap().contents, [HANDSHAKE, 1]);
        assert_eq!(take(2).unwrap().contents, [HANDSHAKE, 2]);
        assert_eq!(take(2), None);
        assert_eq!(take(1).unwrap().contents, [HANDSHAKE, 0]);
    }

    #[test]
    fn only_encryption_is_kept_and_only_so_much() {
        let mut packets = UnverifiedPackets::default();
        packets.keep(address(1), address(9), &[]);
        packets.keep(address(1), address(9), &[128, 1]);
        packets.keep(address(1), address(9), &[HANDSHAKE; LONGEST + 1]);
        assert_eq!(packets.take(|_| true), None);
        for _ in 0..MOST_PACKETS * 2 {
            packets.keep(address(1), address(9), &[HANDSHAKE]);
        }
        let kept = std::iter::from_fn(|| packets.take(|_| true)).count();
        assert_eq!(kept, MOST_PACKETS);
    }
}

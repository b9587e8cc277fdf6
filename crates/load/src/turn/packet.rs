//! The packets that are relayed, and what is read from them when they arrive.
//!
//! A packet says which way it goes, which one it is on this way, when it was meant to be sent, and
//! has a checksum over all the rest.

use std::ops::Range;

const CHECKSUM: Range<usize> = 0..4;
const WAY: Range<usize> = 4..8;
const NUMBER: Range<usize> = 8..16;
const TIME: Range<usize> = 16..24;

/// The shortest packet, in bytes.
pub const MIN_PACKET: usize = TIME.end;
/// The longest, in bytes: with what is around it, it fits into a datagram.
pub const MAX_PACKET: usize = 65_000;

/// What a packet says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) way: u32,
    pub(super) number: u64,
    /// Nanoseconds since the beginning.
    pub(super) time: u64,
}

impl Label {
    /// Writes it into a packet, [`MIN_PACKET`] long at least.
    pub(super) fn write(self, packet: &mut [u8]) {
        packet[WAY].copy_from_slice(&self.way.to_be_bytes());
        packet[NUMBER].copy_from_slice(&self.number.to_be_bytes());
        packet[TIME].copy_from_slice(&self.time.to_be_bytes());
        let checksum = crc32fast::hash(&packet[CHECKSUM.end..]);
        packet[CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
    }

    /// Reads it from a packet that is as it was sent, and has the right length.
    pub(super) fn read(packet: &[u8], length: usize) -> Option<Self> {
        let checksum = u32::from_be_bytes(packet.get(CHECKSUM)?.try_into().ok()?);
        if packet.len() != length || crc32fast::hash(&packet[CHECKSUM.end..]) != checksum {
            return None;
        }
        Some(Self {
            way: u32::from_be_bytes(packet.get(WAY)?.try_into().ok()?),
            number: u64::from_be_bytes(packet.get(NUMBER)?.try_into().ok()?),
            time: u64::from_be_bytes(packet.get(TIME)?.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, MIN_PACKET};

    #[test]
    fn a_changed_packet_is_noticed() {
        let label = Label {
            way: 3,
            number: 1 << 40,
            time: 5,
        };
        let mut packet = [7; MIN_PACKET + 10];
        label.write(&mut packet);
        assert_eq!(Label::read(&packet, packet.len()), Some(label));
        assert_eq!(Label::read(&packet, packet.len() + 1), None);
        assert_eq!(Label::read(&packet[..3], 3), None);
        for at in 0..packet.len() {
            packet[at] ^= 1;
            assert_eq!(Label::read(&packet, packet.len()), None, "{at}");
            packet[at] ^= 1;
        }
    }
}

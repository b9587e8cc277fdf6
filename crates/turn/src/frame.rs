//! Data on its way between client and relay, and the borders of messages in a stream.
//!
//! The data itself is never copied: a [`Frame`] is what comes before it and after it.

use core::net::SocketAddr;

use stun_types::attribute::AttributeWriteExt;
use stun_types::message::TransactionId;
use turn_types::attribute::XorPeerAddress;

/// STUN header, XOR-PEER-ADDRESS of IPv6, header of DATA.
const LONGEST_HEAD: usize = STUN_HEADER + 24 + 4;
const STUN_HEADER: usize = 20;
const CHANNEL_HEADER: usize = 4;
const DATA_INDICATION: u16 = 0x0017;
const SEND_INDICATION: u16 = 0x0016;
const DATA: u16 = 0x0013;
const COOKIE: u32 = 0x2112_a442;
const ZEROS: [u8; 3] = [0; 3];

/// Numbers of channels. RFC 8656 section 12 has those below 0x5000; clients of RFC 5766 use the
/// others as well.
pub(crate) const CHANNELS: core::ops::RangeInclusive<u16> = 0x4000..=0x7fff;

/// A message between client and relay that carries data from a peer or for one: channel data (RFC
/// 8656 section 12.4), a Send indication (section 11.1) or a Data indication (section 11.4).
#[derive(Clone, Copy, Debug)]
pub struct Frame<'d> {
    head: [u8; LONGEST_HEAD],
    head_length: usize,
    data: &'d [u8],
    padding: usize,
}

impl<'d> Frame<'d> {
    /// Channel data; padded where messages follow each other in a stream. `None` when the data
    /// is longer than a message can be.
    pub(crate) fn channel(number: u16, data: &'d [u8], padded: bool) -> Option<Self> {
        let length = u16::try_from(data.len()).ok()?;
        let mut head = [0; LONGEST_HEAD];
        head[..2].copy_from_slice(&number.to_be_bytes());
        head[2..4].copy_from_slice(&length.to_be_bytes());
        Some(Self {
            head,
            head_length: CHANNEL_HEADER,
            data,
            padding: if padded { padding(data.len()) } else { 0 },
        })
    }

    /// A Data indication. `None` when the data is longer than a message can be.
    pub(crate) fn indication(id: u128, peer: SocketAddr, data: &'d [u8]) -> Option<Self> {
        Self::with_peer(DATA_INDICATION, id, peer, data)
    }

    /// A Send indication. `None` when the data is longer than a message can be.
    pub(crate) fn send_indication(id: u128, peer: SocketAddr, data: &'d [u8]) -> Option<Self> {
        Self::with_peer(SEND_INDICATION, id, peer, data)
    }

    fn with_peer(kind: u16, id: u128, peer: SocketAddr, data: &'d [u8]) -> Option<Self> {
        let address = XorPeerAddress::new(peer, TransactionId::from(id));
        let mut head = [0; LONGEST_HEAD];
        let written = address.write_into(&mut head[STUN_HEADER..]).ok()?;
        let head_length = STUN_HEADER + written + 4;
        let padding = padding(data.len());
        let body = head_length - STUN_HEADER + data.len() + padding;
        head[..2].copy_from_slice(&kind.to_be_bytes());
        head[2..4].copy_from_slice(&u16::try_from(body).ok()?.to_be_bytes());
        head[4..8].copy_from_slice(&COOKIE.to_be_bytes());
        head[8..STUN_HEADER].copy_from_slice(&id.to_be_bytes()[4..]);
        let attribute = &mut head[head_length - 4..head_length];
        attribute[..2].copy_from_slice(&DATA.to_be_bytes());
        attribute[2..].copy_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        Some(Self {
            head,
            head_length,
            data,
            padding,
        })
    }

    /// The message in the three parts that have to be sent in a row.
    pub fn parts(&self) -> [&[u8]; 3] {
        [
            &self.head[..self.head_length],
            self.data,
            &ZEROS[..self.padding],
        ]
    }

    /// Bytes of the whole message.
    pub const fn length(&self) -> usize {
        self.head_length + self.data.len() + self.padding
    }
}

const fn padding(length: usize) -> usize {
    length.wrapping_neg() % 4
}

/// A stream does not go on with a message: the connection cannot be used any longer. The client
/// has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMessage;

impl core::fmt::Display for NoMessage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("neither a STUN message nor channel data")
    }
}

impl core::error::Error for NoMessage {}

/// How many bytes the message has with which `stream` begins (RFC 8489 section 6.2.2, RFC 8656
/// section 12.5), at most 65,556; `None` when more of it is needed to tell.
///
/// # Errors
/// When no message begins like that.
pub fn frame_length(stream: &[u8]) -> Result<Option<usize>, NoMessage> {
    let &[first, _, high, low, ..] = stream else {
        return match stream.first() {
            Some(first) if *first >= 0x80 => Err(NoMessage),
            _ => Ok(None),
        };
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match first {
        0..0x40 if length.is_multiple_of(4) => {
            let cookie = COOKIE.to_be_bytes();
            let seen = stream.get(4..stream.len().min(8)).unwrap_or_default();
            if !cookie.starts_with(seen) {
                return Err(NoMessage);
            }
            Ok(Some(STUN_HEADER + length))
        }
        0x40..0x80 => Ok(Some(CHANNEL_HEADER + length + padding(length))),
        _ => Err(NoMessage),
    }
}

/// Channel data taken apart: number and data. In a datagram more may follow (RFC 8656 section
/// 12.5).
pub(crate) fn channel_data(packet: &[u8]) -> Option<(u16, &[u8])> {
    let (header, rest) = packet.split_at_checked(CHANNEL_HEADER)?;
    let number = u16::from_be_bytes([header[0], header[1]]);
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if !CHANNELS.contains(&number) {
        return None;
    }
    Some((number, rest.get(..length)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use alloc::vec::Vec;
    use stun_types::message::{Message, MessageClass};
    use turn_types::attribute::Data;
    use turn_types::channel::ChannelData;

    fn bytes(frame: &Frame<'_>) -> Vec<u8> {
        let bytes = frame.parts().concat();
        assert_eq!(bytes.len(), frame.length());
        bytes
    }

    #[test]
    fn a_data_indication_is_what_a_client_expects() {
        for peer in ["192.0.2.1:7", "[2001:db8::1]:65535"] {
            for length in 0..9 {
                let peer: SocketAddr = peer.parse().unwrap();
                let data = &b"12345678"[..length];
                let packet = bytes(&Frame::indication(77, peer, data).unwrap());
                assert_eq!(frame_length(&packet), Ok(Some(packet.len())));
                let message = Message::from_bytes(&packet).unwrap();
                assert!(message.has_class(MessageClass::Indication));
                assert!(message.has_method(turn_types::message::DATA));
                let id = message.transaction_id();
                assert_eq!(id, 77.into());
                let from = message.attribute::<XorPeerAddress>().unwrap().addr(id);
                assert_eq!(from, peer);
                assert_eq!(message.attribute::<Data<'_>>().unwrap().data(), data);
            }
        }
    }

    #[test]
    fn channel_data_is_padded_in_a_stream_only() {
        for length in 0..9 {
            let data = &b"12345678"[..length];
            let packet = bytes(&Frame::channel(0x4001, data, false).unwrap());
            assert_eq!(packet.len(), 4 + length);
            assert_eq!(channel_data(&packet), Some((0x4001, data)));
            assert_eq!(ChannelData::parse(&packet).unwrap().data(), data);
            let padded = bytes(&Frame::channel(0x4001, data, true).unwrap());
            assert_eq!(padded.len() % 4, 0);
            assert_eq!(frame_length(&padded), Ok(Some(padded.len())));
            assert_eq!(channel_data(&padded), Some((0x4001, data)));
        }
    }

    #[test]
    fn what_is_too_long_for_a_message_has_no_frame() {
        let data = [0; 65_536];
        assert!(Frame::channel(0x4000, &data, true).is_none());
        assert!(Frame::indication(0, "192.0.2.1:7".parse().unwrap(), &data[..65_530]).is_none());
    }

    #[test]
    fn a_stream_is_told_from_other_protocols_early() {
        assert_eq!(frame_length(b""), Ok(None));
        assert_eq!(frame_length(&[0, 1, 0]), Ok(None));
        assert_eq!(frame_length(&[0, 1, 0, 8, 0x21, 0x12]), Ok(Some(28)));
        assert_eq!(frame_length(&[0, 1, 0, 7]), Err(NoMessage));
        assert_eq!(frame_length(&[0, 1, 0, 8, 0x20]), Err(NoMessage));
        assert_eq!(frame_length(&[0x80]), Err(NoMessage));
        assert_eq!(frame_length(&[0x40, 0, 0, 5]), Ok(Some(12)));
        assert_eq!(frame_length(b"GET / HTTP/1.1"), Ok(Some(4 + 0x5420)));
    }

    #[test]
    fn cut_channel_data_is_none() {
        assert_eq!(channel_data(&[0x40, 0, 0]), None);
        assert_eq!(channel_data(&[0x40, 0, 0, 2, 1]), None);
        assert_eq!(channel_data(&[0x80, 0, 0, 0]), None);
        assert_eq!(
            channel_data(&[0x40, 0, 0, 1, 1, 9]),
            Some((0x4000, &[1][..]))
        );
    }
}

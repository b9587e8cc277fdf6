//! One way that packets take: from a client through the relay, and what has come of them.

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::message::{
    Message, MessageClass, MessageType, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use stun_types::prelude::*;
use turn_types::attribute::{Data, XorPeerAddress};
use turn_types::message::{DATA, SEND};

use crate::book::Book;
use crate::error::LoadError;
use crate::turn::client::CHANNEL;
use crate::turn::plan::Method;

/// The sender's and the receiver's account of one way.
#[derive(Debug)]
pub(super) struct Way {
    /// What comes before each packet.
    pub(super) head: Vec<u8>,
    /// Zeros that come after it.
    pub(super) padding: usize,
    pub(super) sent: u64,
    /// Packets of which nothing was heard yet.
    pub(super) in_flight: usize,
    /// When a packet last arrived, or the others were given up.
    pub(super) heard: Duration,
    pub(super) book: Book,
}

impl Way {
    pub(super) fn new(method: Method, peer: SocketAddr, size: usize) -> Result<Self, LoadError> {
        let padding = match method {
            Method::Channels | Method::Bare => 0,
            Method::Indications => size.wrapping_neg() % 4,
        };
        let head = match method {
            Method::Bare => Vec::new(),
            Method::Channels => {
                let length = size as u16;
                [CHANNEL.to_be_bytes(), length.to_be_bytes()].concat()
            }
            Method::Indications => {
                let request = "an indication";
                let mut message = indication(peer, size).ok_or(LoadError::Answer { request })?;
                message.truncate(message.len() - size - padding);
                message
            }
        };
        Ok(Self {
            head,
            padding,
            sent: 0,
            in_flight: 0,
            heard: Duration::ZERO,
            book: Book::default(),
        })
    }
}

/// A Send indication with so many bytes of data.
fn indication(peer: SocketAddr, size: usize) -> Option<Vec<u8>> {
    let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
    let mut message = Message::builder(kind, 1.into(), MessageWriteVec::new());
    message
        .add_attribute(&XorPeerAddress::new(peer, 1.into()))
        .ok()?;
    message.add_attribute(&Data::new(&vec![0; size])).ok()?;
    Some(message.finish())
}

/// The packet in a message from the relay.
pub(super) fn packet(method: Method, message: &[u8]) -> Option<&[u8]> {
    if method == Method::Bare {
        return Some(message);
    }
    if message.first()? & 0xc0 == 0x40 {
        let (head, rest) = message.split_at_checked(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        return rest.get(..length);
    }
    let parsed = Message::from_bytes(message).ok()?;
    if !parsed.has_class(MessageClass::Indication) || !parsed.has_method(DATA) {
        return None;
    }
    let (offset, data) = parsed.raw_attribute_and_offset(Data::TYPE)?;
    let begin = offset + 4;
    message.get(begin..begin + usize::from(data.header.length()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Way, packet};
    use crate::turn::plan::Method;

    #[test]
    fn a_packet_comes_out_of_its_message() {
        let peer = "192.0.2.1:9".parse().unwrap();
        let relayed = Method::Channels;
        for size in [24, 25, 1000] {
            let data = vec![7; size];
            let way = Way::new(Method::Channels, peer, size).unwrap();
            let message = [way.head, data.clone()].concat();
            assert_eq!(packet(relayed, &message), Some(&data[..]));
            let way = Way::new(Method::Indications, peer, size).unwrap();
            let mut message = [way.head, data.clone(), vec![0; way.padding]].concat();
            assert_eq!(
                packet(relayed, &message),
                None,
                "what is sent is no Data indication"
            );
            // Send and Data differ in their last bit.
            message[1] ^= 1;
            assert_eq!(packet(relayed, &message), Some(&data[..]));
        }
        assert_eq!(packet(relayed, &[0x40, 0, 0, 9, 1]), None);
        assert_eq!(packet(relayed, &[]), None);
    }
}

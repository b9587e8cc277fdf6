//! The STUN Binding method (RFC 8489 sections 6.3 and 12): a packet in, at
//! most one packet out.
//!
//! Without authentication, as for any public STUN server. Integrity
//! attributes of a request are passed over.

use std::net::SocketAddr;

use stun_types::attribute::{
    Attribute, AttributeStaticType, AttributeType, ErrorCode, Fingerprint, MessageIntegrity,
    MessageIntegritySha256, Nonce, PasswordAlgorithm, Realm, UnknownAttributes, Userhash, Username,
    XorMappedAddress,
};
use stun_types::message::{
    BINDING, Message, MessageClass, MessageHeader, MessageWrite, MessageWriteExt, MessageWriteVec,
    StunWriteError,
};

/// Attributes that a Binding request may have and that are understood.
const UNDERSTOOD: [AttributeType; 7] = [
    Username::TYPE,
    MessageIntegrity::TYPE,
    MessageIntegritySha256::TYPE,
    Realm::TYPE,
    Nonce::TYPE,
    PasswordAlgorithm::TYPE,
    Userhash::TYPE,
];

/// The answer to a packet; `None` for everything that deserves none.
pub(super) fn respond(packet: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    // The parser warns about every malformed packet; a stranger could fill
    // the log with that.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
        let request = parse(packet)?;
        answer(&request, from).ok()
    })
}

/// A well-formed Binding request that fills its packet.
fn parse(packet: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(packet).ok()?;
    let length = MessageHeader::LENGTH + usize::from(header.data_length());
    let wanted =
        header.get_type().has_class(MessageClass::Request) && header.get_type().has_method(BINDING);
    if !wanted || length != packet.len() || length % 4 != 0 {
        return None;
    }
    Message::from_bytes(packet).ok()
}

fn answer(request: &Message<'_>, from: SocketAddr) -> Result<Vec<u8>, StunWriteError> {
    let mut unknown: Vec<AttributeType> = request
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|kind| kind.comprehension_required() && !UNDERSTOOD.contains(kind))
        .collect();
    unknown.sort_unstable_by_key(|kind| kind.value());
    unknown.dedup();
    let mut response;
    if unknown.is_empty() {
        response = Message::builder_success(request, MessageWriteVec::new());
        response.add_attribute(&XorMappedAddress::new(from, request.transaction_id()))?;
    } else {
        response = Message::builder_error(request, MessageWriteVec::new());
        response.add_attribute(&ErrorCode::new(ErrorCode::UNKNOWN_ATTRIBUTE, "Unknown")?)?;
        response.add_attribute(&UnknownAttributes::new(&unknown))?;
    }
    if request.has_attribute(Fingerprint::TYPE) {
        response.add_fingerprint()?;
    }
    Ok(response.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use stun_types::attribute::Software;

    fn from() -> SocketAddr {
        "192.0.2.7:4321".parse().unwrap()
    }

    fn request(write: impl FnOnce(&mut MessageWriteVec)) -> Vec<u8> {
        let mut message = Message::builder_request(BINDING, MessageWriteVec::new());
        write(&mut message);
        message.finish()
    }

    #[test]
    fn the_sender_learns_its_address() {
        for address in ["192.0.2.7:4321", "[2001:db8::7]:9"] {
            let address: SocketAddr = address.parse().unwrap();
            let packet = request(|_| {});
            let response = respond(&packet, address).unwrap();
            let response = Message::from_bytes(&response).unwrap();
            assert!(response.has_class(MessageClass::Success));
            let asked = Message::from_bytes(&packet).unwrap().transaction_id();
            assert_eq!(response.transaction_id(), asked);
            let mapped = response.attribute::<XorMappedAddress>().unwrap();
            assert_eq!(mapped.addr(asked), address);
            assert!(response.as_bytes().len() <= 44);
        }
    }

    #[test]
    fn a_fingerprint_is_answered_with_one() {
        let packet = request(|message| message.add_fingerprint().unwrap());
        let response = respond(&packet, from()).unwrap();
        assert!(
            Message::from_bytes(&response)
                .unwrap()
                .has_attribute(Fingerprint::TYPE)
        );
        let mut broken = packet;
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(respond(&broken, from()), None);
    }

    #[test]
    fn unknown_attributes_that_matter_are_named() {
        // CHANGE-REQUEST (RFC 5780), which this server does not have.
        let mut packet = request(|message| {
            message
                .add_attribute(&Software::new("test").unwrap())
                .unwrap();
        });
        packet.extend([0x00, 0x03, 0x00, 0x04, 0, 0, 0, 6]);
        packet[3] += 8;
        let response = respond(&packet, from()).unwrap();
        let response = Message::from_bytes(&response).unwrap();
        assert_eq!(response.attribute::<ErrorCode>().unwrap().code(), 420);
        let unknown = response.attribute::<UnknownAttributes>().unwrap();
        assert!(unknown.has_attribute(AttributeType::new(3)));
        assert!(!unknown.has_attribute(Software::TYPE));
    }

    #[test]
    fn everything_else_is_dropped() {
        let packet = request(|message| message.add_fingerprint().unwrap());
        for length in 0..packet.len() {
            assert_eq!(respond(&packet[..length], from()), None, "{length}");
        }
        let mut longer = packet.clone();
        longer.extend([0; 4]);
        assert_eq!(respond(&longer, from()), None);
        for class in [0x0111, 0x0101, 0x0011, 0x0003_u16] {
            let mut other = request(|_| {});
            other[..2].copy_from_slice(&class.to_be_bytes());
            assert_eq!(respond(&other, from()), None, "{class:#06x}");
        }
        let mut cookie = packet;
        cookie[4] ^= 0xff;
        assert_eq!(respond(&cookie, from()), None);
    }
}

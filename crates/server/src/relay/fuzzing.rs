//! Any packet on the STUN port.

use std::net::SocketAddr;

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{Message, MessageClass};

use super::binding;

/// The most that an answer is longer than its request: an IPv6 address.
const MAX_GROWTH: usize = 24;

/// An answer belongs to its request, tells the sender's address or an error,
/// and is of no use to amplify with.
///
/// # Panics
/// When that does not hold.
pub fn stun(packet: &[u8]) {
    for from in ["192.0.2.7:4321", "[2001:db8::7]:4321"] {
        let from: SocketAddr = from.parse().expect("an address");
        let Some(answer) = binding::respond(packet, from) else {
            continue;
        };
        assert!(answer.len() <= packet.len() + MAX_GROWTH);
        let request = Message::from_bytes(packet).expect("only STUN is answered");
        let id = request.transaction_id();
        let answer = Message::from_bytes(&answer).expect("an answer is STUN");
        assert_eq!(answer.transaction_id(), id);
        let mapped = answer.attribute::<XorMappedAddress>();
        match mapped {
            Ok(mapped) => assert_eq!(mapped.addr(id), from),
            Err(_) => assert!(answer.has_class(MessageClass::Error)),
        }
    }
}

//! The parsers that strangers can reach, for fuzzers.

use std::net::{Ipv4Addr, SocketAddr};

/// The answer to a packet on the STUN port.
pub fn stun(packet: &[u8]) -> Option<Vec<u8>> {
    crate::relay::respond(packet, SocketAddr::from((Ipv4Addr::LOCALHOST, 3478)))
}

/// Reads a request body and checks its signature.
pub fn rest_body(content_type: &[u8], body: &[u8]) {
    crate::account::read_body(content_type, body);
}

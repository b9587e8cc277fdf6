//! A STUN server, well-behaved or not (RFC 8489).

use std::net::SocketAddr;

use stun_types::attribute::{ErrorCode, XorMappedAddress};
use stun_types::message::{Message, MessageWrite, MessageWriteExt, MessageWriteVec};

/// What a server does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StunServer {
    /// Says what it sees.
    Answers,
    /// Says nothing.
    Silent,
    /// Answers with an error.
    Refuses,
    /// Answers without an address.
    LeavesTheAddressOut,
    /// Answers with bytes that are no message.
    TalksNonsense,
}

impl StunServer {
    pub(crate) fn reply(self, request: &[u8], seen: SocketAddr) -> Option<Vec<u8>> {
        let request = Message::from_bytes(request).expect("the request is a STUN message");
        let id = request.transaction_id();
        let success = || Message::builder_success(&request, MessageWriteVec::new());
        match self {
            Self::Answers => {
                let mut response = success();
                response
                    .add_attribute(&XorMappedAddress::new(seen, id))
                    .unwrap();
                response.add_fingerprint().unwrap();
                Some(response.finish())
            }
            Self::Silent => None,
            Self::Refuses => {
                let mut response = Message::builder_error(&request, MessageWriteVec::new());
                response
                    .add_attribute(&ErrorCode::new(400, "Bad Request").unwrap())
                    .unwrap();
                Some(response.finish())
            }
            Self::LeavesTheAddressOut => Some(success().finish()),
            Self::TalksNonsense => {
                let mut bytes = success().finish();
                bytes.extend([0xFF; 3]);
                Some(bytes)
            }
        }
    }
}

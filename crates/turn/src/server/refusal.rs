//! Why a request is not granted, and the answer to that.

use alloc::string::String;
use alloc::vec::Vec;

use stun_types::attribute::{AttributeType, ErrorCode, Nonce, Realm, UnknownAttributes};
use stun_types::message::{
    Message, MessageClass, MessageType, MessageWriteExt, MessageWriteVec, StunParseError,
    StunWriteError,
};

use crate::server::request::Asked;

/// The error codes of RFC 8489 section 14.8 and RFC 8656 section 19 that this relay uses. All are
/// for the client to act on, [`Refusal::Capacity`] also for the operator.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// 400: the request is malformed.
    BadRequest,
    /// 401: no credentials, or wrong ones. With a nonce to try again.
    Unauthorized(Challenge),
    /// 403: the peer must not be reached.
    Forbidden,
    /// 420: these attributes would have to be understood.
    UnknownAttributes(Vec<AttributeType>),
    /// 437: there is no allocation where one is needed, or one where none may be.
    AllocationMismatch,
    /// 438: the nonce is over. With another one.
    StaleNonce(Challenge),
    /// 440: no address of that family.
    FamilyNotSupported,
    /// 441: the allocation belongs to another user.
    WrongCredentials,
    /// 442: only UDP is relayed.
    TransportNotSupported,
    /// 443: the peer's address is of another family than the allocation's.
    PeerFamilyMismatch,
    /// 486: the user has enough already.
    QuotaReached,
    /// 508: no port, or no room, is left.
    Capacity,
}

/// What the client needs to try again.
#[derive(Debug)]
pub(crate) struct Challenge {
    pub(crate) realm: String,
    pub(crate) nonce: String,
}

impl Refusal {
    pub(crate) const fn code(&self) -> u16 {
        match self {
            Self::BadRequest => ErrorCode::BAD_REQUEST,
            Self::Unauthorized(_) => ErrorCode::UNAUTHORIZED,
            Self::Forbidden => ErrorCode::FORBIDDEN,
            Self::UnknownAttributes(_) => ErrorCode::UNKNOWN_ATTRIBUTE,
            Self::AllocationMismatch => ErrorCode::ALLOCATION_MISMATCH,
            Self::StaleNonce(_) => ErrorCode::STALE_NONCE,
            Self::FamilyNotSupported => ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED,
            Self::WrongCredentials => ErrorCode::WRONG_CREDENTIALS,
            Self::TransportNotSupported => ErrorCode::UNSUPPORTED_TRANSPORT_PROTOCOL,
            Self::PeerFamilyMismatch => ErrorCode::PEER_ADDRESS_FAMILY_MISMATCH,
            Self::QuotaReached => ErrorCode::ALLOCATION_QUOTA_REACHED,
            Self::Capacity => ErrorCode::INSUFFICIENT_CAPACITY,
        }
    }

    /// For people who read recordings; short, because strangers get it too.
    const fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Unauthorized(_) => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::UnknownAttributes(_) => "Unknown Attribute",
            Self::AllocationMismatch => "Allocation Mismatch",
            Self::StaleNonce(_) => "Stale Nonce",
            Self::FamilyNotSupported => "Address Family not Supported",
            Self::WrongCredentials => "Wrong Credentials",
            Self::TransportNotSupported => "Unsupported Transport Protocol",
            Self::PeerFamilyMismatch => "Peer Address Family Mismatch",
            Self::QuotaReached => "Allocation Quota Reached",
            Self::Capacity => "Insufficient Capacity",
        }
    }

    pub(crate) fn write(&self, asked: &Asked) -> Result<MessageWriteVec, StunWriteError> {
        let kind = MessageType::from_class_method(MessageClass::Error, asked.method);
        let mut reply = Message::builder(kind, asked.transaction, MessageWriteVec::new());
        reply.add_attribute(&ErrorCode::new(self.code(), self.reason())?)?;
        match self {
            Self::Unauthorized(challenge) | Self::StaleNonce(challenge) => {
                reply.add_attribute(&Realm::new(&challenge.realm)?)?;
                reply.add_attribute(&Nonce::new(&challenge.nonce)?)?;
            }
            Self::UnknownAttributes(attributes) => {
                reply.add_attribute(&UnknownAttributes::new(attributes))?;
            }
            _ => {}
        }
        Ok(reply)
    }
}

/// An attribute that is missing or malformed.
impl From<StunParseError> for Refusal {
    fn from(_: StunParseError) -> Self {
        Self::BadRequest
    }
}

//! What the server answers, and whether it is the server who does.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use stun_types::attribute::{
    AlternateServer, Attribute, AttributeFromRaw, AttributeStaticType, ErrorCode, XorMappedAddress,
};
use stun_types::message::{IntegrityKey, Message, MessageClass};
use turn_types::attribute::{Lifetime, XorRelayedAddress};

use super::Failure;
use super::authentication::Challenge;

/// Longer lives are not believed: the client would forget its allocation over them.
const LONGEST_LIFE: Duration = Duration::from_secs(3600);
/// RFC 8656 section 3.2: what a server gives that does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(600);

/// An answer that can be believed.
pub(super) enum Reply {
    Success,
    Challenge(u16, Challenge),
    Error(Failure, u16),
}

/// Reads an answer; `None` when it may be from somebody else. A success has to be sealed if its
/// request was, and so has a redirection: refusals come without where the server does not know
/// the user.
pub(super) fn read(answer: &Message<'_>, key: Option<&IntegrityKey>) -> Option<Reply> {
    let sealed = || key.is_none_or(|key| answer.validate_integrity_with_key(key).is_ok());
    if answer.has_class(MessageClass::Success) {
        return sealed().then_some(Reply::Success);
    }
    if !answer.has_class(MessageClass::Error) {
        return None;
    }
    let code = answer.attribute::<ErrorCode>().map_or(0, |e| e.code());
    let failure = match code {
        ErrorCode::TRY_ALTERNATE => {
            if !sealed() {
                return None;
            }
            let server = answer.attribute::<AlternateServer>();
            server.map_or(Failure::Refused(code), |server| {
                Failure::Alternate(server.server())
            })
        }
        ErrorCode::UNAUTHORIZED | ErrorCode::STALE_NONCE => match Challenge::of(answer) {
            Some(challenge) => return Some(Reply::Challenge(code, challenge)),
            None => Failure::Credentials,
        },
        ErrorCode::WRONG_CREDENTIALS => Failure::Credentials,
        ErrorCode::FORBIDDEN => Failure::Forbidden,
        ErrorCode::ALLOCATION_MISMATCH => Failure::Lost,
        ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED => Failure::Family,
        ErrorCode::ALLOCATION_QUOTA_REACHED => Failure::Quota,
        ErrorCode::INSUFFICIENT_CAPACITY => Failure::Capacity,
        code => Failure::Refused(code),
    };
    Some(Reply::Error(failure, code))
}

/// How long the allocation lives.
pub(super) fn lifetime(answer: &Message<'_>) -> Duration {
    let lifetime = answer.attribute::<Lifetime>();
    lifetime.map_or(DEFAULT_LIFE, |lifetime| {
        Duration::from_secs(lifetime.seconds().into()).min(LONGEST_LIFE)
    })
}

/// The relayed addresses; one of each family at most.
pub(super) fn relayed(answer: &Message<'_>) -> Vec<SocketAddr> {
    let mut found: Vec<SocketAddr> = Vec::new();
    for (_, raw) in answer.iter_attributes() {
        if raw.get_type() == XorRelayedAddress::TYPE
            && let Ok(address) = XorRelayedAddress::from_raw_ref(&raw)
        {
            let address = address.addr(answer.transaction_id());
            if !found
                .iter()
                .any(|known| super::same_family(known.ip(), address.ip()))
            {
                found.push(address);
            }
        }
    }
    found
}

/// Where the server sees us.
pub(super) fn mapped(answer: &Message<'_>) -> Option<SocketAddr> {
    let mapped = answer.attribute::<XorMappedAddress>().ok()?;
    Some(mapped.addr(answer.transaction_id()))
}

//! Requests as far as all of them are alike: reading, checking, answering.

use alloc::vec::Vec;

use stun_types::attribute::{
    Attribute, AttributeFromRaw, AttributeStaticType, AttributeType, Fingerprint, MessageIntegrity,
    MessageIntegritySha256, Nonce, Realm, Username,
};
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageHeader, MessageType,
    MessageWrite, MessageWriteExt, MessageWriteVec, Method, StunWriteError, TransactionId,
};

use crate::server::client::Client;
use crate::server::refusal::Refusal;

/// What an answer needs to know of its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) client: Client,
    pub(crate) method: Method,
    pub(crate) transaction: TransactionId,
    /// A request with FINGERPRINT is answered with one.
    pub(crate) fingerprint: bool,
}

impl Asked {
    pub(crate) fn new(client: Client, request: &Message<'_>) -> Self {
        Self {
            client,
            method: request.method(),
            transaction: request.transaction_id(),
            fingerprint: request.has_attribute(Fingerprint::TYPE),
        }
    }

    /// An answer that grants what was asked, to be filled in.
    pub(crate) fn success(&self) -> MessageWriteVec {
        let kind = MessageType::from_class_method(MessageClass::Success, self.method);
        Message::builder(kind, self.transaction, MessageWriteVec::new())
    }

    /// Seals an answer with the client's key, if it is known.
    pub(crate) fn finish(
        &self,
        mut reply: MessageWriteVec,
        key: Option<&IntegrityKey>,
    ) -> Result<Vec<u8>, StunWriteError> {
        if let Some(key) = key {
            reply.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)?;
        }
        if self.fingerprint {
            reply.add_fingerprint()?;
        }
        Ok(reply.finish())
    }
}

/// A STUN message that fills its packet (RFC 8489 section 6.3).
pub(crate) fn parse(packet: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(packet).ok()?;
    let length = MessageHeader::LENGTH + usize::from(header.data_length());
    if length != packet.len() || !length.is_multiple_of(4) {
        return None;
    }
    Message::from_bytes(packet).ok()
}

/// Attributes that would have to be understood and are not, in ascending order. Those of
/// authentication always are.
pub(crate) fn unknown(message: &Message<'_>, known: &[AttributeType]) -> Vec<AttributeType> {
    const OF_AUTHENTICATION: [AttributeType; 5] = [
        Username::TYPE,
        Realm::TYPE,
        Nonce::TYPE,
        MessageIntegrity::TYPE,
        MessageIntegritySha256::TYPE,
    ];
    let mut unknown: Vec<AttributeType> = message
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|kind| kind.comprehension_required())
        .filter(|kind| !OF_AUTHENTICATION.contains(kind) && !known.contains(kind))
        .collect();
    unknown.sort_unstable_by_key(AttributeType::value);
    unknown.dedup();
    unknown
}

/// Succeeds if every attribute that has to be understood is.
pub(crate) fn check_known(message: &Message<'_>, known: &[AttributeType]) -> Result<(), Refusal> {
    let unknown = unknown(message, known);
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Refusal::UnknownAttributes(unknown))
    }
}

/// An attribute that may be missing, but not malformed.
pub(crate) fn optional<'a, A>(message: &'a Message<'a>) -> Result<Option<A>, Refusal>
where
    A: AttributeFromRaw<'a> + AttributeStaticType,
{
    match message.raw_attribute(A::TYPE) {
        None => Ok(None),
        Some(raw) => Ok(Some(A::from_raw(raw)?)),
    }
}

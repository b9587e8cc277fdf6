//! The STUN Binding method (RFC 8489 sections 6.3 and 12): the client's address as seen from here.
//!
//! Without authentication, as for any public STUN server. Integrity attributes of a request are
//! passed over. The answer is hardly longer than the request, so that it is of no use against
//! others.

use alloc::vec::Vec;

use stun_types::attribute::{
    AttributeStaticType, AttributeType, PasswordAlgorithm, Userhash, XorMappedAddress,
};
use stun_types::message::{Message, MessageWriteExt, StunWriteError};

use crate::server::refusal::Refusal;
use crate::server::request::{Asked, check_known};

const KNOWN: [AttributeType; 2] = [PasswordAlgorithm::TYPE, Userhash::TYPE];

/// The answer to a Binding request.
pub(crate) fn answer(request: &Message<'_>, asked: &Asked) -> Result<Vec<u8>, StunWriteError> {
    let reply = match check_known(request, &KNOWN) {
        Ok(()) => {
            let mut reply = asked.success();
            let address = asked.client.address;
            reply.add_attribute(&XorMappedAddress::new(address, asked.transaction))?;
            reply
        }
        Err(refusal) => Refusal::write(&refusal, asked)?,
    };
    asked.finish(reply, None)
}

//! The ChannelBind method (RFC 8656 section 12.2).

use core::time::Duration;

use stun_types::attribute::{AttributeStaticType, AttributeType};
use stun_types::message::Message;
use turn_types::attribute::{ChannelNumber, XorPeerAddress};

use crate::frame::CHANNELS;
use crate::server::refusal::Refusal;
use crate::server::relay::{Answer, Relay};
use crate::server::request::Asked;

pub(crate) const KNOWN: [AttributeType; 2] = [ChannelNumber::TYPE, XorPeerAddress::TYPE];

impl Relay {
    pub(crate) fn bind_channel(
        &mut self,
        now: Duration,
        index: usize,
        asked: &Asked,
        request: &Message<'_>,
    ) -> Result<Answer, Refusal> {
        let number = request.attribute::<ChannelNumber>()?.channel();
        let peer = request
            .attribute::<XorPeerAddress>()?
            .addr(asked.transaction);
        let peers = &self.allocations[index].peers;
        if !CHANNELS.contains(&number) || !peers.can_bind(number, peer, now) {
            return Err(Refusal::BadRequest);
        }
        self.check_peer(index, peer)?;
        let limits = &self.config.limits;
        let limits = (limits.channels, limits.permissions);
        self.allocations[index]
            .peers
            .bind(number, peer, limits, now)
            .map_err(|_| Refusal::Capacity)?;
        Ok(Ok(asked.success()))
    }
}

//! The CreatePermission method (RFC 8656 section 10).

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use stun_types::attribute::{AttributeFromRaw, AttributeStaticType, AttributeType};
use stun_types::message::Message;
use turn_types::attribute::XorPeerAddress;

use crate::server::output::Family;
use crate::server::refusal::Refusal;
use crate::server::relay::{Answer, Relay};
use crate::server::request::Asked;

pub(crate) const KNOWN: [AttributeType; 1] = [XorPeerAddress::TYPE];

impl Relay {
    pub(crate) fn create_permission(
        &mut self,
        now: Duration,
        index: usize,
        asked: &Asked,
        request: &Message<'_>,
    ) -> Result<Answer, Refusal> {
        let mut peers: Vec<IpAddr> = Vec::new();
        for (_, raw) in request.iter_attributes() {
            if raw.header.get_type() == XorPeerAddress::TYPE {
                let peer = XorPeerAddress::from_raw_ref(&raw)?.addr(asked.transaction);
                self.check_peer(index, peer)?;
                peers.push(peer.ip());
            }
        }
        if peers.is_empty() {
            return Err(Refusal::BadRequest);
        }
        peers.sort_unstable();
        peers.dedup();
        let limit = self.config.limits.permissions;
        self.allocations[index]
            .peers
            .permit(&peers, limit, now)
            .map_err(|_| Refusal::Capacity)?;
        Ok(Ok(asked.success()))
    }

    /// Succeeds if this allocation may reach the peer.
    pub(crate) fn check_peer(&self, index: usize, peer: SocketAddr) -> Result<(), Refusal> {
        if !self
            .policy
            .allows(peer, |peer| self.by_address.contains_key(peer))
        {
            return Err(Refusal::Forbidden);
        }
        match self.allocations[index].relayed(Family::of(&peer)) {
            Some(_) => Ok(()),
            None => Err(Refusal::PeerFamilyMismatch),
        }
    }
}

//! Relayed data: Send and Data indications (RFC 8656 section 11), channel data (section 12).
//!
//! The way that every packet of a call takes: a few look-ups, no memory, no copy. What may not
//! pass is dropped without a word.

use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;

use stun_types::attribute::{AttributeStaticType, AttributeType};
use stun_types::message::Message;
use turn_types::attribute::{Data, XorPeerAddress};

use crate::frame::{Frame, channel_data};
use crate::server::client::Client;
use crate::server::output::{Family, Output, RelayId};
use crate::server::relay::{Relay, Socket};
use crate::server::request::unknown;

/// What a Send indication may have. One with DONT-FRAGMENT is dropped (RFC 8656 section 11.2).
const KNOWN: [AttributeType; 2] = [XorPeerAddress::TYPE, Data::TYPE];

impl Relay {
    pub(crate) fn channel_packet<'d>(
        &mut self,
        now: Duration,
        from: Client,
        packet: &'d [u8],
    ) -> Option<Output<'d>> {
        let way = self.by_client.get(&from).and_then(|&index| {
            let (number, data) = channel_data(packet)?;
            let peers = &self.allocations[index].peers;
            let peer = peers.peer(number, now)?;
            peers.permits(peer.ip(), now).then_some((index, peer, data))
        });
        let Some((index, peer, data)) = way else {
            self.counters.unwanted += 1;
            return None;
        };
        self.pass_to_peer(now, index, peer, data)
    }

    pub(crate) fn send_indication<'d>(
        &mut self,
        now: Duration,
        from: Client,
        message: &Message<'_>,
        packet: &'d [u8],
    ) -> Option<Output<'d>> {
        let way = self.by_client.get(&from).and_then(|&index| {
            let (peer, data) = peer_and_data(message)?;
            let permitted = self.allocations[index].peers.permits(peer.ip(), now);
            (permitted && peer.port() != 0).then_some((index, peer, data))
        });
        let Some((index, peer, data)) = way else {
            self.counters.unwanted += 1;
            return None;
        };
        self.pass_to_peer(now, index, peer, packet.get(data)?)
    }

    fn pass_to_peer<'d>(
        &mut self,
        now: Duration,
        index: usize,
        peer: SocketAddr,
        data: &'d [u8],
    ) -> Option<Output<'d>> {
        let allocation = &self.allocations[index];
        let Some(own) = allocation.relayed(Family::of(&peer)) else {
            self.counters.unwanted += 1;
            return None;
        };
        if !self.users.spend(allocation.user, data.len(), now) {
            self.counters.over_bandwidth += 1;
            return None;
        }
        if self.policy.is_relay(peer.ip()) {
            if let Some(&other) = self.by_address.get(&peer) {
                self.count_to_peer(data);
                self.counters.handed_over += 1;
                return self.pass_to_client(now, other, own.address, data);
            }
            // The allocation that was there when the peer was permitted may have ended.
            if !self.policy.allows(peer, |_| false) {
                self.counters.unwanted += 1;
                return None;
            }
        }
        self.count_to_peer(data);
        Some(Output::ToPeer {
            from: own.id,
            to: peer,
            data,
        })
    }

    pub(crate) fn peer_packet<'d>(
        &mut self,
        now: Duration,
        at: RelayId,
        from: SocketAddr,
        data: &'d [u8],
    ) -> Option<Output<'d>> {
        self.pass_to_client(now, at, from, data)
    }

    fn pass_to_client<'d>(
        &mut self,
        now: Duration,
        at: RelayId,
        from: SocketAddr,
        data: &'d [u8],
    ) -> Option<Output<'d>> {
        let Some(Socket::Allocated(index)) = self.sockets.get(at.index()).copied() else {
            self.counters.unwanted += 1;
            return None;
        };
        let allocation = &self.allocations[index];
        if !allocation.peers.permits(from.ip(), now) {
            self.counters.unwanted += 1;
            return None;
        }
        if !self.users.spend(allocation.user, data.len(), now) {
            self.counters.over_bandwidth += 1;
            return None;
        }
        let to = allocation.client;
        let frame = match allocation.peers.number(&from, now) {
            Some(number) => Frame::channel(number, data, to.path.is_stream()),
            None => {
                self.indications += 1;
                Frame::indication(self.indications.into(), from, data)
            }
        };
        self.counters.packets_to_clients += 1;
        self.counters.bytes_to_clients += data.len() as u64;
        Some(Output::ToClient { to, frame: frame? })
    }

    const fn count_to_peer(&mut self, data: &[u8]) {
        self.counters.packets_to_peers += 1;
        self.counters.bytes_to_peers += data.len() as u64;
    }
}

/// The peer of a Send indication, and where in the packet the data are.
fn peer_and_data(message: &Message<'_>) -> Option<(SocketAddr, Range<usize>)> {
    if !unknown(message, &KNOWN).is_empty() {
        return None;
    }
    let peer = message.attribute::<XorPeerAddress>().ok()?;
    let (offset, data) = message.raw_attribute_and_offset(Data::TYPE)?;
    let begin = offset + 4;
    Some((
        peer.addr(message.transaction_id()),
        begin..begin + usize::from(data.header.length()),
    ))
}

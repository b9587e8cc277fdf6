//! One allocation: a client's relayed addresses, and whom it talks to through them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use stun_types::message::{IntegrityKey, TransactionId};

use crate::server::client::Client;
use crate::server::output::{Family, RelayId};
use crate::server::user::UserId;

/// How long a peer may send (RFC 8656 section 9).
const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
/// How long a channel is bound (RFC 8656 section 12).
const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);

/// A relayed transport address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relayed {
    pub(crate) id: RelayId,
    pub(crate) address: SocketAddr,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) client: Client,
    pub(crate) user: UserId,
    pub(crate) username: Box<str>,
    pub(crate) key: IntegrityKey,
    /// Of the request that made it: the same again is answered the same way.
    pub(crate) transaction: TransactionId,
    /// One of each family at most, and one at all at least.
    pub(crate) relayed: [Option<Relayed>; 2],
    /// The token of the port that was reserved with it.
    pub(crate) token: Option<u64>,
    /// A family was asked for in addition, and could not be had.
    pub(crate) refused: Option<Family>,
    pub(crate) expires: Duration,
    pub(crate) peers: Peers,
}

impl Allocation {
    pub(crate) fn relayed(&self, family: Family) -> Option<Relayed> {
        self.relayed
            .into_iter()
            .flatten()
            .find(|relayed| Family::of(&relayed.address) == family)
    }
}

/// Permissions and channels. What has expired counts for nothing, and makes room when it is needed.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    permissions: BTreeMap<IpAddr, Duration>,
    channels: BTreeMap<u16, Channel>,
    numbers: BTreeMap<SocketAddr, u16>,
}

#[derive(Debug)]
struct Channel {
    peer: SocketAddr,
    expires: Duration,
}

/// The allocation has as many as it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Peers {
    /// Whether data may come from `peer`, and go to it. A channel is no permission: that is renewed
    /// twice as often.
    pub(crate) fn permits(&self, peer: IpAddr, now: Duration) -> bool {
        self.permissions.get(&peer).is_some_and(|end| now < *end)
    }

    /// Makes or renews permissions, all or none.
    pub(crate) fn permit(
        &mut self,
        peers: &[IpAddr],
        limit: usize,
        now: Duration,
    ) -> Result<(), Full> {
        let known = &self.permissions;
        let new = peers.iter().filter(|peer| !known.contains_key(*peer));
        if known.len() + new.count() > limit {
            self.permissions.retain(|_, end| now < *end);
            let known = &self.permissions;
            let new = peers.iter().filter(|peer| !known.contains_key(*peer));
            if known.len() + new.count() > limit {
                return Err(Full);
            }
        }
        for peer in peers {
            self.permissions.insert(*peer, now + PERMISSION_LIFETIME);
        }
        Ok(())
    }

    /// The peer of a channel.
    pub(crate) fn peer(&self, number: u16, now: Duration) -> Option<SocketAddr> {
        let channel = self.channels.get(&number)?;
        (now < channel.expires).then_some(channel.peer)
    }

    /// The channel of a peer.
    pub(crate) fn number(&self, peer: &SocketAddr, now: Duration) -> Option<u16> {
        let number = *self.numbers.get(peer)?;
        (now < self.channels.get(&number)?.expires).then_some(number)
    }

    /// Whether the channel may be bound to the peer: neither is bound to another.
    pub(crate) fn can_bind(&self, number: u16, peer: SocketAddr, now: Duration) -> bool {
        self.peer(number, now).is_none_or(|bound| bound == peer)
            && self.number(&peer, now).is_none_or(|bound| bound == number)
    }

    /// Binds or renews a channel, and the permission with it. Only after [`Peers::can_bind`].
    pub(crate) fn bind(
        &mut self,
        number: u16,
        peer: SocketAddr,
        limits: (usize, usize),
        now: Duration,
    ) -> Result<(), Full> {
        let (channels, permissions) = limits;
        self.remove_expired_channels(number, peer, channels, now);
        if self.channels.len() >= channels && !self.channels.contains_key(&number) {
            return Err(Full);
        }
        self.permit(&[peer.ip()], permissions, now)?;
        let expires = now + CHANNEL_LIFETIME;
        self.channels.insert(number, Channel { peer, expires });
        self.numbers.insert(peer, number);
        Ok(())
    }

    /// Those that are in the way: of the same number or peer, or all when there is no room.
    fn remove_expired_channels(
        &mut self,
        number: u16,
        peer: SocketAddr,
        limit: usize,
        now: Duration,
    ) {
        let full = self.channels.len() >= limit;
        let Self {
            channels, numbers, ..
        } = self;
        channels.retain(|known, channel| {
            let in_the_way = full || *known == number || channel.peer == peer;
            let stays = now < channel.expires || !in_the_way;
            if !stays {
                numbers.remove(&channel.peer);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn peer(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 9))
    }

    #[test]
    fn permissions_end_and_make_room() {
        let mut peers = Peers::default();
        let ip = |last| peer(last).ip();
        peers.permit(&[ip(1), ip(2)], 2, NOW).unwrap();
        assert_eq!(peers.permit(&[ip(3)], 2, NOW), Err(Full));
        peers
            .permit(&[ip(1)], 2, NOW + Duration::from_secs(1))
            .unwrap();
        let later = NOW + PERMISSION_LIFETIME;
        assert!(peers.permits(ip(1), later));
        assert!(!peers.permits(ip(2), later));
        peers.permit(&[ip(3)], 2, later).unwrap();
        assert!(peers.permits(ip(3), later));
    }

    #[test]
    fn a_channel_is_bound_to_one_peer_and_back() {
        let mut peers = Peers::default();
        peers.bind(0x4000, peer(1), (2, 2), NOW).unwrap();
        assert_eq!(peers.peer(0x4000, NOW), Some(peer(1)));
        assert_eq!(peers.number(&peer(1), NOW), Some(0x4000));
        assert!(peers.can_bind(0x4000, peer(1), NOW));
        assert!(!peers.can_bind(0x4000, peer(2), NOW));
        assert!(!peers.can_bind(0x4001, peer(1), NOW));
        assert!(peers.permits(peer(1).ip(), NOW));
    }

    #[test]
    fn an_expired_channel_can_be_bound_anew() {
        let mut peers = Peers::default();
        peers.bind(0x4000, peer(1), (2, 2), NOW).unwrap();
        let later = NOW + CHANNEL_LIFETIME;
        assert_eq!(peers.peer(0x4000, later), None);
        peers.bind(0x4000, peer(2), (2, 2), later).unwrap();
        assert_eq!(peers.number(&peer(1), later), None);
        assert_eq!(peers.number(&peer(2), later), Some(0x4000));
        peers.bind(0x4001, peer(1), (2, 2), later).unwrap();
        assert_eq!(peers.bind(0x4002, peer(3), (2, 2), later), Err(Full));
        let end = later + CHANNEL_LIFETIME;
        peers.bind(0x4002, peer(3), (2, 2), end).unwrap();
        assert_eq!(peers.channels.len(), 1);
        assert_eq!(peers.numbers.len(), 1);
    }
}

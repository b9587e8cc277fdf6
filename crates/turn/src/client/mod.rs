//! The client: one allocation at one relay, without I/O.
//!
//! A [`TurnClient`] speaks to one server over one path: datagrams, or a stream whose messages the
//! shell cuts with [`frame_length`](crate::frame_length). Packets and the time go in; packets to
//! the server, data of peers and [`Event`]s come out.
//!
//! # What it takes care of
//!
//! The challenge and its nonce, which may go stale at any time (RFC 8489 section 9.2). The
//! allocation, refreshed until it is closed (RFC 8656 sections 6 and 8), for IPv4, IPv6 or both.
//! A permission for each peer that is written to, asked for one at a time: a relay that refuses one
//! peer refuses no other (section 9). Channels for the peers that the shell names (section 12).
//! Newer credentials, taken over while the allocation lives. A NAT on the way, kept open.
//!
//! # What it does not do
//!
//! It never connects to another server by itself: a redirection is a [`Failure`] that names it.
//! SHA-256 (RFC 8489 section 9.2.1) is not negotiated; servers that offer it take SHA-1 as well.
//!
//! It is written on `stun-types` alone. `turn-client-proto` draws transaction ids itself, keeps the
//! credentials that it began with and does not say why a request was refused.

mod allocation;
mod authentication;
mod peers;
mod reply;
mod transaction;

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, SocketAddr};

pub use crate::server::Credentials;
pub use allocation::TurnClient;

/// What a [`TurnClient`] is told before it starts.
#[derive(Clone)]
pub struct Config {
    /// User name and password.
    pub credentials: Credentials,
    /// The families of the relayed addresses that are wanted.
    pub families: Families,
    /// Whether messages follow each other in a stream (TCP, TLS): nothing gets lost there, so
    /// nothing is sent again.
    pub stream: bool,
    /// Random bytes, never used for a second client: transaction ids are made from them, which
    /// nobody must guess (RFC 8489 section 5).
    pub seed: [u8; 32],
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("families", &self.families)
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// Which relayed addresses are wanted (RFC 8656 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// One of IPv4, which every relay has.
    V4,
    /// One of IPv6.
    V6,
    /// Both, or the one that the relay has.
    Both,
}

/// Something that the shell has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Peers can be reached.
    Allocated {
        /// Where they see us: one address, or one of each family.
        relayed: Vec<SocketAddr>,
        /// Where the relay sees us (XOR-MAPPED-ADDRESS).
        mapped: Option<SocketAddr>,
    },
    /// The relay does not pass data to this peer, and says why with a STUN error code (0 for no
    /// answer). Others are not affected.
    PeerRefused {
        /// The peer.
        peer: SocketAddr,
        /// The code, RFC 8656 section 19.
        code: u16,
    },
    /// The allocation was given back; nothing follows.
    Closed,
    /// There is no allocation, or none any more; nothing follows.
    Failed(Failure),
}

/// Why there is no allocation. Each says who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answers: the network, or the address is wrong.
    Silent,
    /// The credentials are wrong or over: whoever issued them.
    Credentials,
    /// 300: ask this server instead. The shell.
    Alternate(SocketAddr),
    /// 403: the relay does not serve us: its operator.
    Forbidden,
    /// 440: the relay has no address of this family.
    Family,
    /// 486: the user has all the allocations that he may have.
    Quota,
    /// 508: the relay is full: its operator.
    Capacity,
    /// The relay does not know the allocation any more, or let it end.
    Lost,
    /// Another STUN error code, or 0 for an answer without sense: its operator.
    Refused(u16),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("the relay does not answer"),
            Self::Credentials => f.write_str("the relay refuses the credentials"),
            Self::Alternate(server) => write!(f, "the relay names another one, {server}"),
            Self::Forbidden => f.write_str("the relay does not serve this client"),
            Self::Family => f.write_str("the relay has no address of this family"),
            Self::Quota => f.write_str("the user has as many allocations as he may have"),
            Self::Capacity => f.write_str("the relay is full"),
            Self::Lost => f.write_str("the allocation has ended"),
            Self::Refused(code) => write!(f, "the relay refuses with code {code}"),
        }
    }
}

impl core::error::Error for Failure {}

/// What a packet of the server was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'p> {
    /// Data of a peer.
    Data {
        /// Who sent it to our relayed address.
        peer: SocketAddr,
        /// All of it.
        data: &'p [u8],
    },
    /// An answer; [`TurnClient::poll_event`] may have news.
    Answer,
    /// Nothing that belongs to this client.
    Other,
}

/// Whether two addresses can talk to each other.
const fn same_family(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
}

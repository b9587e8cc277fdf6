//! What reaches the relay from clients, from peers and from the clock.

use core::net::SocketAddr;

use crate::server::client::Client;
use crate::server::output::RelayId;

/// Something that happened outside.
#[derive(Clone, Copy, Debug)]
pub enum Input<'d> {
    /// A datagram, or one whole message of a stream (see [`frame_length`](crate::frame_length)),
    /// from a client or from anybody who claims to be one.
    FromClient {
        /// Who sent it.
        from: Client,
        /// All of it.
        data: &'d [u8],
    },
    /// A datagram came to a relayed address.
    FromPeer {
        /// Where it came in.
        at: RelayId,
        /// Who sent it; IPv4 never in its IPv6-mapped form.
        from: SocketAddr,
        /// All of it.
        data: &'d [u8],
    },
    /// The answer to an [`Output::Open`](super::Output::Open).
    Opened {
        /// The socket.
        relay: RelayId,
        /// Its port, or that there is none.
        port: Option<u16>,
    },
    /// The connection of a client is closed; its allocation goes with it.
    Gone {
        /// The client.
        client: Client,
    },
    /// The time of [`Relay::next_timeout`](super::Relay::next_timeout) has come. Too early does no
    /// harm.
    Timeout,
}

//! Who is at the other end of an allocation.

use core::net::SocketAddr;

/// A client and the way to it: the 5-tuple of RFC 8656 section 2.2, with the server's half and the
/// protocol told by [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Client {
    /// The client's address as the server sees it; IPv4 never in its IPv6-mapped form.
    pub address: SocketAddr,
    /// How it came.
    pub path: Path,
}

/// What the shell needs to send to a client, and what tells two clients with the same address
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// UDP, through this socket of the shell.
    Datagrams(u16),
    /// TCP or TLS, over this connection. A number is never used for a second connection.
    Stream(u64),
}

impl Path {
    /// Whether messages follow each other in a stream, where channel data is padded (RFC 8656
    /// section 12.5).
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Stream(_))
    }
}

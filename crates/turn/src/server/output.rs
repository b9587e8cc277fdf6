//! What the relay wants done.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use crate::frame::Frame;
use crate::server::client::Client;

/// A socket with a relayed address. Numbers are small, and used again after
/// [`Output::Close`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayId(pub u32);

impl RelayId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    pub(crate) const fn of(address: &SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }
}

/// Which port a new socket is to have. Within the range of the relay it should be one that nobody
/// can guess (RFC 8656 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortWish {
    /// Any.
    Any,
    /// An even one (EVEN-PORT, RFC 8656 section 18.6).
    Even,
    /// An even one, and the next higher one for this second socket. Both or none.
    EvenAndNext(RelayId),
}

/// Something for the shell to do. Exhaustive, so that a shell that misses one does not compile.
#[derive(Clone, Debug)]
pub enum Output<'d> {
    /// Send an answer to a client.
    Reply {
        /// The client.
        to: Client,
        /// The whole message.
        message: Vec<u8>,
    },
    /// Send a peer's data to a client. May be dropped when the way is full.
    ToClient {
        /// The client.
        to: Client,
        /// The message around the data.
        frame: Frame<'d>,
    },
    /// Send a client's data to a peer. May be dropped when the way is full.
    ToPeer {
        /// From this socket.
        from: RelayId,
        /// To this address, never one of a live allocation of this relay: those are handed over
        /// inside.
        to: SocketAddr,
        /// All of it.
        data: &'d [u8],
    },
    /// Open a socket, and answer with [`Input::Opened`](super::Input::Opened) before anything else
    /// is handed in.
    Open {
        /// Its name from now on.
        relay: RelayId,
        /// The family of its address.
        family: Family,
        /// Its port.
        port: PortWish,
    },
    /// Close a socket.
    Close {
        /// The socket.
        relay: RelayId,
    },
}

/// The outputs that wait to be taken, oldest first.
///
/// Take them all before the next input. Dropping this loses the relayed data, which the network
/// may do as well, and nothing else: the rest comes first the next time.
#[must_use = "the outputs have to be carried out"]
pub struct Outputs<'r, 'd> {
    data: Option<Output<'d>>,
    waiting: &'r mut VecDeque<Output<'static>>,
}

impl<'r, 'd> Outputs<'r, 'd> {
    pub(crate) const fn new(
        data: Option<Output<'d>>,
        waiting: &'r mut VecDeque<Output<'static>>,
    ) -> Self {
        Self { data, waiting }
    }
}

impl<'d> Iterator for Outputs<'_, 'd> {
    type Item = Output<'d>;

    fn next(&mut self) -> Option<Output<'d>> {
        match self.waiting.pop_front() {
            Some(output) => Some(output),
            None => self.data.take(),
        }
    }
}

impl fmt::Debug for Outputs<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.waiting.iter())
            .entries(&self.data)
            .finish()
    }
}

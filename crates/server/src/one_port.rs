//! One port for everything that is spoken inside TLS: HTTP with the WebSocket,
//! XMPP (XEP-0368), and TURN (RFC 8656).
//!
//! In all of them the client speaks first, and its first decrypted byte tells
//! them apart. What it names in the handshake (RFC 7301) is only a hint: many
//! clients name nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio::time;
use tokio_rustls::TlsAcceptor;

use crate::accept::{Peer, Slot};
use crate::chat::{self, Chat};
use crate::http::Front;
use crate::relay::Streams;
use crate::tls;

/// What clients may name in the handshake (RFC 7301, XEP-0368 section 2, RFC
/// 7443).
pub(crate) const PROTOCOLS: [&str; 4] =
    ["http/1.1", "xmpp-client", "stun.turn", "stun.nat-discovery"];

/// Whom a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Xmpp,
    Turn,
}

impl Protocol {
    /// By the first byte of the first message: a STUN request begins with the
    /// bits of its method, which are few (RFC 8489 section 5), a stream with a
    /// tag, and a request line with a letter.
    const fn begins_with(first: u8) -> Self {
        match first {
            0..=3 => Self::Turn,
            b'<' => Self::Xmpp,
            _ => Self::Http,
        }
    }
}

/// See the [module](self).
#[derive(Clone)]
pub(crate) struct OnePort {
    pub(crate) acceptor: TlsAcceptor,
    /// Time for the handshake, and for the first byte.
    pub(crate) patience: Duration,
    pub(crate) front: Front,
    pub(crate) chat: Arc<Chat>,
    pub(crate) relay: Option<Streams>,
}

impl OnePort {
    /// Serves a connection that was just accepted.
    pub(crate) async fn serve(
        self,
        stream: TcpStream,
        mut peer: Peer,
        slot: Slot,
    ) -> io::Result<()> {
        let mut stream = tls::encrypt(&self.acceptor, stream, &mut peer, self.patience).await?;
        let first = time::timeout(self.patience, stream.fill_buf())
            .await??
            .first();
        let Some(&first) = first else {
            return Ok(());
        };
        match (Protocol::begins_with(first), self.relay) {
            (Protocol::Turn, Some(relay)) => relay.converse(stream, peer, slot).await,
            (Protocol::Xmpp, _) => chat::serve(self.chat, stream, peer, slot, None).await,
            // Without a relay it is a request that cannot be understood.
            (Protocol::Turn, None) | (Protocol::Http, _) => {
                self.front.serve(stream, peer, slot).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells() {
        for (first, protocol) in [
            (b"\x00\x01\x00\x00".as_slice(), Protocol::Turn),
            (b"\x00\x03\x00\x08", Protocol::Turn),
            (b"<?xml version='1.0'?>", Protocol::Xmpp),
            (b"<stream:stream", Protocol::Xmpp),
            (b"GET / HTTP/1.1", Protocol::Http),
            (b"\r\nPOST", Protocol::Http),
            (b"\xff", Protocol::Http),
        ] {
            assert_eq!(Protocol::begins_with(first[0]), protocol);
        }
    }
}

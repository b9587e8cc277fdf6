//! The listeners for chat over TCP (RFC 6120 section 3, XEP-0368).

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use visavis_xmpp::server::Encryption;

use super::Chat;
use super::connection;
use super::tcp::TcpWire;
use crate::accept::{Peer, Slot};

/// How a listener's connections become private.
#[derive(Clone)]
pub(crate) enum Security {
    /// TLS comes first.
    Direct(TlsAcceptor),
    /// TLS begins where the client asks for it; nobody from another machine
    /// logs in without.
    OnRequest(Option<TlsAcceptor>),
}

/// Serves a connection that was just accepted.
pub(crate) async fn serve(
    chat: Arc<Chat>,
    socket: TcpStream,
    mut peer: Peer,
    slot: Slot,
    security: Security,
) -> io::Result<()> {
    let patience = chat.limits.request_time;
    let (encryption, wire) = match security {
        Security::Direct(acceptor) => {
            // Boxed, because it is large and nothing of it stays.
            let handshake = Box::pin(acceptor.accept(socket));
            let socket = time::timeout(patience, handshake).await??;
            peer.secure = true;
            let wire = TcpWire::new(Box::new(socket), None);
            (Encryption::Private, wire)
        }
        Security::OnRequest(acceptor) => {
            let encryption = match (&acceptor, peer.is_private()) {
                (None, true) => Encryption::Private,
                (Some(_), true) => Encryption::Offered,
                (_, false) => Encryption::Required,
            };
            let tls = acceptor.map(|acceptor| (acceptor, patience));
            (encryption, TcpWire::new(Box::new(socket), tls))
        }
    };
    connection::run(chat, peer, slot, encryption, wire).await;
    Ok(())
}

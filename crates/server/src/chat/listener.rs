//! The listeners for chat over TCP (RFC 6120 section 3, XEP-0368).

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use visavis_xmpp::server::Encryption;

use super::Chat;
use super::connection;
use super::tcp::TcpWire;
use crate::accept::{Peer, Slot};

/// Serves a connection. One that is not private yet can become so with `tls`
/// where the client asks for it; nobody from another machine logs in without.
pub(crate) async fn serve<S>(
    chat: Arc<Chat>,
    socket: S,
    peer: Peer,
    slot: Slot,
    tls: Option<TlsAcceptor>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let encryption = match (peer.secure, peer.is_private(), &tls) {
        (true, _, _) | (_, true, None) => Encryption::Private,
        (_, true, Some(_)) => Encryption::Offered,
        (_, false, _) => Encryption::Required,
    };
    let tls = tls.filter(|_| !peer.secure);
    let tls = tls.map(|acceptor| (acceptor, chat.limits.request_time));
    let wire = TcpWire::new(Box::new(socket), tls);
    connection::run(chat, peer, slot, encryption, wire).await;
    Ok(())
}

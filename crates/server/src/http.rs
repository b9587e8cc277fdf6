//! The HTTP front: from accepted connections to routed requests.
//!
//! One listener each for plain and encrypted connections, HTTP/1.1 on both.
//! Bounds the number of connections and the time to send a request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Request, Uri, header, uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::tasks::Tasks;

/// Largest request head, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Pause after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection. In every request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Where the client is.
    pub(crate) address: SocketAddr,
    /// Where it came in.
    pub(crate) local: SocketAddr,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
}

impl Peer {
    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_private(&self) -> bool {
        self.secure || self.address.ip().to_canonical().is_loopback()
    }
}

/// The place that a connection takes up until the last clone is dropped; in
/// every request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// What all listeners share.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) routes: Router,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) request_time: Duration,
    pub(crate) tasks: Tasks,
}

impl Front {
    /// Serves one listener until the server ends.
    pub(crate) async fn serve(self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        loop {
            let accepted = tokio::select! {
                () = self.tasks.ending() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.admit(stream, address, tls.clone()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, address: SocketAddr, tls: Option<TlsAcceptor>) {
        let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
            tracing::warn!(%address, "turned away: too many connections");
            return;
        };
        let front = self.clone();
        self.tasks.spawn(async move {
            let slot = Slot {
                _permit: Arc::new(permit),
            };
            if let Err(error) = front.connection(stream, address, tls, slot).await {
                tracing::debug!(%address, %error, "a connection failed");
            }
        });
    }

    async fn connection(
        self,
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        slot: Slot,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let peer = Peer {
            address,
            local: stream.local_addr()?,
            secure: tls.is_some(),
        };
        match tls {
            None => self.requests(stream, peer, slot).await,
            Some(acceptor) => {
                let stream = time::timeout(self.request_time, acceptor.accept(stream)).await??;
                self.requests(stream, peer, slot).await
            }
        }
        .map_err(io::Error::other)
    }

    async fn requests<S>(self, stream: S, peer: Peer, slot: Slot) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routes = self.routes;
        let service = service_fn(move |mut request: Request<Incoming>| {
            strip_suffix(request.uri_mut());
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(slot.clone());
            routes.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.request_time)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            result = &mut connection => result,
            () = self.tasks.ending() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    }
}

/// Takes the `.json` off a REST path: clients append it to every one.
fn strip_suffix(uri: &mut Uri) {
    let path = uri.path();
    let Some(short) = path.strip_suffix(".json") else {
        return;
    };
    if path.starts_with("/.well-known/") {
        return;
    }
    let short = match uri.query() {
        Some(query) => format!("{short}?{query}"),
        None => short.to_owned(),
    };
    if let Ok(short) = short.parse::<uri::PathAndQuery>() {
        let mut parts = std::mem::take(uri).into_parts();
        parts.path_and_query = Some(short);
        *uri = Uri::from_parts(parts).unwrap_or_default();
    }
}

/// The host and port by which the client reached this server, if it says so
/// in a form that may be repeated to it.
pub(crate) fn requested_host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rest_paths_lose_their_suffix() {
        for (sent, routed) in [
            ("/session.json", "/session"),
            ("/users/102.json?", "/users/102?"),
            ("/users.json?page=1", "/users?page=1"),
            ("/.well-known/host-meta.json", "/.well-known/host-meta.json"),
            ("/ws", "/ws"),
            ("http://a.example/users.json", "http://a.example/users"),
        ] {
            let mut uri: Uri = sent.parse().unwrap();
            strip_suffix(&mut uri);
            assert_eq!(uri.to_string(), routed);
        }
    }

    #[test]
    fn a_strange_host_is_not_repeated() {
        let host = |value: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, value.parse().unwrap())]);
            requested_host(&headers).map(str::to_owned)
        };
        assert_eq!(host("[::1]:80").as_deref(), Some("[::1]:80"));
        assert_eq!(host("a.example/\"x"), None);
        assert_eq!(host(""), None);
    }
}

//! The HTTP front: from accepted connections to routed requests.
//!
//! HTTP/1.1, encrypted or not. Bounds the time to send a request, and the time
//! in which nothing of an answer is read.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Request, Uri, header, uri};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use crate::accept::{Peer, Slot};
use crate::patience::Patient;
use crate::tasks::Tasks;

/// Largest request head, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// What all HTTP listeners share.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) routes: Router,
    pub(crate) request_time: Duration,
    pub(crate) tasks: Tasks,
    /// Whether connections stay open while the server closes.
    pub(crate) until_the_end: bool,
}

impl Front {
    /// Serves the requests of a connection.
    pub(crate) async fn serve<S>(self, stream: S, peer: Peer, slot: Slot) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            routes,
            tasks,
            until_the_end,
            request_time,
        } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            strip_suffix(request.uri_mut());
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(slot.clone());
            routes.clone().call(request)
        });
        let stream = Patient::new(stream, request_time);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(request_time)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            result = &mut connection => result,
            () = tasks.leaving(until_the_end) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
        .map_err(io::Error::other)
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

/// The same without the port: a name, or an address of IPv6 without brackets.
pub(crate) fn requested_name(headers: &HeaderMap) -> Option<&str> {
    let host = requested_host(headers)?;
    if let Some(address) = host.strip_prefix('[') {
        return address.split(']').next();
    }
    host.split(':').next()
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

    #[test]
    fn the_port_is_no_part_of_the_name() {
        for (host, name) in [
            ("a.example:8080", "a.example"),
            ("a.example", "a.example"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(requested_name(&headers), Some(name));
        }
    }
}

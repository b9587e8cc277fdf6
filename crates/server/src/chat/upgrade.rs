//! `/ws`: from an HTTP request to a WebSocket (RFC 6455 section 4.2, RFC 7395
//! section 3.1).
//!
//! The subprotocol `xmpp` is required and echoed. Chat logs in with a
//! password or a token in clear, so it needs TLS, or a client on this very
//! machine.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{Instrument, Span};
use visavis_xmpp::server::Encryption;

use super::Chat;
use super::connection;
use super::websocket::WebSocketWire;
use crate::accept::{Peer, Slot};

const SUBPROTOCOL: &str = "xmpp";

/// Why there is no WebSocket. The app has to ask differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    NotAnUpgrade,
    Version,
    Subprotocol,
    Exposed,
}

/// `GET /ws`.
pub(super) async fn upgrade(
    State(chat): State<Arc<Chat>>,
    Extension(peer): Extension<Peer>,
    Extension(slot): Extension<Slot>,
    mut request: Request,
) -> Response {
    let accept = match check(request.method(), request.headers(), &peer) {
        Ok(accept) => accept,
        Err(refused) => return refused.into_response(),
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let tasks = chat.tasks.clone();
    let serve = async move {
        match upgraded.await {
            Ok(socket) => {
                let wire = WebSocketWire::new(TokioIo::new(socket));
                connection::run(chat, peer, slot, Encryption::Private, wire).await;
            }
            Err(error) => {
                tracing::debug!(address = %peer.address, %error, "an upgrade failed");
            }
        }
    };
    tasks.spawn(serve.instrument(Span::current()));
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(SUBPROTOCOL),
        ),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// The value of `Sec-WebSocket-Accept`, if the request is in order.
fn check(method: &Method, headers: &HeaderMap, peer: &Peer) -> Result<HeaderValue, Refused> {
    let upgrade = method == Method::GET
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket");
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| upgrade)
        .ok_or(Refused::NotAnUpgrade)?;
    if !has_token(headers, &header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(Refused::Version);
    }
    if !has_token(headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(Refused::Subprotocol);
    }
    if !peer.is_private() {
        return Err(Refused::Exposed);
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refused::NotAnUpgrade)
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(token))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Self::NotAnUpgrade => (
                StatusCode::UPGRADE_REQUIRED,
                "This is the WebSocket of the chat.",
            ),
            Self::Version => (
                StatusCode::UPGRADE_REQUIRED,
                "WebSocket version 13 is needed.",
            ),
            Self::Subprotocol => (
                StatusCode::BAD_REQUEST,
                "The WebSocket subprotocol xmpp is needed.",
            ),
            Self::Exposed => (
                StatusCode::FORBIDDEN,
                "Chat from another machine needs TLS: use wss.",
            ),
        };
        let mut response = (status, Json(json!({"errors": {"base": [why]}}))).into_response();
        if status == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    fn peer(address: &str, secure: bool) -> Peer {
        Peer {
            address: address.parse().unwrap(),
            local: "192.0.2.1:8080".parse().unwrap(),
            secure,
        }
    }

    fn good() -> Vec<(HeaderName, &'static str)> {
        vec![
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::UPGRADE, "WebSocket"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_PROTOCOL, "chat, xmpp"),
        ]
    }

    #[test]
    fn the_example_of_the_rfc() {
        let peer = peer("127.0.0.1:1", false);
        assert_eq!(
            check(&Method::GET, &headers(&good()), &peer).unwrap(),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn each_missing_part_is_told() {
        let loopback = peer("127.0.0.1:1", false);
        let refusals = [
            Refused::NotAnUpgrade,
            Refused::NotAnUpgrade,
            Refused::NotAnUpgrade,
            Refused::Version,
            Refused::Subprotocol,
        ];
        for (index, refusal) in refusals.into_iter().enumerate() {
            let mut pairs = good();
            pairs.remove(index);
            assert_eq!(
                check(&Method::GET, &headers(&pairs), &loopback),
                Err(refusal)
            );
        }
    }

    #[test]
    fn passwords_do_not_cross_the_network_in_clear() {
        let headers = headers(&good());
        let check = |peer: &Peer| check(&Method::GET, &headers, peer).map(drop);
        assert_eq!(check(&peer("192.0.2.7:1", false)), Err(Refused::Exposed));
        assert_eq!(check(&peer("192.0.2.7:1", true)), Ok(()));
        assert_eq!(check(&peer("[::1]:1", false)), Ok(()));
        assert_eq!(check(&peer("[::ffff:127.0.0.1]:1", false)), Ok(()));
    }
}

//! What clients ask before they call: where things are, and whether they work.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Accounts;
use super::error::ApiError;
use crate::http::{Peer, requested_host};

/// Seconds for which the list of ICE servers holds.
const ICE_TTL: u32 = 3600;

/// `GET /ice_servers.json`.
pub(super) async fn ice_servers(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Json<Value> {
    let servers: Vec<Value> = accounts
        .relay
        .map(|relay| json!({"urls": [format!("stun:{}", reachable(relay, &peer, &headers))]}))
        .into_iter()
        .collect();
    Json(json!({"ttl": ICE_TTL, "ice_servers": servers}))
}

/// The relay's address as this client can reach it: one that listens
/// everywhere is where the client found the server itself.
fn reachable(relay: SocketAddr, peer: &Peer, headers: &HeaderMap) -> String {
    if !relay.ip().is_unspecified() {
        return relay.to_string();
    }
    let host = requested_host(headers).map_or_else(
        || SocketAddr::new(peer.local.ip().to_canonical(), 0).to_string(),
        str::to_owned,
    );
    // Without the port, which follows the last colon outside of brackets.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => &host,
    };
    format!("{name}:{}", relay.port())
}

/// `GET /.well-known/host-meta.json` (RFC 6415, XEP-0156).
pub(super) async fn host_meta(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Json<Value> {
    let host = requested_host(&headers).map_or_else(|| peer.local.to_string(), str::to_owned);
    let (http, ws) = if peer.secure {
        ("https", "wss")
    } else {
        ("http", "ws")
    };
    Json(
        json!({"subject": format!("xmpp:{}", accounts.domain), "links": [
            {"rel": "urn:xmpp:alt-connections:websocket", "href": format!("{ws}://{host}/ws")},
            {"rel": "urn:visavis:rest", "href": format!("{http}://{host}/")},
        ]}),
    )
}

/// `GET /healthz`: 200 as long as the database answers.
pub(super) async fn health(State(accounts): State<Arc<Accounts>>) -> Result<Json<Value>, ApiError> {
    accounts
        .store
        .run(|store| store.check().map_err(ApiError::from))
        .await?;
    Ok(Json(json!({"status": "ok"})))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_relay_that_listens_everywhere_is_found_where_the_server_was() {
        let peer = Peer {
            address: "192.0.2.7:50000".parse().unwrap(),
            local: "192.0.2.1:8080".parse().unwrap(),
            secure: false,
        };
        let url = |relay: &str, host: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert("host", host.parse().unwrap());
            }
            reachable(relay.parse().unwrap(), &peer, &headers)
        };
        assert_eq!(url("127.0.0.1:3478", Some("a.example")), "127.0.0.1:3478");
        assert_eq!(
            url("0.0.0.0:3478", Some("a.example:8080")),
            "a.example:3478"
        );
        assert_eq!(url("0.0.0.0:3478", Some("a.example")), "a.example:3478");
        assert_eq!(
            url("[::]:3478", Some("[2001:db8::1]:80")),
            "[2001:db8::1]:3478"
        );
        assert_eq!(
            url("[::]:3478", Some("[2001:db8::1]")),
            "[2001:db8::1]:3478"
        );
        assert_eq!(url("0.0.0.0:3478", None), "192.0.2.1:3478");
    }
}

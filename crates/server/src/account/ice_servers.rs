//! `/ice_servers.json`: where STUN and TURN are, with credentials for the one
//! who asks.
//!
//! Credentials end by themselves and are bound to the user.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Accounts;
use super::caller::Caller;
use crate::accept::Peer;
use crate::http::requested_host;
use crate::relay::TTL;

/// `GET /ice_servers.json`. Without a user there are no credentials: the
/// application's secret alone relays nothing.
pub(super) async fn ice_servers(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Json<Value> {
    let mut servers = Vec::new();
    if let Some(relay) = &accounts.relay {
        let place = reachable(relay.address, &peer, &headers);
        servers.push(json!({"urls": [format!("stun:{place}")]}));
        if let Some(user) = caller.session.user {
            let user = format!("{user}-{}", caller.session.application);
            let (made, _) = relay.credentials(&user);
            servers.push(json!({
                "urls": turn_urls(&place, relay.tls),
                "username": made.username,
                "credential": made.password,
            }));
        }
    }
    Json(json!({"ttl": TTL.as_secs(), "ice_servers": servers}))
}

/// One URL for each way, the quickest first (RFC 7065).
fn turn_urls(place: &str, tls: bool) -> Vec<String> {
    let mut urls = vec![
        format!("turn:{place}?transport=udp"),
        format!("turn:{place}?transport=tcp"),
    ];
    if tls {
        urls.push(format!("turns:{place}?transport=tcp"));
    }
    urls
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

    #[test]
    fn tls_is_offered_where_there_is_a_certificate() {
        assert_eq!(turn_urls("a.example:3478", false).len(), 2);
        assert_eq!(
            turn_urls("a.example:3478", true).last().unwrap(),
            "turns:a.example:3478?transport=tcp"
        );
    }
}

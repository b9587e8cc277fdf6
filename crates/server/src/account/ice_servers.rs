//! `/ice_servers.json`: where STUN and TURN are, with credentials for the one
//! who asks.
//!
//! Credentials end by themselves and are bound to the user.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Accounts;
use super::caller::Caller;
use crate::accept::Peer;
use crate::http::requested_name;
use crate::relay::RelayService;

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
        let services = relay.services(requested_name(&headers), peer.local.ip());
        let uris = |restricted: bool| -> Vec<String> {
            let wanted = services
                .iter()
                .filter(|service| service.is_restricted() == restricted);
            wanted.map(RelayService::uri).collect()
        };
        servers.push(json!({"urls": uris(false)}));
        if let Some(user) = caller.session.user {
            let user = format!("{user}-{}", caller.session.application);
            let (made, _) = relay.credentials(&user);
            servers.push(json!({
                "urls": uris(true),
                "username": made.username,
                "credential": made.password,
            }));
        }
    }
    let lifetime = accounts.limits.relay_credentials;
    Json(json!({"ttl": lifetime.as_secs(), "ice_servers": servers}))
}

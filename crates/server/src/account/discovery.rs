//! What clients ask first: where things are, and whether they work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Accounts;
use super::error::ApiError;
use crate::http::{Peer, requested_host};

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

//! What clients ask first: where things are, and whether they work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::{Value, json};
use visavis_xmpp::xml::Element;

use super::Accounts;
use crate::accept::Peer;
use crate::http::requested_host;

/// Link to a WebSocket (XEP-0156 section 3).
const WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";

/// The namespace of host-meta (RFC 6415 section 2).
const XRD: &str = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

/// `GET /.well-known/host-meta.json` (RFC 6415, XEP-0156; streams over TCP and
/// TLS by port, as XEP-0487 has it, beside the DNS records of XEP-0368).
pub(super) async fn host_meta(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Json<Value> {
    let rest = if peer.secure { "https" } else { "http" };
    let rest = format!("{rest}://{}/", host(&peer, &headers));
    let mut links = vec![
        json!({"rel": WEBSOCKET, "href": websocket(&peer, &headers)}),
        json!({"rel": "urn:visavis:rest", "href": rest}),
    ];
    let streams = [
        ("urn:visavis:xmpp", accounts.xmpp),
        ("urn:xmpp:alt-connections:tls", accounts.xmpps),
    ];
    for (rel, address) in streams {
        if let Some(address) = address {
            links.push(json!({"rel": rel, "port": address.port(), "sni": accounts.domain}));
        }
    }
    Json(json!({"subject": format!("xmpp:{}", accounts.domain), "links": links}))
}

/// `GET /.well-known/host-meta`: the same as XML, for clients that know no
/// other (XEP-0156 section 3).
pub(super) async fn host_meta_xml(
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let link = Element::new(XRD, "Link")
        .with_attribute("rel", WEBSOCKET)
        .with_attribute("href", &websocket(&peer, &headers));
    let xrd = Element::new(XRD, "XRD").with_child(link).to_xml();
    ([(header::CONTENT_TYPE, "application/xrd+xml")], xrd)
}

pub(super) fn websocket(peer: &Peer, headers: &HeaderMap) -> String {
    let ws = if peer.secure { "wss" } else { "ws" };
    format!("{ws}://{}/ws", host(peer, headers))
}

fn host(peer: &Peer, headers: &HeaderMap) -> String {
    requested_host(headers).map_or_else(|| peer.local.to_string(), str::to_owned)
}

//! What the server is doing, in one answer.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Admin;
use crate::health::Health;

/// `GET /status`.
pub(super) async fn show(
    State(admin): State<Arc<Admin>>,
    Extension(health): Extension<Health>,
) -> Json<Value> {
    let census = admin.directory.census();
    let relay = admin.relay.as_ref().map(|board| {
        let status = board.read();
        json!({"allocations": status.allocations})
    });
    let certificate = admin.certificate.as_ref().map(|certificate| {
        let ends = certificate.not_after();
        json!({"ends_at": ends.map(|ends| ends.to_string())})
    });
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": admin.started_at.to_string(),
        "shutting_down": health.tasks.is_closing(),
        "listeners": admin.ready,
        "online": {
            "users": census.users,
            "streams": census.connected,
            "streams_waiting": census.waiting,
        },
        "relay": relay,
        "certificate": certificate,
    }))
}

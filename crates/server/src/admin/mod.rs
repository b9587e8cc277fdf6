//! What an operator sees of a running server and does with it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use crate::health::{self, Health};
use crate::metrics::Metrics;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) metrics: Arc<Metrics>,
}

/// The routes of the admin listener.
pub(crate) fn routes(admin: Admin, health: &Health) -> Router {
    Router::new()
        .route("/metrics", get(numbers))
        .with_state(Arc::new(admin))
        .merge(health::routes(health.clone()))
}

/// `GET /metrics`.
async fn numbers(State(admin): State<Arc<Admin>>) -> Response {
    admin.metrics.page()
}

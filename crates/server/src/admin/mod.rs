//! What an operator sees of a running server and does with it: numbers,
//! health, applications, users, sessions and streams, over HTTP on a listener
//! of its own.
//!
//! Numbers, health and the description are for whoever reaches the listener;
//! everything else needs the admin token. Never logs a secret or a body.

mod applications;
mod body;
mod error;
mod notice;
mod sessions;
mod status;
mod token;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Extension, Router};

pub(crate) use notice::Notice;
pub use notice::RunningServer;
pub(crate) use token::AdminToken;
pub use token::TokenError;

use crate::account::Gate;
use crate::chat::Directory;
use crate::clock::UnixTime;
use crate::health::{self, Health};
use crate::metrics::Metrics;
use crate::openapi;
use crate::ready::Ready;
use crate::relay::StatusBoard;
use crate::store::StoreThread;
use crate::tls::Certificate;
use error::AdminError;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) token: AdminToken,
    pub(crate) store: StoreThread,
    pub(crate) directory: Arc<Directory>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ready: Ready,
    pub(crate) started_at: UnixTime,
    pub(crate) relay: Option<StatusBoard>,
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// Time to send a body.
    pub(crate) request_time: Duration,
}

/// The routes of the admin listener.
pub(crate) fn routes(admin: Admin, health: &Health) -> Router {
    let admin = Arc::new(admin);
    let with_token = Router::new()
        .route("/status", get(status::show))
        .route(
            "/applications",
            get(applications::list).post(applications::add),
        )
        .route(
            "/applications/{application}",
            patch(applications::update).delete(applications::remove),
        )
        .route("/applications/{application}/import", post(users::import))
        .route(
            "/applications/{application}/users",
            get(users::list).post(users::add),
        )
        .route(
            "/applications/{application}/users/{user}",
            get(users::show).patch(users::update).delete(users::remove),
        )
        .route(
            "/applications/{application}/users/{user}/sessions",
            get(sessions::list).delete(sessions::end_all),
        )
        .route(
            "/applications/{application}/users/{user}/sessions/{session}",
            delete(sessions::end),
        )
        .route(
            "/applications/{application}/users/{user}/streams/{resource}",
            delete(sessions::end_stream),
        )
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&admin),
            require_token,
        ))
        .layer(Extension(health.clone()));
    Router::new()
        .route("/metrics", get(numbers))
        .route("/openapi", openapi::described(include_str!("openapi.json")))
        .merge(with_token)
        .method_not_allowed_fallback(async || AdminError::MethodNotAllowed)
        .fallback(async || AdminError::no_such("path"))
        .with_state(admin)
        .merge(health::routes(health.clone()))
}

/// `GET /metrics`.
async fn numbers(State(admin): State<Arc<Admin>>) -> Response {
    admin.metrics.page()
}

/// Lets a request through that has the token (RFC 6750 section 2.1).
async fn require_token(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if given.is_some_and(|given| admin.token.is(given)) {
        next.run(request).await
    } else {
        AdminError::Unauthorized.into_response()
    }
}

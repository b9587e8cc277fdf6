//! How many requests one address may send.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ApiError;
use crate::accept::Peer;
use crate::throttle::Throttles;
use crate::visitors::household;

/// Turns away whoever asks too much.
pub(super) async fn bound(
    State(rates): State<Arc<Throttles<IpAddr>>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let now = Instant::now();
    let taken = rates.of(household(peer.address.ip()), now).try_take(now);
    match taken {
        Ok(()) => next.run(request).await,
        Err(wait) => ApiError::TooMany(wait).into_response(),
    }
}

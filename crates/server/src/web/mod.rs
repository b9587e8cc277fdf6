//! What a browser finds at `/`: one page that says what this server is.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

const PAGE: &str = include_str!("index.html");

/// The page is self-contained: it loads nothing and runs nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The pages.
pub(crate) fn routes() -> Router {
    Router::new().route("/", get(landing))
}

async fn landing() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
}

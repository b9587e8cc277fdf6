//! What a browser finds at `/`: the client, or a page that says what this
//! server is.
//!
//! The client's files are in the binary. They load nothing from elsewhere, and
//! no browser lets them (CSP level 3).

mod files;

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::account::ApiError;
use crate::config::WebPage;
use crate::http::requested_host;

const LANDING: &str = include_str!("landing.html");

/// The landing page is self-contained: it loads nothing and runs nothing.
const LANDING_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// What the client may load and do, but for where its chat is.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";

/// Headers of every file, whatever browser asks.
const SAFETY: [(HeaderName, &str); 5] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), \
         autoplay=(self), fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), \
         geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=(), hid=()",
    ),
];

/// The pages.
pub(crate) fn routes(page: WebPage) -> Router {
    if page == WebPage::Off {
        return Router::new().route("/", get(landing));
    }
    let mut routes = Router::new();
    routes = match files::at("/index.html") {
        Some(index) => routes.route(
            "/",
            get(async move |headers: HeaderMap| index.answer(&headers)),
        ),
        None => routes.route("/", get(landing)),
    };
    // A pattern for each folder: what is counted by path stays little.
    let patterns: BTreeSet<String> = files::FILES.iter().map(|file| pattern(file.path)).collect();
    for pattern in patterns {
        routes = routes.route(&pattern, get(file));
    }
    routes.layer(middleware::from_fn(protect))
}

/// The route of a file: its path, or its folder at the top.
fn pattern(path: &str) -> String {
    match path[1..].split_once('/') {
        Some((folder, _)) => format!("/{folder}/{{*file}}"),
        None => path.to_owned(),
    }
}

async fn landing() -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, LANDING_POLICY)];
    (policy, Html(LANDING)).into_response()
}

async fn file(uri: Uri, headers: HeaderMap) -> Result<Response, ApiError> {
    let file = files::at(uri.path()).ok_or(ApiError::NotFound)?;
    Ok(file.answer(&headers))
}

/// Says what the page may do.
async fn protect(request: Request, next: Next) -> Response {
    // Not every browser takes a WebSocket of the same host for the same origin.
    let chat = requested_host(request.headers())
        .map(|host| format!(" ws://{host} wss://{host}"))
        .unwrap_or_default();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}{chat}")) {
        // The landing page has its own.
        let policies = headers.entry(header::CONTENT_SECURITY_POLICY);
        policies.or_insert(policy);
    }
    for (name, value) in SAFETY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_one_route_each() {
        assert_eq!(pattern("/visavis.js"), "/visavis.js");
        assert_eq!(pattern("/visavis/call/core.js"), "/visavis/{*file}");
    }
}

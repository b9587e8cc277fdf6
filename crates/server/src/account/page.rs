//! `/web.json`: what the page at `/` has to know before anybody logs in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Accounts;
use super::discovery::websocket;
use super::error::ApiError;
use crate::accept::Peer;
use crate::config::WebPage;
use crate::store::{Application, Store, StoreError};

/// `GET /web.json`. An application's key and secret are in every copy of an
/// app, and open nothing by themselves: whoever publishes an app publishes
/// them, and the page is one.
pub(super) async fn settings(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiError> {
    let page = accounts.web;
    if page == WebPage::Off {
        return Err(ApiError::NotFound);
    }
    let application = accounts
        .store
        .read(move |store| published(store, page).map_err(ApiError::from))
        .await?;
    let shown = application.as_ref().map(|application| {
        json!({
            "id": application.id.0,
            "key": application.key,
            "secret": application.secret.reveal(),
        })
    });
    Ok(Json(json!({
        "name": accounts.domain,
        "domain": accounts.domain,
        "ws": websocket(&peer, &headers),
        "application": shown,
        "sign_up": application.is_some_and(|application| application.sign_up),
        "guests": accounts.limits.guest_links_per_user > 0,
    })))
}

/// The application that the page is for, if there is one.
fn published(store: &Store, page: WebPage) -> Result<Option<Application>, StoreError> {
    match page {
        WebPage::Off => Ok(None),
        WebPage::Of(id) => store.application(id),
        WebPage::Only => Ok(match &store.applications()?[..] {
            [only] => Some(only.clone()),
            _ => None,
        }),
    }
}

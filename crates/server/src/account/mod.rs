//! Accounts over HTTP: sessions, logins, users, discovery.
//!
//! Speaks the REST interface of wire format section 1, form and JSON alike.
//! Never tells users of one application anything about another, and never
//! logs a secret or a body.

mod backoff;
mod body;
mod caller;
mod cors;
mod discovery;
mod error;
mod fields;
mod find;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod gate;
mod guests;
mod ice_servers;
pub(crate) mod json;
mod login;
mod nonce;
mod page;
mod rate;
mod session;
mod signature;
mod users;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post};
use visavis_signal::UserId;

pub(crate) use gate::{Claim, Gate, Refusal};

use crate::chat::Directory;
use crate::config::{Limits, ServerConfig, WebPage};
use crate::openapi;
use crate::relay::RelayAccess;
use crate::store::{ApplicationId, StoreThread};
use crate::throttle::Throttles;
pub(crate) use error::ApiError;
use nonce::Nonces;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Accounts {
    pub(crate) store: StoreThread,
    pub(crate) gate: Arc<Gate>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) limits: Limits,
    pub(crate) relay: Option<RelayAccess>,
    pub(crate) domain: String,
    pub(crate) web: WebPage,
    /// Where chat is over TCP, and over TLS.
    pub(crate) xmpp: Option<SocketAddr>,
    pub(crate) xmpps: Option<SocketAddr>,
    nonces: Mutex<Nonces>,
    guest_rates: Throttles<(ApplicationId, UserId)>,
}

impl Accounts {
    pub(crate) fn new(
        store: StoreThread,
        gate: Arc<Gate>,
        directory: Arc<Directory>,
        config: &ServerConfig,
        relay: Option<RelayAccess>,
        [xmpp, xmpps]: [Option<SocketAddr>; 2],
    ) -> Self {
        Self {
            store,
            gate,
            directory,
            limits: config.limits.clone(),
            relay,
            domain: config.domain.clone(),
            web: config.web,
            xmpp,
            xmpps,
            nonces: Mutex::new(Nonces::default()),
            guest_rates: Throttles::new(guests::RATE),
        }
    }
}

/// The routes, their paths without the `.json` that clients append.
pub(crate) fn routes(accounts: Arc<Accounts>) -> Router {
    let rates = Arc::new(Throttles::new(accounts.limits.requests_per_second));
    let with_session = Router::new()
        .route("/session", get(session::show).delete(session::destroy))
        .route("/login", post(login::log_in).delete(login::log_out))
        .route("/users", get(users::list).post(users::create))
        .route("/users/by_login", get(users::by_login))
        .route("/users/by_email", get(users::by_email))
        .route("/users/by_facebook_id", get(users::by_facebook_id))
        .route("/users/by_twitter_id", get(users::by_twitter_id))
        .route("/users/phone", get(users::by_phone))
        .route("/users/by_phone", get(users::by_phone))
        .route("/users/by_full_name", get(users::by_full_name))
        .route("/users/by_tags", get(users::by_tags))
        .route(
            "/users/external/{id}",
            get(users::by_external_id).delete(users::delete_by_external_id),
        )
        .route(
            "/users/{id}",
            get(users::show).put(users::update).delete(users::delete),
        )
        .route("/guest_links", get(guests::list).post(guests::create))
        .route("/guest_links/{id}", delete(guests::revoke))
        .route("/ice_servers", get(ice_servers::ice_servers))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&accounts),
            caller::require_session,
        ));
    Router::new()
        .route("/session", post(session::create))
        .route("/session/link", post(guests::open))
        .merge(with_session)
        .route("/web", get(page::settings))
        .route("/.well-known/host-meta.json", get(discovery::host_meta))
        .route("/.well-known/host-meta", get(discovery::host_meta_xml))
        .route("/openapi", openapi::described(include_str!("openapi.json")))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .fallback(async || ApiError::NotFound)
        .with_state(accounts)
        .layer(middleware::from_fn_with_state(rates, rate::bound))
}

/// Adds what browsers need to every answer, of other routes too.
pub(crate) fn with_cors(routes: Router) -> Router {
    routes.layer(middleware::from_fn(cors::allow))
}

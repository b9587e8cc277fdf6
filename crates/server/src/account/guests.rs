//! `/guest_links.json` and `/session/link.json`: links by which people without
//! an account come in.
//!
//! Whoever opens a link says its token in the body of a request, so that no log
//! and no referrer has it. An unknown one, one that has ended and one that is
//! used up are answered alike.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use visavis_signal::UserId;

use super::Accounts;
use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::json;
use super::session::DONE;
use crate::clock::UnixTime;
use crate::store::{ApplicationId, GuestLink, GuestLinkError, Token};

const DAY: u64 = 24 * 60 * 60;

/// How long a link may live, in seconds.
const LIVES: RangeInclusive<u64> = 60..=30 * DAY;

/// How many may come by one link.
const USES: RangeInclusive<u64> = 1..=50;

/// Links that one user makes, and guests who come to one, a second on average.
pub(super) const RATE: u32 = 1;

impl From<GuestLinkError> for ApiError {
    fn from(error: GuestLinkError) -> Self {
        match error {
            GuestLinkError::TooMany { .. } => {
                Self::Forbidden("Forbidden. There are too many guest links: revoke one.")
            }
            GuestLinkError::Store(error) => error.into(),
        }
    }
}

/// `POST /guest_links.json`. The token is told here, and never again.
pub(super) async fn create(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let host = (caller.session.application, caller.member(&accounts).await?);
    let life = Duration::from_secs(number(&fields, "seconds", LIVES, DAY)?);
    let uses = number(&fields, "uses", USES, 1)?;
    let uses = u32::try_from(uses).unwrap_or(1);
    let limit = accounts.limits.guest_links_per_user;
    if limit == 0 {
        return Err(ApiError::Forbidden("Forbidden. There are no guests here."));
    }
    accounts.admit_one(host)?;
    let (token, link) = accounts
        .store
        .run(move |store| {
            store
                .create_guest_link(host, uses, life, limit, UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?;
    let mut shown = shown(&link);
    shown["guest_link"]["token"] = token.reveal().into();
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// `GET /guest_links.json`.
pub(super) async fn list(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    let (application, host) = (caller.session.application, caller.user()?);
    let links = accounts
        .store
        .read(move |store| store.guest_links(application, host).map_err(ApiError::from))
        .await?;
    let items: Vec<Value> = links.iter().map(shown).collect();
    Ok(Json(json!({"items": items})))
}

/// `DELETE /guest_links/{id}.json`. Those who came by it are gone at once.
pub(super) async fn revoke(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<&'static str, ApiError> {
    let (application, host) = (caller.session.application, caller.user()?);
    let id = id.parse().map_err(|_| ApiError::NotFound)?;
    let guests = accounts
        .store
        .run(move |store| {
            store
                .revoke_guest_link(application, host, id)
                .map_err(ApiError::from)
        })
        .await?
        .ok_or(ApiError::NotFound)?;
    for guest in guests {
        accounts.directory.end_user(application, guest);
    }
    Ok(DONE)
}

/// `POST /session/link.json`: a session for a guest.
pub(super) async fn open(
    State(accounts): State<Arc<Accounts>>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let token = fields
        .get("token")
        .ok_or_else(|| ApiError::Invalid("token", "is required".to_owned()))?;
    let hash = Token::parse(token).ok_or(ApiError::NotFound)?.hash();
    let name = fields.get("name").map(str::to_owned);
    let link = accounts
        .store
        .read(move |store| {
            store
                .open_guest_link(&hash, UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?
        .ok_or(ApiError::NotFound)?;
    accounts.admit_one((link.application, link.host))?;
    let admitted = accounts
        .store
        .run(move |store| {
            store
                .admit_guest(&hash, name.as_deref(), UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?
        .ok_or(ApiError::NotFound)?;
    let caller = Caller {
        session: admitted.session,
        token: admitted.token,
    };
    let mut body = json::session(&caller);
    body["user"] = json::user(&admitted.user)["user"].take();
    // No more of the host than who he is.
    body["host"] = json!({"id": admitted.host.id.0, "full_name": admitted.host.full_name});
    body["expires_at"] = admitted.expires_at.to_string().into();
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

impl Accounts {
    /// Takes one from what a host may spend on guests.
    fn admit_one(&self, host: (ApplicationId, UserId)) -> Result<(), ApiError> {
        let now = Instant::now();
        let taken = self.guest_rates.of(host, now).try_take(now);
        taken.map_err(ApiError::TooMany)
    }
}

fn shown(link: &GuestLink) -> Value {
    json!({"guest_link": {
        "id": link.id,
        "uses_left": link.uses_left,
        "created_at": link.created_at.to_string(),
        "expires_at": link.expires_at.to_string(),
    }})
}

fn number(
    fields: &Fields,
    name: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64, ApiError> {
    let Some(text) = fields.get(name) else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (low, high) = (range.start(), range.end());
        ApiError::Invalid(name, format!("is not a number from {low} to {high}"))
    })
}

//! `/session.json`: asking for a session, showing it, ending it (wire format
//! section 1.2).

use std::sync::{Arc, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::caller::{Caller, EXPIRATION, expiration};
use super::error::ApiError;
use super::fields::Fields;
use super::login::Credentials;
use super::{Accounts, json, signature};
use crate::accept::Peer;
use crate::clock::UnixTime;
use crate::store::{Application, ApplicationId};

/// The farthest a request's timestamp may be from the server's clock, in
/// seconds.
const MAX_CLOCK_ERROR: u64 = 60 * 60;

/// What DELETE is answered with: clients read it as text.
pub(super) const DONE: &str = " ";

/// `POST /session.json`.
pub(super) async fn create(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let now = UnixTime::now();
    let nonce = required_number(&fields, "nonce")?;
    let ts = required_number(&fields, "timestamp")?;
    let application = check_application(&accounts, &fields).await?;
    if now.0.abs_diff(ts) > MAX_CLOCK_ERROR {
        return Err(ApiError::Unacceptable("Bad timestamp"));
    }
    let user = match Credentials::nested(&fields)? {
        Some(credentials) => Some(
            credentials
                .admit(&accounts, application.id, &peer)
                .await?
                .id,
        ),
        None => None,
    };
    let repeated = accounts
        .nonces
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_repeated(application.id, user, ts, nonce);
    if repeated {
        tracing::warn!(
            application = application.id.0,
            "a session was asked for twice with the same timestamp and nonce"
        );
    }
    let (token, session) = accounts
        .store
        .run(move |store| {
            store
                .create_session(application.id, user, nonce, ts, now)
                .map_err(ApiError::from)
        })
        .await?;
    let ends = expiration(&accounts, &session);
    let body = Json(json::session(&Caller { session, token }));
    let mut response = (StatusCode::CREATED, body).into_response();
    if let Some(ends) = ends {
        response.headers_mut().insert(EXPIRATION, ends);
    }
    Ok(response)
}

/// The application that the request names and is signed for.
async fn check_application(accounts: &Accounts, fields: &Fields) -> Result<Application, ApiError> {
    let id = required(fields, "application_id")?;
    let key = required(fields, "auth_key")?;
    required(fields, "signature")?;
    let found = match id.parse().map(ApplicationId) {
        Ok(id) => {
            accounts
                .store
                .read(move |store| store.application(id).map_err(ApiError::from))
                .await?
        }
        Err(_) => None,
    };
    let application = found
        .filter(|application| application.has_key(key))
        .ok_or(ApiError::Unacceptable("Application not found"))?;
    if !signature::fits(fields, &application.secret) {
        return Err(ApiError::Unacceptable("Unexpected signature"));
    }
    Ok(application)
}

fn required<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, ApiError> {
    fields
        .get(name)
        .ok_or_else(|| ApiError::Invalid(name, "is required".to_owned()))
}

fn required_number(fields: &Fields, name: &'static str) -> Result<i64, ApiError> {
    required(fields, name)?
        .parse()
        .map_err(|_| ApiError::Invalid(name, "is not a number".to_owned()))
}

/// `GET /session.json`.
pub(super) async fn show(Extension(caller): Extension<Caller>) -> Response {
    Json(json::session(&caller)).into_response()
}

/// `DELETE /session.json`. Chat connections opened with the token end too.
pub(super) async fn destroy(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
) -> Result<&'static str, ApiError> {
    let hash = caller.token.hash();
    accounts
        .store
        .run(move |store| store.end_session(&hash).map_err(ApiError::from))
        .await?;
    accounts.directory.end_session(&hash);
    Ok(DONE)
}

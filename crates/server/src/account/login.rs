//! `/login.json`: a session gets its user, and loses it again (wire format
//! section 1.3).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::caller::Caller;
use super::error::ApiError;
use super::fields::Fields;
use super::session::DONE;
use super::{Accounts, Claim, Refusal, json};
use crate::accept::Peer;
use crate::clock::UnixTime;
use crate::store::{ApplicationId, User};

/// A name and a password, as a request has them.
pub(super) struct Credentials {
    claim: Claim,
    password: String,
}

impl Credentials {
    /// Those of `user[login]` or `user[email]` with `user[password]`; `None`
    /// when the request has none.
    pub(super) fn nested(fields: &Fields) -> Result<Option<Self>, ApiError> {
        let named = fields.members("user").next().is_some();
        if named {
            Self::read(fields, ["user[login]", "user[email]", "user[password]"]).map(Some)
        } else if fields.get("provider").is_some()
            || fields.members("firebase_phone").next().is_some()
        {
            Err(unsupported())
        } else {
            Ok(None)
        }
    }

    pub(super) fn flat(fields: &Fields) -> Result<Self, ApiError> {
        if fields.get("provider").is_some() {
            return Err(unsupported());
        }
        Self::read(fields, ["login", "email", "password"])
    }

    fn read(
        fields: &Fields,
        [login, email, password]: [&'static str; 3],
    ) -> Result<Self, ApiError> {
        let claim = match (fields.get(login), fields.get(email)) {
            (Some(login), _) => Claim::Login(login.to_owned()),
            (None, Some(email)) => Claim::Email(email.to_owned()),
            (None, None) => {
                return Err(ApiError::Invalid("login", "is required".to_owned()));
            }
        };
        let password = fields
            .get(password)
            .ok_or_else(|| ApiError::Invalid("password", "is required".to_owned()))?
            .to_owned();
        Ok(Self { claim, password })
    }

    pub(super) async fn admit(
        self,
        accounts: &Accounts,
        application: ApplicationId,
        peer: &Peer,
    ) -> Result<User, ApiError> {
        Ok(accounts
            .gate
            .by_password(application, self.claim, self.password, peer.address.ip())
            .await?)
    }
}

fn unsupported() -> ApiError {
    ApiError::Unacceptable("This provider is not supported: log in with login and password")
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong => Self::Unauthorized,
            Refusal::TooMany(after) | Refusal::Busy(after) => Self::TooMany(after),
            Refusal::Failed => Self::Internal,
        }
    }
}

/// `POST /login.json`.
pub(super) async fn log_in(
    State(accounts): State<Arc<Accounts>>,
    Extension(peer): Extension<Peer>,
    Extension(caller): Extension<Caller>,
    fields: Fields,
) -> Result<Response, ApiError> {
    let application = caller.session.application;
    let credentials = match Credentials::nested(&fields)? {
        Some(credentials) => credentials,
        None => Credentials::flat(&fields)?,
    };
    let user = credentials.admit(&accounts, application, &peer).await?;
    set_user(&accounts, &caller, Some(&user)).await?;
    Ok((StatusCode::ACCEPTED, Json(json::user(&user))).into_response())
}

/// `DELETE /login.json`.
pub(super) async fn log_out(
    State(accounts): State<Arc<Accounts>>,
    Extension(caller): Extension<Caller>,
) -> Result<&'static str, ApiError> {
    set_user(&accounts, &caller, None).await?;
    Ok(DONE)
}

/// Gives the session another user. Chat connections that the former one
/// opened with its token end.
async fn set_user(
    accounts: &Accounts,
    caller: &Caller,
    user: Option<&User>,
) -> Result<(), ApiError> {
    let (hash, id) = (caller.token.hash(), user.map(|user| user.id));
    let found = accounts
        .store
        .run(move |store| {
            store
                .set_session_user(&hash, id, UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?;
    if !found {
        return Err(ApiError::NoSession);
    }
    if caller.session.user.is_some() && caller.session.user != id {
        accounts.directory.end_session(&hash);
    }
    Ok(())
}

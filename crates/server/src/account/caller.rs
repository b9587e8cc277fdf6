//! Who is calling: the session of the `QB-Token` header.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use visavis_signal::UserId;

use super::Accounts;
use super::error::ApiError;
use crate::clock::UnixTime;
use crate::store::{Application, Session, Token};

/// The request header with the token.
const TOKEN: HeaderName = HeaderName::from_static("qb-token");

/// The response header that says when the token ends.
pub(super) const EXPIRATION: HeaderName = HeaderName::from_static("qb-token-expirationdate");

/// A caller with a live session.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) session: Session,
    pub(super) token: Token,
}

impl Caller {
    /// The user who is logged in.
    pub(super) fn user(&self) -> Result<UserId, ApiError> {
        self.session.user.ok_or(ApiError::NeedUser)
    }

    /// The user who is logged in and is nobody's guest.
    pub(super) async fn member(&self, accounts: &Accounts) -> Result<UserId, ApiError> {
        let (application, user) = (self.session.application, self.user()?);
        let guest = accounts
            .store
            .read(move |store| store.guest(application, user).map_err(ApiError::from))
            .await?;
        match guest {
            None => Ok(user),
            Some(_) => Err(ApiError::Forbidden("Forbidden. This is not for guests.")),
        }
    }

    /// The caller's application.
    pub(super) async fn application(&self, accounts: &Accounts) -> Result<Application, ApiError> {
        let id = self.session.application;
        accounts
            .store
            .read(move |store| store.application(id).map_err(ApiError::from))
            .await?
            .ok_or(ApiError::NoSession)
    }

    /// Succeeds if the caller may read about users: one of them, or anybody
    /// where anybody may become one. The application's secret alone is in
    /// every copy of the app and opens nothing.
    pub(super) async fn check_reader(&self, accounts: &Accounts) -> Result<(), ApiError> {
        if self.session.user.is_some() || self.application(accounts).await?.sign_up {
            Ok(())
        } else {
            Err(ApiError::NeedUser)
        }
    }
}

/// Lets a request through if it has a live session, and tells when that ends.
pub(super) async fn require_session(
    State(accounts): State<Arc<Accounts>>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let token = request
        .headers()
        .get(TOKEN)
        .and_then(|value| Token::parse(value.to_str().ok()?))
        .ok_or(ApiError::NoSession)?;
    let (hash, idle) = (token.hash(), accounts.limits.session_idle);
    let session = accounts
        .store
        .run(move |store| {
            store
                .use_session(&hash, idle, UnixTime::now())
                .map_err(ApiError::from)
        })
        .await?
        .ok_or(ApiError::NoSession)?;
    let ends = expiration(&accounts, &session);
    request.extensions_mut().insert(Caller { session, token });
    let mut response = next.run(request).await;
    if let Some(ends) = ends {
        response.headers_mut().entry(EXPIRATION).or_insert(ends);
    }
    Ok(response)
}

/// When the session ends if it is not used again.
pub(super) fn expiration(accounts: &Accounts, session: &Session) -> Option<HeaderValue> {
    let ends = session.used_at.plus(accounts.limits.session_idle);
    HeaderValue::from_str(&ends.header_form()).ok()
}

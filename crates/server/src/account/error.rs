//! Errors of the REST interface, in the documented shapes (wire format
//! section 1.4).

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::fields::FieldsError;
use crate::store::{
    AddUserError, FieldError, PasswordError, StoreError, UpdateUserError, UserField,
};

/// What a request is answered with when it cannot be done.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// No token, an unknown one, or one that has expired.
    NoSession,
    /// Login and password do not belong together.
    Unauthorized,
    /// Only somebody who is logged in may do this.
    NeedUser,
    /// Whoever asks has no right to this.
    Forbidden(&'static str),
    /// There is no such thing, or it belongs to another application.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// A field is missing or not acceptable: its name, and what is wrong.
    Invalid(&'static str, String),
    /// The request as a whole is not acceptable.
    Unacceptable(&'static str),
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body did not arrive in time.
    TooSlow,
    /// Too many failures or too much waiting; again after this time.
    TooMany(Duration),
    /// The server itself has failed; the cause is in its log.
    Internal,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSession | Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NeedUser | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(..) | Self::Unacceptable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::NoSession => base("Required session does not exist"),
            Self::Unauthorized => json!({"errors": ["Unauthorized"]}),
            Self::NeedUser => base("Forbidden. Need user."),
            Self::Forbidden(why) | Self::Unacceptable(why) => base(why),
            Self::NotFound => message("Entity you are looking for was not found."),
            Self::MethodNotAllowed => message("The method is not allowed here."),
            Self::Invalid(field, problem) => json!({"errors": {(*field): [problem]}}),
            Self::TooLarge(limit) => base(&format!("The body is larger than {limit} bytes")),
            Self::TooSlow => base("The body did not arrive in time"),
            Self::TooMany(_) => json!({"errors": ["Too Many Requests"]}),
            Self::Internal => message("The server has failed."),
        }
    }
}

fn base(problem: &str) -> Value {
    json!({"errors": {"base": [problem]}})
}

fn message(text: &str) -> Value {
    json!({"code": null, "message": text})
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.body())).into_response();
        if let Self::TooMany(after) = self {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        Self::Internal
    }
}

impl From<FieldsError> for ApiError {
    fn from(error: FieldsError) -> Self {
        match error {
            FieldsError::Json => Self::Unacceptable("The body is not a JSON object"),
            FieldsError::TooMany => Self::Unacceptable("The body has too many fields"),
        }
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.field.column(), error.problem.to_string())
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        let problem = match error {
            PasswordError::Empty => "can't be blank",
            PasswordError::TooLong => "is too long (maximum is 256 bytes)",
            PasswordError::LooksLikeToken => "cannot look like a session token",
            PasswordError::Unhashable => return Self::Internal,
        };
        Self::Invalid("password", problem.to_owned())
    }
}

impl From<AddUserError> for ApiError {
    fn from(error: AddUserError) -> Self {
        match error {
            AddUserError::Taken(field) => taken(field),
            AddUserError::IdTaken(_) => taken(UserField::Id),
            AddUserError::Field(error) => error.into(),
            AddUserError::NoSuchApplication(_) => Self::NoSession,
            AddUserError::IdOutOfRange => {
                tracing::error!("all user ids have been given out");
                Self::Internal
            }
            AddUserError::Store(error) => error.into(),
        }
    }
}

impl From<UpdateUserError> for ApiError {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::NoSuchUser => Self::NotFound,
            UpdateUserError::Taken(field) => taken(field),
            UpdateUserError::Field(error) => error.into(),
            UpdateUserError::Store(error) => error.into(),
        }
    }
}

fn taken(field: UserField) -> ApiError {
    ApiError::Invalid(field.column(), "has already been taken".to_owned())
}

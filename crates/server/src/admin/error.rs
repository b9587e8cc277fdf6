//! What a request of the operator is answered with when it cannot be done:
//! `{"error":{"field":…,"message":…}}`. The field is null where it is not
//! about one.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::account::Refusal;
use crate::store::{
    AddApplicationError, AddUserError, FieldError, ImportError, PasswordError, StoreError,
    UpdateUserError, UserField,
};

/// See the [module](self).
#[derive(Debug)]
pub(super) enum AdminError {
    /// The token is missing or wrong.
    Unauthorized,
    /// There is no such thing.
    NotFound(String),
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request as a whole is not acceptable.
    Unacceptable(String),
    /// A field is missing or not acceptable.
    Field(String, String),
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body did not arrive in time.
    TooSlow,
    /// Too many passwords are being hashed.
    Busy,
    /// The server itself has failed.
    Internal(String),
}

impl AdminError {
    pub(super) fn no_such(what: &str) -> Self {
        Self::NotFound(format!("there is no such {what}"))
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let unauthorized = matches!(self, Self::Unauthorized);
        let (status, field, message) = match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                None,
                "the admin token is missing or wrong".to_owned(),
            ),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, None, message),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                None,
                "the method is not allowed here".to_owned(),
            ),
            Self::Unacceptable(message) => (StatusCode::UNPROCESSABLE_ENTITY, None, message),
            Self::Field(field, message) => (StatusCode::UNPROCESSABLE_ENTITY, Some(field), message),
            Self::TooLarge(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                None,
                format!("the body is larger than {limit} bytes"),
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                None,
                "the body did not arrive in time".to_owned(),
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                None,
                "too many passwords are being hashed: try again".to_owned(),
            ),
            Self::Internal(message) => (StatusCode::INTERNAL_SERVER_ERROR, None, message),
        };
        let body = Json(json!({"error": {"field": field, "message": message}}));
        let mut response = (status, body).into_response();
        if unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request of the operator failed");
        Self::Internal(error.to_string())
    }
}

impl From<AddApplicationError> for AdminError {
    fn from(error: AddApplicationError) -> Self {
        let field = match error {
            AddApplicationError::IdTaken(_) | AddApplicationError::IdOutOfRange => "id",
            AddApplicationError::InvalidKey => "key",
            AddApplicationError::InvalidSecret => "secret",
            AddApplicationError::Store(error) => return error.into(),
        };
        Self::Field(field.to_owned(), error.to_string())
    }
}

impl From<AddUserError> for AdminError {
    fn from(error: AddUserError) -> Self {
        let field = match error {
            AddUserError::NoSuchApplication(_) => return Self::NotFound(error.to_string()),
            AddUserError::IdTaken(_) | AddUserError::IdOutOfRange => UserField::Id,
            AddUserError::Taken(field) | AddUserError::Field(FieldError { field, .. }) => field,
            AddUserError::Store(error) => return error.into(),
        };
        Self::Field(field.column().to_owned(), error.to_string())
    }
}

impl From<UpdateUserError> for AdminError {
    fn from(error: UpdateUserError) -> Self {
        let field = match error {
            UpdateUserError::NoSuchUser => return Self::NotFound(error.to_string()),
            UpdateUserError::Taken(field) | UpdateUserError::Field(FieldError { field, .. }) => {
                field
            }
            UpdateUserError::Store(error) => return error.into(),
        };
        Self::Field(field.column().to_owned(), error.to_string())
    }
}

impl From<PasswordError> for AdminError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Unhashable => Self::Internal(error.to_string()),
            _ => Self::Field("password".to_owned(), error.to_string()),
        }
    }
}

impl From<ImportError> for AdminError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            error => Self::Unacceptable(error.to_string()),
        }
    }
}

impl From<Refusal> for AdminError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy(_) | Refusal::TooMany(_) => Self::Busy,
            Refusal::Wrong | Refusal::Failed => {
                Self::Internal("the password could not be hashed".to_owned())
            }
        }
    }
}

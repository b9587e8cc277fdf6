//! The body of a request: a JSON object, taken field by field so that every
//! complaint names one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};
use tokio::time;

use super::Admin;
use super::error::AdminError;
use crate::store::{Profile, UserField};

/// Largest JSON body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The fields that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl FromRequest<Arc<Admin>> for Body {
    type Rejection = AdminError;

    async fn from_request(request: Request, admin: &Arc<Admin>) -> Result<Self, AdminError> {
        let bytes = read(request, admin, MAX_BODY).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            AdminError::Unacceptable(format!("the body is no JSON object: {error}"))
        })
    }
}

/// Reads a body of `limit` bytes at most.
pub(super) async fn read(
    request: Request,
    admin: &Admin,
    limit: usize,
) -> Result<Bytes, AdminError> {
    let body = axum::body::to_bytes(request.into_body(), limit);
    time::timeout(admin.request_time, body)
        .await
        .map_err(|_| AdminError::TooSlow)?
        .map_err(|_| AdminError::TooLarge(limit))
}

impl Body {
    /// A text; `None` when it is left out or null.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, AdminError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "has to be a text")),
        }
    }

    /// A number from 0 to 4294967295; `None` when it is left out or null.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u32>, AdminError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .and_then(|number| number.try_into().ok())
                .map(Some)
                .ok_or_else(|| wrong(name, "has to be a number from 1 to 4294967295")),
        }
    }

    /// True or false; `None` when it is left out or null.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, AdminError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(wrong(name, "has to be true or false")),
        }
    }

    /// The fields of a user; null empties one.
    pub(super) fn profile(&mut self) -> Result<Profile, AdminError> {
        let mut profile = Profile::new();
        for field in UserField::ALL
            .into_iter()
            .filter(|field| field.is_settable())
        {
            let name = field.column();
            let value = match self.0.remove(name) {
                None => continue,
                Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text),
                Some(Value::Number(number)) => Some(number.to_string()),
                Some(_) => return Err(wrong(name, "has to be a text")),
            };
            profile.insert(field, value);
        }
        Ok(profile)
    }

    /// Succeeds when every field has been taken.
    pub(super) fn finish(self) -> Result<(), AdminError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(wrong(name, "is not known here")),
        }
    }
}

pub(super) fn missing(name: &str) -> AdminError {
    wrong(name, "is missing")
}

fn wrong(name: &str, problem: &str) -> AdminError {
    AdminError::Field(name.to_owned(), format!("{name} {problem}"))
}

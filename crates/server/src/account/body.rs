//! Reading the fields of a request, within the bounds of size and time.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, header};
use futures_util::StreamExt;
use tokio::time;

use super::Accounts;
use super::error::ApiError;
use super::fields::Fields;

impl FromRequest<Arc<Accounts>> for Fields {
    type Rejection = ApiError;

    /// Takes the query of a GET or DELETE, the body of anything else.
    async fn from_request(
        request: Request,
        accounts: &Arc<Accounts>,
    ) -> Result<Self, Self::Rejection> {
        if matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::DELETE
        ) {
            let query = request.uri().query().unwrap_or_default();
            return Ok(Self::of_form(query.as_bytes())?);
        }
        let limit = accounts.limits.body_bytes;
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(ApiError::TooLarge(limit));
        }
        let (parts, body) = request.into_parts();
        let body = time::timeout(accounts.limits.request_time, read(body, limit))
            .await
            .map_err(|_| ApiError::TooSlow)??;
        Ok(Self::of_body(&parts.headers, &body)?)
    }
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::Unacceptable("The body broke off"))?;
        if bytes.len() + chunk.len() > limit {
            return Err(ApiError::TooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

//! Just enough HTTP/1.1 to ask the accounts service a few questions.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, DATE, HOST};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::time::timeout;

use crate::stream::{self, Endpoint};

/// How long one question may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address is not `http://` or `https://` with a host: the app.
    #[error("not an http:// or https:// address")]
    Address,
    /// Nobody answers: the network, or the operator.
    #[error(transparent)]
    Connect(#[from] io::Error),
    /// The server does not speak HTTP, or broke off: the operator.
    #[error("the server does not answer as HTTP prescribes")]
    Protocol(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Asks one server.
pub(crate) struct Client {
    base: String,
    endpoint: Endpoint,
    authority: String,
    path: String,
    tls: Arc<ClientConfig>,
}

/// A request below the base address.
pub(crate) struct Question {
    method: Method,
    path: String,
    token: Option<String>,
    form: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The server's time (RFC 9110 section 6.6.1).
    pub(crate) date: Option<SystemTime>,
    pub(crate) body: Bytes,
}

impl Question {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            token: None,
            form: None,
        }
    }

    pub(crate) fn post<V: AsRef<str>>(path: &str, fields: &[(&str, V)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self {
            method: Method::POST,
            path: path.to_owned(),
            token: None,
            form: Some(form),
        }
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }
}

impl Client {
    pub(crate) fn new(base: &str, tls: Arc<ClientConfig>) -> Result<Self, HttpError> {
        let base = base.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| HttpError::Address)?;
        let endpoint = Endpoint::of(&uri, "http", "https").ok_or(HttpError::Address)?;
        let authority = uri.authority().ok_or(HttpError::Address)?.to_string();
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            base: base.to_owned(),
            endpoint,
            authority,
            path,
            tls,
        })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn ask(&self, question: Question) -> Result<Answer, HttpError> {
        timeout(TIMEOUT, self.exchange(question))
            .await
            .unwrap_or_else(|_| Err(HttpError::Connect(io::ErrorKind::TimedOut.into())))
    }

    async fn exchange(&self, question: Question) -> Result<Answer, HttpError> {
        let stream = stream::connect(&self.endpoint, &self.tls).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(protocol)?;
        let driving = tokio::spawn(connection);

        let mut request = Request::builder()
            .method(question.method)
            .uri(format!("{}/{}", self.path, question.path))
            .header(HOST, &self.authority);
        if let Some(token) = &question.token {
            request = request.header("QB-Token", token);
        }
        if question.form.is_some() {
            request = request.header(
                CONTENT_TYPE,
                "application/x-www-form-urlencoded; charset=UTF-8",
            );
        }
        let body = Full::new(Bytes::from(question.form.unwrap_or_default()));
        let request = request.body(body).map_err(protocol)?;

        let response = sender.send_request(request).await.map_err(protocol)?;
        let status = response.status();
        let date = response
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let body = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await
            .map_err(HttpError::Protocol)?;
        driving.abort();
        Ok(Answer {
            status,
            date,
            body: body.to_bytes(),
        })
    }
}

fn protocol(error: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::Protocol(Box::new(error))
}

//! The admin interface of a running server, as the command line uses it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use visavis_server::RunningServer;

use crate::exit::{Failure, Reason};

/// A connection to a running server.
#[derive(Debug)]
pub(crate) struct Admin {
    server: RunningServer,
    requests: http1::SendRequest<Full<Bytes>>,
}

/// What the server says.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is done; null where there is nothing to say.
    Done(Value),
    /// There is no such thing.
    NotFound(Failure),
}

impl Answer {
    /// Success, or why not.
    pub(crate) fn done(self) -> Result<Value, Failure> {
        match self {
            Self::Done(value) => Ok(value),
            Self::NotFound(failure) => Err(failure),
        }
    }
}

/// What is sent along.
#[derive(Debug)]
pub(crate) enum Body {
    Nothing,
    Json(Value),
    Csv(String),
}

impl Admin {
    /// Connects; `None` when nobody answers there any more.
    pub(crate) async fn connect(server: RunningServer) -> Option<Self> {
        let stream = TcpStream::connect(server.address).await.ok()?;
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self { server, requests })
    }

    pub(crate) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Answer, Failure> {
        let away = |error: hyper::Error| Failure::of(Reason::Unreachable, &error);
        let (kind, body) = match body {
            Body::Nothing => ("application/json", Bytes::new()),
            Body::Json(value) => ("application/json", value.to_string().into()),
            Body::Csv(text) => ("text/csv", text.into()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.address.to_string())
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.server.token.reveal()),
            )
            .header(CONTENT_TYPE, kind)
            .body(Full::new(body))
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        self.requests.ready().await.map_err(away)?;
        let response = self.requests.send_request(request).await.map_err(away)?;
        let status = response.status();
        let bytes = response.into_body().collect().await.map_err(away)?;
        let bytes = bytes.to_bytes();
        let value = serde_json::from_slice(&bytes).unwrap_or_default();
        understand(status, value)
    }
}

fn understand(status: StatusCode, value: Value) -> Result<Answer, Failure> {
    if status.is_success() {
        return Ok(Answer::Done(value));
    }
    let reason = match status {
        StatusCode::UNAUTHORIZED => Reason::Refused,
        _ if status.is_client_error() => Reason::Usage,
        _ => Reason::Source,
    };
    let message = value["error"]["message"].as_str();
    let failure = match message {
        Some(message) => Failure::new(reason, message),
        None => Failure::new(reason, format_args!("the server answers {status}")),
    };
    if status == StatusCode::NOT_FOUND {
        Ok(Answer::NotFound(failure))
    } else {
        Err(failure)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_has_to_act_is_told_by_the_exit_code() {
        let told = |status: u16| {
            let error = json!({"error": {"field": null, "message": "why"}});
            let failure = understand(StatusCode::from_u16(status).unwrap(), error).unwrap_err();
            assert_eq!(failure.to_string(), "why");
            failure.reason
        };
        assert_eq!(told(422), Reason::Usage);
        assert_eq!(told(401), Reason::Refused);
        assert_eq!(told(500), Reason::Source);
        let missing = understand(StatusCode::NOT_FOUND, Value::Null).unwrap();
        assert!(matches!(missing, Answer::NotFound(_)));
    }
}

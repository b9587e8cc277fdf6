//! The operator: JSON with the admin token.

use axum::body::Body;
use axum::http::Method;
use serde_json::Value;
use visavis_server::RunningServer;

use super::rest::{Answer, Rest};
use super::{APP, Running};

pub(crate) struct Operator {
    rest: Rest,
    pub(crate) token: String,
}

impl Operator {
    /// With the address and the token that the server leaves for the command
    /// line.
    pub(crate) fn of(running: &Running) -> Self {
        let found = RunningServer::find(&running.config.data_dir).unwrap();
        let found = found.unwrap();
        Self {
            rest: Rest::new(&format!("http://{}", found.address), APP),
            token: found.token.reveal().to_owned(),
        }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: impl ToString) -> Answer {
        let request = self
            .rest
            .request(method, path)
            .header("Authorization", format!("Bearer {}", self.token))
            .body(Body::from(body.to_string()));
        self.rest.ask(request.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, "").await
    }
}

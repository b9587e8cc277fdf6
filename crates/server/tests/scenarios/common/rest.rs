//! A REST client as the official one is: form bodies, tokens in a header.

use std::net::SocketAddr;
use std::pin::Pin;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header, request};
use form_urlencoded::Serializer;
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use visavis_server::UnixTime;

use super::chat::Socket;
use super::{password, soon};

pub(crate) struct Rest {
    pub(crate) address: SocketAddr,
    /// Encrypted, as `localhost`.
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) application: u32,
    pub(crate) token: Option<String>,
}

/// An answer: status, JSON body (`null` when it is none), headers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) headers: HeaderMap,
}

impl Rest {
    pub(crate) fn new(base: &str, application: u32) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            tls: None,
            application,
            token: None,
        }
    }

    /// A client that is logged in.
    pub(crate) async fn logged_in(mut self, user: u32) -> Self {
        let answer = self.create_session(&credentials(user)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        self.token = Some(answer.token());
        self
    }

    /// Asks for a session, properly signed.
    pub(crate) async fn create_session(&self, more: &[(&str, &str)]) -> Answer {
        let fields = self.signed(UnixTime::now().0, more);
        self.send(Method::POST, "/session.json", &fields).await
    }

    /// The fields of a session request with its signature.
    pub(crate) fn signed(&self, timestamp: i64, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = vec![
            ("application_id".into(), self.application.to_string()),
            ("auth_key".into(), format!("key{}", self.application)),
            ("nonce".into(), "5156".into()),
            ("timestamp".into(), timestamp.to_string()),
        ];
        fields.extend(owned(more));
        let signature = self.signature(&fields);
        fields.push(("signature".into(), signature));
        fields
    }

    pub(crate) fn signature(&self, fields: &[(String, String)]) -> String {
        self.signed_by::<Hmac<Sha1>>(fields)
    }

    pub(crate) fn sha256_signature(&self, fields: &[(String, String)]) -> String {
        self.signed_by::<Hmac<Sha256>>(fields)
    }

    fn signed_by<M: Mac + KeyInit>(&self, fields: &[(String, String)]) -> String {
        let signed = fields.iter().filter(|(name, _)| name != "signature");
        let mut parts: Vec<_> = signed.map(|(k, v)| format!("{k}={v}")).collect();
        parts.sort();
        let key = format!("secret{}", self.application);
        let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(parts.join("&").as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &owned(fields)).await
    }

    pub(crate) async fn put(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::PUT, path, &owned(fields)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        fields: &[(String, String)],
    ) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let kind = "application/x-www-form-urlencoded; charset=UTF-8";
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, kind);
        self.ask(request.body(Body::from(form)).unwrap()).await
    }

    pub(crate) async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self
            .request(method, path)
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// A request with the headers that every call has.
    pub(crate) fn request(&self, method: Method, path: &str) -> request::Builder {
        let host = match self.tls {
            Some(_) => format!("localhost:{}", self.address.port()),
            None => self.address.to_string(),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host)
            .header("QB-OS", "Linux")
            .header("QB-SDK", "JS 2.23.0 - Client");
        if let Some(token) = &self.token {
            request = request.header("QB-Token", token);
        }
        request
    }

    /// Sends a request over a connection of its own.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        self.try_to_ask(request).await.unwrap()
    }

    pub(crate) async fn try_to_ask(&self, request: Request<Body>) -> hyper::Result<Answer> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let stream: Pin<Box<dyn Socket>> = match &self.tls {
            None => Box::pin(stream),
            Some(tls) => {
                let name = ServerName::try_from("localhost").unwrap();
                Box::pin(tls.connect(name, stream).await.unwrap())
            }
        };
        let (mut sender, connection) = soon(http1::handshake(TokioIo::new(stream))).await?;
        tokio::spawn(connection);
        let response = soon(sender.send_request(request)).await?;
        let (parts, body) = response.into_parts();
        let mut chunks = Body::new(body).into_data_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = soon(chunks.next()).await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        let text = String::from_utf8(bytes).unwrap();
        Ok(Answer {
            status: parts.status.as_u16(),
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
            headers: parts.headers,
        })
    }
}

impl Answer {
    pub(crate) fn token(&self) -> String {
        self.body["session"]["token"].as_str().unwrap().to_owned()
    }

    /// Status and body in one, for comparing.
    pub(crate) fn parts(&self) -> (u16, Value) {
        (self.status, self.body.clone())
    }
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

/// Login and password of a session request.
pub(crate) fn credentials(user: u32) -> [(&'static str, &'static str); 2] {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    [
        ("user[login]", leak(format!("user{user}"))),
        ("user[password]", leak(password(user))),
    ]
}

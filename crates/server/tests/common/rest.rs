//! A REST client as the official one is: form bodies, tokens in a header.

use std::sync::Once;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use sha1::Sha1;
use visavis_server::UnixTime;

use super::{password, soon};

pub struct Rest {
    pub client: Client,
    pub base: String,
    pub application: u32,
    pub token: Option<String>,
}

/// An answer: status, JSON body (`null` when it is none), headers.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

pub fn client() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
    Client::builder().no_proxy()
}

impl Rest {
    pub fn new(base: &str, application: u32) -> Self {
        Self {
            client: client().build().unwrap(),
            base: base.to_owned(),
            application,
            token: None,
        }
    }

    /// A client that is logged in.
    pub async fn logged_in(mut self, user: u32) -> Self {
        let answer = self.create_session(&credentials(user)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        self.token = Some(answer.token());
        self
    }

    /// Asks for a session, properly signed.
    pub async fn create_session(&self, more: &[(&str, &str)]) -> Answer {
        let fields = self.signed(UnixTime::now().0, more);
        self.send(Method::POST, "/session.json", &fields).await
    }

    /// The fields of a session request with its signature.
    pub fn signed(&self, timestamp: i64, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = vec![
            ("application_id".into(), self.application.to_string()),
            ("auth_key".into(), format!("key{}", self.application)),
            ("nonce".into(), "5156".into()),
            ("timestamp".into(), timestamp.to_string()),
        ];
        fields.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let signature = self.signature(&fields);
        fields.push(("signature".into(), signature));
        fields
    }

    pub fn signature(&self, fields: &[(String, String)]) -> String {
        let mut parts: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        parts.sort();
        let key = format!("secret{}", self.application);
        let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(parts.join("&").as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[]).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &owned(fields)).await
    }

    pub async fn put(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::PUT, path, &owned(fields)).await
    }

    pub async fn send(&self, method: Method, path: &str, fields: &[(String, String)]) -> Answer {
        let mut request = self.request(method, path);
        if !fields.is_empty() {
            request = request.form(fields);
        }
        answer(soon(request.send()).await.unwrap()).await
    }

    pub async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).json(body);
        answer(soon(request.send()).await.unwrap()).await
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("QB-OS", "Linux")
            .header("QB-SDK", "JS 2.23.0 - Client");
        if let Some(token) = &self.token {
            request = request.header("QB-Token", token);
        }
        request
    }
}

pub async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = soon(response.text()).await.unwrap();
    Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
        headers,
    }
}

impl Answer {
    pub fn token(&self) -> String {
        self.body["session"]["token"].as_str().unwrap().to_owned()
    }

    /// Status and body in one, for comparing.
    pub fn parts(&self) -> (u16, Value) {
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
pub fn credentials(user: u32) -> [(&'static str, &'static str); 2] {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    [
        ("user[login]", leak(format!("user{user}"))),
        ("user[password]", leak(password(user))),
    ]
}

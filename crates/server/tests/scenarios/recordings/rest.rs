//! The lines about REST.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Map, Value};
use visavis_server::UnixTime;

use crate::common::rest::{Answer, Rest};

/// Members whose values every server makes for itself; null or not is the same.
const MADE: [&str; 7] = [
    "token",
    "ts",
    "id",
    "_id",
    "created_at",
    "updated_at",
    "last_request_at",
];

pub(super) struct Calls {
    rest: Rest,
    asked: String,
    answer: Option<Answer>,
}

impl Calls {
    pub(super) fn new(rest: Rest) -> Self {
        Self {
            rest,
            asked: String::new(),
            answer: None,
        }
    }

    pub(super) async fn ask(&mut self, line: &str) {
        assert!(self.answer.is_none());
        let mut words = line.splitn(3, ' ');
        let method: Method = words.next().unwrap().parse().unwrap();
        let path = words.next().unwrap();
        let mut body = words.next().unwrap_or_default().to_owned();
        if body.contains("signature=") {
            body = self.signed(&body);
        }
        let mut request = self.rest.request(method.clone(), path);
        if method == Method::OPTIONS {
            request = request
                .header(header::ORIGIN, "http://127.0.0.1:34443")
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        } else {
            let form = "application/x-www-form-urlencoded; charset=UTF-8";
            request = request.header(header::CONTENT_TYPE, form);
        }
        path.clone_into(&mut self.asked);
        let answer = self.rest.ask(request.body(Body::from(body)).unwrap()).await;
        if answer.status == 201 && path == "/session.json" {
            self.rest.token = Some(answer.token());
        }
        self.answer = Some(answer);
    }

    /// The fields of a session request, of this moment.
    fn signed(&self, body: &str) -> String {
        let mut fields: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .filter(|(name, _)| name != "signature")
            .collect();
        for (name, value) in &mut fields {
            if name == "timestamp" {
                *value = UnixTime::now().0.to_string();
            }
        }
        let signature = self.rest.signature(&fields);
        fields.push(("signature".to_owned(), signature));
        let parts: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        parts.join("&")
    }

    pub(super) fn told(&mut self, line: &str) {
        let answer = self.answer.take().unwrap();
        let (status, body) = line.split_once(' ').unwrap_or((line, ""));
        assert_eq!(answer.status.to_string(), status, "{}", answer.text);
        if body.is_empty() {
            assert_eq!(answer.text.trim(), "");
            return;
        }
        let mut expected: Value = serde_json::from_str(body).unwrap();
        adjust(&self.asked, &mut expected);
        same("", &expected, &answer.body);
    }
}

/// What the recorded server is known to have answered wrongly.
fn adjust(asked: &str, expected: &mut Value) {
    // It read neither filter nor page: everybody came, and 10 of 5 a page.
    if asked.starts_with("/users.json?") {
        let items = expected["items"].as_array_mut().unwrap();
        items.retain(|item| [101, 102].contains(&item["user"]["id"].as_i64().unwrap()));
        expected["total_entries"] = 2.into();
        expected["per_page"] = 5.into();
    }
    // It lost the tags of new users.
    if expected["user"]["login"] == "new1" {
        expected["user"]["user_tags"] = "a,b".into();
    }
}

fn same(at: &str, expected: &Value, told: &Value) {
    match (expected, told) {
        (Value::Object(expected), Value::Object(told)) => members(at, expected, told),
        (Value::Array(expected), Value::Array(told)) => {
            assert_eq!(expected.len(), told.len(), "{at}");
            for (expected, told) in expected.iter().zip(told) {
                same(at, expected, told);
            }
        }
        _ => assert_eq!(expected, told, "{at}"),
    }
}

fn members(at: &str, expected: &Map<String, Value>, told: &Map<String, Value>) {
    for name in told.keys() {
        assert!(expected.contains_key(name), "{at}/{name} is too much");
    }
    for (name, expected) in expected {
        let at = format!("{at}/{name}");
        let told = told.get(name).unwrap_or_else(|| panic!("{at} is missing"));
        if !MADE.contains(&&**name) {
            same(&at, expected, told);
        } else if expected.is_string() || expected.is_number() {
            assert_eq!(kind(expected), kind(told), "{at}");
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "number",
        Value::String(_) => "string",
        _ => "other",
    }
}

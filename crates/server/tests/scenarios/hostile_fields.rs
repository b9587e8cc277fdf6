//! Fields made to be more than text: SQL, and signatures that are used again.

use axum::http::Method;
use serde_json::json;
use visavis_server::UnixTime;

use crate::common::chat::Chat;
use crate::common::operator::Operator;
use crate::common::rest::Rest;
use crate::common::{APP, OTHER_APP, Running, loopback, start, start_with};

/// What SQL takes for more than text, if it is not bound.
const SQL: [&str; 16] = [
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "\" OR \"\"=\"",
    "1; DELETE FROM sessions",
    "1) OR (1=1",
    "user101' --",
    "user101'/*",
    "' UNION SELECT password FROM users --",
    "%",
    "_",
    "user10%",
    "*",
    "\\",
    "?1",
    "\u{2019} OR \u{2019}1\u{2019}=\u{2019}1",
];

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn sql_is_no_login() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(102).await;
    for sql in SQL {
        for fields in [
            [("login", sql), ("password", "x")],
            [("email", sql), ("password", sql)],
            [("login", "user101"), ("password", sql)],
        ] {
            let answer = rest.post("/login.json", &fields).await;
            // Guessing is slowed down; nothing else is ever told.
            assert!(
                [401, 429].contains(&answer.status),
                "{sql}: {}",
                answer.text
            );
        }
        let nested = [("user[login]", sql), ("user[password]", "x")];
        let answer = running.rest(APP).create_session(&nested).await;
        assert!(
            [401, 429].contains(&answer.status),
            "{sql}: {}",
            answer.text
        );
        let mut chat = Chat::connect(&running.ws()).await;
        let failure = chat.authenticate(101, APP, sql).await;
        assert_eq!(failure.name(), "failure", "{sql}");
    }
    everybody_is_there(&running, &rest).await;
}

#[tokio::test]
async fn sql_finds_nobody() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(102).await;
    for sql in SQL {
        let text = encoded(sql);
        for path in [
            format!("/users/{text}.json"),
            format!("/users/external/{text}.json"),
            format!("/users/by_login.json?login={text}"),
            format!("/users/by_email.json?email={text}"),
            format!("/users/phone.json?phone={text}"),
            format!("/users/by_facebook_id.json?facebook_id={text}"),
            format!("/users/by_twitter_id.json?twitter_id={text}"),
        ] {
            assert_eq!(rest.get(&path).await.status, 404, "{path}");
        }
        for path in [
            format!("/users/by_full_name.json?full_name={text}"),
            format!("/users/by_tags.json?tags={text}"),
            format!("/users.json?filter[]=string+login+eq+{text}"),
            format!("/users.json?filter[]=string+login+in+{text}"),
            format!("/users.json?filter[]=number+id+eq+{text}"),
            format!("/users.json?filter[]=date+created_at+eq+{text}"),
        ] {
            let found = rest.get(&path).await;
            assert_eq!(found.status, 200, "{path}: {}", found.text);
            assert_eq!(found.body["total_entries"], 0, "{path}");
        }
        for path in [
            format!("/users.json?filter[]=string+{text}+eq+1"),
            format!("/users.json?filter[]=number+id+{text}+1"),
            format!("/users.json?order=asc+string+{text}"),
            format!("/users.json?order={text}+string+id"),
            format!("/users.json?page={text}"),
            format!("/users.json?per_page={text}"),
        ] {
            assert_eq!(rest.get(&path).await.status, 422, "{path}");
        }
    }
    everybody_is_there(&running, &rest).await;
}

/// What is stored is what was sent, and found by no more than itself.
#[tokio::test]
async fn sql_is_kept_as_text() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(102).await;
    for sql in SQL {
        let changes = [
            ("user[full_name]", sql),
            ("user[phone]", sql),
            ("user[custom_data]", sql),
            ("user[external_user_id]", sql),
        ];
        let changed = rest.put("/users/102.json", &changes).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        for field in ["full_name", "phone", "custom_data", "external_user_id"] {
            assert_eq!(changed.body["user"][field], sql);
        }
        for path in [
            format!("/users/by_full_name.json?full_name={}", encoded(sql)),
            format!("/users.json?filter[]=string+phone+eq+{}", encoded(sql)),
        ] {
            let found = rest.get(&path).await;
            assert_eq!(found.body["total_entries"], 1, "{path}: {}", found.text);
            assert_eq!(found.body["items"][0]["user"]["id"], 102);
        }
    }
    // A name for a field is never one of SQL.
    for name in [
        "user[password = 'x', login]",
        "user[id]",
        "user[application_id]",
        "user[']",
    ] {
        let changed = rest.put("/users/102.json", &[(name, "7")]).await;
        assert_eq!(
            (changed.status, &changed.body["user"]["id"]),
            (200, &json!(102))
        );
    }
    everybody_is_there(&running, &rest).await;
}

#[tokio::test]
async fn sql_tells_an_operator_nothing_either() {
    let running = start_with(|config| config.admin = Some(loopback())).await;
    let operator = Operator::of(&running);
    for sql in SQL {
        let text = encoded(sql).replace('+', "%20");
        for path in [
            format!("/applications/{text}"),
            format!("/applications/{APP}/users/{text}"),
            format!("/applications/{APP}/users/101/sessions/{text}"),
        ] {
            let answer = operator.delete(&path).await;
            assert!(
                [404, 405, 422].contains(&answer.status),
                "{path}: {}",
                answer.text
            );
        }
    }
    let rest = running.rest(APP).logged_in(102).await;
    everybody_is_there(&running, &rest).await;
}

async fn everybody_is_there(running: &Running, rest: &Rest) {
    assert_eq!(rest.get("/users.json").await.body["total_entries"], 3);
    assert_eq!(rest.get("/session.json").await.status, 200);
    running.still_serves().await;
}

/// The fields with one of them changed, and the signature they had.
fn with(fields: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut fields = fields.to_vec();
    let found = fields.iter_mut().find(|(found, _)| found == name);
    value.clone_into(&mut found.unwrap().1);
    fields
}

/// A signature stands for the fields that it was made of, and for no others.
#[tokio::test]
async fn a_signature_cannot_be_used_for_anything_else() {
    let running = start().await;
    let rest = running.rest(APP);
    let now = UnixTime::now().0;
    let login = [("user[login]", "user101"), ("user[password]", "pass101")];
    let signed = rest.signed(now, &login);
    let mut others = vec![
        with(&signed, "nonce", "5157"),
        with(&signed, "timestamp", &(now + 1).to_string()),
        with(&signed, "user[login]", "user102"),
        with(&signed, "user[password]", "pass102"),
    ];
    // Without the user, with one more field, with another field of the same text.
    others.push(
        signed
            .iter()
            .filter(|(name, _)| !name.starts_with("user"))
            .cloned()
            .collect(),
    );
    let mut more = signed.clone();
    more.push(("user[email]".to_owned(), "a@b".to_owned()));
    others.push(more);
    let mut twice = signed.clone();
    twice.insert(0, ("nonce".to_owned(), "1".to_owned()));
    others.push(twice);
    // The one of another application, under this one's name and key.
    let foreign = running.rest(OTHER_APP).signed(now, &login);
    let foreign = with(&foreign, "application_id", &APP.to_string());
    others.push(with(&foreign, "auth_key", &format!("key{APP}")));
    // Cut off, doubled, of the wrong kind.
    let signature = signed.last().unwrap().1.clone();
    for wrong in [
        &signature[..38],
        &signature.repeat(2),
        "0",
        &"0".repeat(40),
        &"0".repeat(64),
    ] {
        others.push(with(&signed, "signature", wrong));
    }
    others.push(with(
        &signed,
        "signature",
        &rest.sha256_signature(&signed)[..40],
    ));
    for fields in others {
        let answer = rest.send(Method::POST, "/session.json", &fields).await;
        let told = json!({"errors": {"base": ["Unexpected signature"]}});
        assert_eq!(answer.parts(), (422, told), "{fields:?}");
    }
    // In capitals it is the same.
    let capitals = with(&signed, "signature", &signature.to_uppercase());
    let answer = rest.send(Method::POST, "/session.json", &capitals).await;
    assert_eq!(answer.status, 201);
}

/// A request that somebody has kept is worth nothing an hour later, and its
/// nonce makes it no other: each gets a session of its own (wire format section
/// 1.2 says why the nonce alone refuses nobody).
#[tokio::test]
async fn a_request_that_was_kept() {
    let running = start().await;
    let rest = running.rest(APP);
    let late = rest.signed(UnixTime::now().0 - 3601, &[]);
    let answer = rest.send(Method::POST, "/session.json", &late).await;
    assert_eq!(answer.status, 422);
    let fields = rest.signed(UnixTime::now().0, &[]);
    let first = rest.send(Method::POST, "/session.json", &fields).await;
    let again = rest.send(Method::POST, "/session.json", &fields).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_ne!(first.token(), again.token());
}

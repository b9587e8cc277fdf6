//! Asking for a session: what is signed how, and what is answered.

use crate::common::rest::{Rest, credentials};
use crate::common::{APP, start};
use axum::http::Method;
use serde_json::{Value, json};
use visavis_server::UnixTime;

fn base(problem: &str) -> Value {
    json!({"errors": {"base": [problem]}})
}

#[tokio::test]
async fn an_application_session_has_no_user() {
    let running = start().await;
    let answer = running.rest(APP).create_session(&[]).await;
    assert_eq!(answer.status, 201);
    let session = &answer.body["session"];
    assert_eq!(session["application_id"], APP);
    assert_eq!(session["user_id"], 0);
    assert_eq!(session["nonce"], 5156);
    assert_eq!(session["_id"], session["id"].to_string());
    assert!(session["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(session["token"].as_str().unwrap().len(), 40);
    let expiration = answer.headers["qb-token-expirationdate"].to_str().unwrap();
    assert!(expiration.ends_with(" +0000"), "{expiration}");
    let exposed = answer.headers["access-control-expose-headers"]
        .to_str()
        .unwrap();
    assert!(exposed.contains("QB-Token-ExpirationDate"));
}

#[tokio::test]
async fn a_user_session_by_form_and_by_json() {
    let running = start().await;
    let rest = running.rest(APP);
    let answer = rest.create_session(&credentials(101)).await;
    assert_eq!(
        (answer.status, &answer.body["session"]["user_id"]),
        (201, &json!(101))
    );

    let fields = rest.signed(UnixTime::now().0, &credentials(102));
    let field = |name: &str| &fields.iter().find(|(found, _)| found == name).unwrap().1;
    let body = json!({
        "application_id": APP,
        "auth_key": field("auth_key"),
        "nonce": 5156,
        "timestamp": field("timestamp").parse::<i64>().unwrap(),
        "user": {"login": "user102", "password": "pass102"},
        "signature": field("signature"),
    });
    let answer = rest.send_json(Method::POST, "/session.json", &body).await;
    assert_eq!(
        (answer.status, &answer.body["session"]["user_id"]),
        (201, &json!(102))
    );
}

#[tokio::test]
async fn a_sha256_signature_is_as_good() {
    let running = start().await;
    let rest = running.rest(APP);
    let mut fields = rest.signed(UnixTime::now().0, &[]);
    let signature = rest.sha256_signature(&fields);
    fields.pop();
    fields.push(("signature".into(), signature));
    assert_eq!(
        rest.send(Method::POST, "/session.json", &fields)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let running = start().await;
    let rest = running.rest(APP);
    let now = UnixTime::now().0;
    let send = async |fields: &[(String, String)]| {
        rest.send(Method::POST, "/session.json", fields)
            .await
            .parts()
    };

    let mut unknown = Rest::new(&running.http(), 999);
    unknown.token = None;
    let fields = unknown.signed(now, &[]);
    assert_eq!(send(&fields).await, (422, base("Application not found")));

    let mut missing = rest.signed(now, &[]);
    missing.retain(|(name, _)| name != "nonce");
    assert_eq!(
        send(&missing).await,
        (422, json!({"errors": {"nonce": ["is required"]}}))
    );

    let wrong_password = [("user[login]", "user101"), ("user[password]", "nope")];
    let answer = rest.create_session(&wrong_password).await;
    assert_eq!(answer.parts(), (401, json!({"errors": ["Unauthorized"]})));
    let unknown_user = [("user[login]", "nobody"), ("user[password]", "nope")];
    let answer = rest.create_session(&unknown_user).await;
    assert_eq!(answer.parts(), (401, json!({"errors": ["Unauthorized"]})));
    let provider = rest.create_session(&[("provider", "facebook")]).await;
    assert_eq!(provider.status, 422);
    running.still_serves().await;
}

#[tokio::test]
async fn shown_and_destroyed() {
    let running = start().await;
    let mut rest = running.rest(APP).logged_in(101).await;
    let shown = rest.get("/session.json").await;
    assert_eq!(
        (shown.status, &shown.body["session"]["user_id"]),
        (200, &json!(101))
    );
    assert!(shown.headers.contains_key("qb-token-expirationdate"));

    let destroyed = rest.delete("/session.json").await;
    assert_eq!((destroyed.status, &*destroyed.text), (200, " "));
    let gone = (401, base("Required session does not exist"));
    assert_eq!(rest.get("/session.json").await.parts(), gone);
    assert_eq!(rest.delete("/session.json").await.parts(), gone);
    rest.token = None;
    assert_eq!(rest.get("/session.json").await.parts(), gone);
    rest.token = Some("x".into());
    assert_eq!(rest.get("/users/101.json").await.parts(), gone);
}

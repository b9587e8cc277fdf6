//! Logging in and out of a session, and guessing passwords.

use std::time::Duration;

use crate::common::rest::credentials;
use crate::common::{self, APP, start, start_with};
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_session_gets_its_user_and_loses_it() {
    let running = start().await;
    let mut rest = running.rest(APP);
    rest.token = Some(rest.create_session(&[]).await.token());

    let login = rest
        .post(
            "/login.json",
            &[("login", "user101"), ("password", "pass101")],
        )
        .await;
    assert_eq!(login.status, 202);
    assert_eq!(login.body["user"]["id"], 101);
    assert_eq!(
        rest.get("/session.json").await.body["session"]["user_id"],
        101
    );

    let body = json!({"login": "user102", "password": "pass102"});
    let other = rest.send_json(Method::POST, "/login.json", &body).await;
    assert_eq!(
        (other.status, &other.body["user"]["id"]),
        (202, &json!(102))
    );

    let logout = rest.delete("/login.json").await;
    assert_eq!((logout.status, &*logout.text), (200, " "));
    assert_eq!(
        rest.get("/session.json").await.body["session"]["user_id"],
        0
    );
}

#[tokio::test]
async fn refusals_have_their_documented_shapes() {
    let running = start().await;
    let mut rest = running.rest(APP);
    let fields = [("login", "user101"), ("password", "pass101")];
    let without = rest.post("/login.json", &fields).await;
    assert_eq!(
        without.parts(),
        (
            401,
            json!({"errors": {"base": ["Required session does not exist"]}})
        )
    );
    rest.token = Some(rest.create_session(&[]).await.token());
    let wrong = rest
        .post("/login.json", &[("login", "user101"), ("password", "x")])
        .await;
    assert_eq!(wrong.parts(), (401, json!({"errors": ["Unauthorized"]})));
    let missing = rest.post("/login.json", &[("login", "user101")]).await;
    assert_eq!(
        missing.parts(),
        (422, json!({"errors": {"password": ["is required"]}}))
    );
}

#[tokio::test]
async fn guessing_is_slowed_down_for_that_account_only() {
    let running = start_with(|config| {
        config.limits.login_failures = 3;
        config.limits.back_off = Duration::from_secs(600);
    })
    .await;
    let mut rest = running.rest(APP);
    rest.token = Some(rest.create_session(&[]).await.token());
    let wrong = [("login", "user101"), ("password", "guess")];
    for _ in 0..3 {
        assert_eq!(rest.post("/login.json", &wrong).await.status, 401);
    }
    let right = rest
        .post(
            "/login.json",
            &[("login", "user101"), ("password", "pass101")],
        )
        .await;
    assert_eq!(
        right.parts(),
        (429, json!({"errors": ["Too Many Requests"]}))
    );
    let after: u64 = right.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=600).contains(&after), "{after}");
    // The same account by way of a session request, and by way of chat.
    assert_eq!(rest.create_session(&credentials(101)).await.status, 429);
    let mut chat = common::chat::Chat::connect(&running.ws()).await;
    let failure = chat.authenticate(101, APP, "pass101").await;
    assert_eq!(failure.name(), "failure");
    assert_eq!(rest.create_session(&credentials(102)).await.status, 201);
}

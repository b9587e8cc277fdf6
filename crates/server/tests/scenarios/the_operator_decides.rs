//! The admin interface: who may use it, and what comes of it.

use axum::http::Method;
use serde_json::{Value, json};
use visavis_server::RunningServer;
use visavis_server::store::Secret;

use crate::common::operator::Operator;
use crate::common::{APP, Running, loopback, soon, start_with};
use crate::described_for_programs::{check, operations, resolved};

async fn start() -> (Running, Operator) {
    let running = start_with(|config| config.admin = Some(loopback())).await;
    let operator = Operator::of(&running);
    (running, operator)
}

fn error(field: Option<&str>, message: &str) -> Value {
    json!({"error": {"field": field, "message": message}})
}

#[tokio::test]
async fn what_is_described_is_answered_as_described() {
    let (mut running, mut operator) = start().await;
    let description = operator.get("/openapi.json").await.body;
    let operations = operations(&description);
    assert!(operations.len() > 15);
    for (method, path, operation) in operations {
        let place = format!("{method} {path}");
        let path = path
            .replace("{application}", &APP.to_string())
            .replace("{user}", "102");
        let sound = running.rest(APP).logged_in(102).await;
        let _chat = running.chat(102).await;
        let sessions = format!("/applications/{APP}/users/102/sessions");
        let known = operator.get(&sessions).await.body;
        let resource = known["streams"][0]["resource"].as_str().unwrap();
        let session = known["sessions"][0]["id"].to_string();
        let path = path
            .replace("{resource}", resource)
            .replace("{session}", &session);
        let body = match (&method, path.rsplit('/').next().unwrap()) {
            (&Method::POST, "applications") => json!({"sign_up": true}).to_string(),
            (&Method::POST, "users") => {
                json!({"login": "new", "password": "password", "blob_id": 7}).to_string()
            }
            (&Method::POST, "import") => "login,password\na,b\n".to_owned(),
            (&Method::PATCH, "102") => json!({"full_name": "Bob"}).to_string(),
            (&Method::PATCH, _) => json!({"sign_up": true}).to_string(),
            _ => String::new(),
        };
        let open = operation["security"].as_array().is_some_and(Vec::is_empty);
        if !open {
            let mut stranger = Operator::of(&running);
            stranger.token = "0".repeat(64);
            let answer = stranger.ask(method.clone(), &path, &body).await;
            assert_eq!(answer.status, 401, "{place} without the token");
            let schema = &description["components"]["schemas"]["Error"];
            check(&description, schema, &answer.body, &place);
        }
        let answer = operator.ask(method.clone(), &path, &body).await;
        assert!(answer.status < 300, "{place}: {}", answer.text);
        let status = answer.status.to_string();
        let described = resolved(&description, &operation["responses"][status]);
        assert!(!described.is_null(), "{place}: {}", answer.status);
        let schema = &described["content"]["application/json"]["schema"];
        if schema.is_object() && !path.starts_with("/openapi") {
            check(&description, schema, &answer.body, &place);
        }
        drop(sound);
        if method == Method::DELETE {
            (running, operator) = start().await;
        }
    }
}

#[tokio::test]
async fn applications_come_change_and_go() {
    let (running, operator) = start().await;
    let wanted = json!({"id": 7, "key": "k7", "secret": "s7"});
    let made = operator.post("/applications", wanted.clone()).await;
    assert_eq!((made.status, &made.body["secret"]), (201, &json!("s7")));
    let again = operator.post("/applications", wanted).await;
    assert_eq!(
        again.parts(),
        (422, error(Some("id"), "application 7 exists already"))
    );
    let listed = operator.get("/applications").await;
    let ids = listed.body["applications"].as_array().unwrap();
    let ids: Vec<_> = ids.iter().map(|app| app["id"].clone()).collect();
    assert_eq!(json!(ids), json!([7, 77, APP]));
    assert!(!listed.text.contains("secret"));

    let opened = operator
        .patch("/applications/7", json!({"sign_up": true}))
        .await;
    assert_eq!(
        (opened.status, &opened.body["sign_up"]),
        (200, &json!(true))
    );
    let mut chat = running.chat(101).await;
    let path = format!("/applications/{APP}");
    assert_eq!(operator.delete(&path).await.status, 204);
    let end = chat.stanza().await;
    assert!(end.child("not-authorized").is_some(), "{}", end.to_xml());
    assert_eq!(
        operator.delete(&path).await.parts(),
        (404, error(None, "there is no such application"))
    );
}

#[tokio::test]
async fn fields_are_named_that_are_not_acceptable() {
    let (_running, operator) = start().await;
    let users = format!("/applications/{APP}/users");
    let user = format!("{users}/101");
    let refused = async |answer: crate::common::rest::Answer, field: &str, message: &str| {
        assert_eq!(answer.parts(), (422, error(Some(field), message)));
    };
    let post = |body| operator.post(&users, body);
    let patch = |body| operator.patch(&user, body);
    let good = json!({"login": "a", "password": "b"});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    refused(
        post(json!({"password": "b"})).await,
        "login",
        "login is missing",
    )
    .await;
    refused(
        post(json!({"login": "a"})).await,
        "password",
        "password is missing",
    )
    .await;
    refused(
        post(with("id", json!("7"))).await,
        "id",
        "id has to be a number from 1 to 4294967295",
    )
    .await;
    refused(
        post(with("id", json!(101))).await,
        "id",
        "user 101 exists already",
    )
    .await;
    refused(
        post(with("login", json!("user101"))).await,
        "login",
        "login has already been taken",
    )
    .await;
    refused(
        post(with("email", json!("no address"))).await,
        "email",
        "email should look like an email address.",
    )
    .await;
    refused(
        post(with("colour", json!("red"))).await,
        "colour",
        "colour is not known here",
    )
    .await;
    refused(
        patch(json!({"created_at": 0})).await,
        "created_at",
        "created_at is not known here",
    )
    .await;
    refused(
        patch(json!({"login": null})).await,
        "login",
        "login can't be blank",
    )
    .await;
    refused(
        patch(json!({"password": ""})).await,
        "password",
        "a password cannot be empty",
    )
    .await;
    let page = operator.get(&format!("{users}?limit=all")).await;
    refused(page, "limit", "limit has to be a number").await;
    let broken = operator.ask(Method::POST, &users, "[1]").await;
    assert_eq!(broken.status, 422);
    assert_eq!(broken.body["error"]["field"], Value::Null);
    let large = json!({"login": "x".repeat(70_000)});
    assert_eq!(post(large).await.status, 413);
    let import = format!("/applications/{APP}/import");
    let csv = "login,password\nnew,p\nuser101,p\n";
    let answer = operator.ask(Method::POST, &import, csv).await;
    let message = "line 3: login has already been taken";
    assert_eq!(answer.parts(), (422, error(None, message)));
    let missing = operator.get(&format!("{users}/104")).await;
    assert_eq!(missing.parts(), (404, error(None, "there is no such user")));
}

#[tokio::test]
async fn users_are_listed_a_page_at_a_time() {
    let (_running, operator) = start().await;
    let users = format!("/applications/{APP}/users");
    let page = operator.get(&format!("{users}?after=101&limit=1")).await;
    assert_eq!(page.body["users"][0]["id"], 102);
    assert_eq!(page.body["users"].as_array().unwrap().len(), 1);
    assert_eq!(page.body["more"], true);
    let last = operator.get(&format!("{users}?after=102")).await;
    assert_eq!(last.body["users"][0]["id"], 103);
    assert_eq!(last.body["more"], false);
    let nowhere = operator.get("/applications/9/users").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_opened() {
    let (running, operator) = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut chat = running.chat(101).await;
    let user = format!("/applications/{APP}/users/101");
    let changed = operator.patch(&user, json!({"password": "another one"}));
    assert_eq!(changed.await.status, 200);
    let end = chat.stanza().await;
    assert!(end.child("not-authorized").is_some(), "{}", end.to_xml());
    assert_eq!(rest.get("/session.json").await.status, 401);
    let mut chat = crate::common::chat::Chat::connect(&running.ws()).await;
    chat.log_in(101, APP, "another one").await;
}

#[tokio::test]
async fn sessions_and_streams_are_ended_one_by_one() {
    let (running, operator) = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut by_token = crate::common::chat::Chat::connect(&running.ws()).await;
    let token = rest.token.clone().unwrap();
    by_token.bind(101, APP, &token, "token").await;
    let mut by_password = running.chat(101).await;
    let path = format!("/applications/{APP}/users/101/sessions");
    let known = operator.get(&path).await.body;
    let session = &known["sessions"][0]["id"];
    let streams = known["streams"].as_array().unwrap();
    assert_eq!(
        streams[0],
        json!({"resource": "token", "connected": true, "session": session})
    );
    assert_eq!(streams[1]["session"], Value::Null);
    let other = streams[1]["resource"].as_str().unwrap();

    let stream = format!("/applications/{APP}/users/101/streams/{other}");
    assert_eq!(operator.delete(&stream).await.status, 204);
    assert!(by_password.stanza().await.child("not-authorized").is_some());
    by_token.fence().await;
    let one = format!("{path}/{session}");
    assert_eq!(operator.delete(&one).await.status, 204);
    by_token.rest_of_the_stream().await;
    assert_eq!(rest.get("/session.json").await.status, 401);
    assert_eq!(operator.delete(&one).await.status, 404);

    let mut last = running.chat(101).await;
    assert_eq!(operator.delete(&path).await.status, 204);
    last.rest_of_the_stream().await;
}

#[tokio::test]
async fn the_server_leaves_word_as_long_as_it_runs() {
    let own = "a token of the operator's own, 32 characters".replace(' ', "-");
    let given = own.clone();
    let running = start_with(move |config| {
        config.admin = Some(loopback());
        config.admin_token = Some(Secret::new(given));
    })
    .await;
    let operator = Operator::of(&running);
    assert_eq!(operator.token, own);
    let status = operator.get("/status").await;
    assert_eq!(status.body["listeners"], json!(running.server.ready()));
    let data = running.config.data_dir.clone();
    assert!(!data.join("admin.token").exists());
    soon(running.server.shutdown()).await;
    assert!(RunningServer::find(&data).unwrap().is_none());
}

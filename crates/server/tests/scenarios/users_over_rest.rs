//! Users by REST: found, listed, created, changed, deleted, and hidden.

use crate::common::{self, APP, OTHER_APP, start};
use axum::http::Method;
use serde_json::{Value, json};

fn not_found() -> (u16, Value) {
    let message = "Entity you are looking for was not found.";
    (404, json!({"code": null, "message": message}))
}

fn need_user() -> (u16, Value) {
    (403, json!({"errors": {"base": ["Forbidden. Need user."]}}))
}

fn ids(list: &Value) -> Vec<u64> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["user"]["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn found_by_every_documented_way() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let fields = [
        ("user[full_name]", "Ann One"),
        ("user[email]", "ann@example.org"),
        ("user[phone]", "+1 555"),
        ("user[external_user_id]", "9001"),
        ("user[facebook_id]", "fb1"),
        ("user[twitter_id]", "tw1"),
        ("user[blob_id]", "12"),
        ("user[website]", "https://example.org"),
        ("user[custom_data]", "{\"a\":1}"),
        ("user[tag_list]", "dev,web"),
    ];
    let updated = rest.put("/users/101.json", &fields).await;
    assert_eq!(updated.status, 200, "{}", updated.text);
    let user = &updated.body["user"];
    assert_eq!(user["external_user_id"], 9001);
    assert_eq!(user["user_tags"], "dev,web");
    for path in [
        "/users/101.json?",
        "/users/by_login.json?login=user101",
        "/users/by_email.json?email=ann@example.org",
        "/users/by_facebook_id.json?facebook_id=fb1",
        "/users/by_twitter_id.json?twitter_id=tw1",
        "/users/phone.json?phone=%2B1%20555",
        "/users/external/9001.json",
    ] {
        let found = rest.get(path).await;
        assert_eq!(
            (found.status, &found.body["user"]["id"]),
            (200, &json!(101)),
            "{path}"
        );
    }
    for path in [
        "/users/by_full_name.json?full_name=Ann%20One",
        "/users/by_tags.json?tags=other,web",
    ] {
        let found = rest.get(path).await;
        assert_eq!((found.status, ids(&found.body)), (200, vec![101]), "{path}");
    }
    for path in [
        "/users/by_login.json?login=nobody",
        "/users/999.json",
        "/users/x.json",
    ] {
        assert_eq!(rest.get(path).await.parts(), not_found(), "{path}");
    }
}

#[tokio::test]
async fn every_documented_key_is_there() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let user = rest.get("/users/102.json").await.body["user"].clone();
    for key in [
        "id",
        "full_name",
        "email",
        "login",
        "phone",
        "website",
        "created_at",
        "updated_at",
        "last_request_at",
        "external_user_id",
        "facebook_id",
        "twitter_id",
        "blob_id",
        "custom_data",
        "user_tags",
    ] {
        assert!(user.get(key).is_some(), "{key}");
    }
    assert!(user.get("password").is_none());
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let list = rest
        .get(
            "/users.json?filter[]=number%20id%20in%20101%2C102&order=desc%20string%20created_at\
             &page=1&per_page=5",
        )
        .await;
    assert_eq!(list.status, 200);
    assert_eq!(list.body["current_page"], 1);
    assert_eq!(list.body["per_page"], 5);
    assert_eq!(list.body["total_entries"], 2);
    assert_eq!(ids(&list.body), [101, 102]);
    let second = rest
        .get("/users.json?order=desc%20number%20id&page=2&per_page=2")
        .await;
    assert_eq!(
        (&second.body["total_entries"], ids(&second.body)),
        (&json!(3), vec![101])
    );
    let default = rest.get("/users.json?").await;
    assert_eq!(
        (&default.body["per_page"], ids(&default.body)),
        (&json!(10), vec![101, 102, 103])
    );
    let wrong = rest
        .get("/users.json?filter[]=number%20password%20eq%20x")
        .await;
    assert_eq!(
        wrong.parts(),
        (
            422,
            json!({"errors": {"filter": ["names an unknown field"]}})
        )
    );
}

#[tokio::test]
async fn the_secret_of_an_app_opens_nothing() {
    let running = start().await;
    let mut rest = running.rest(APP);
    rest.token = Some(rest.create_session(&[]).await.token());
    for path in [
        "/users.json",
        "/users/101.json",
        "/users/by_login.json?login=user101",
    ] {
        assert_eq!(rest.get(path).await.parts(), need_user(), "{path}");
    }
    let fields = [("user[login]", "new"), ("user[password]", "longpass1")];
    let created = rest.post("/users.json", &fields).await;
    assert_eq!(created.status, 403);
    assert!(
        created.body["errors"]["base"][0]
            .as_str()
            .unwrap()
            .starts_with("Forbidden.")
    );
    let rest = rest.logged_in(101).await;
    assert_eq!(rest.post("/users.json", &fields).await.status, 403);
}

#[tokio::test]
async fn sign_up_where_the_operator_opened_it() {
    let running = start().await;
    let mut rest = running.rest(OTHER_APP);
    rest.token = Some(rest.create_session(&[]).await.token());
    let fields = [
        ("user[full_name]", "New One"),
        ("user[login]", "new1"),
        ("user[password]", "longpass1"),
        ("user[tag_list]", "a,b"),
        ("user[id]", "7"),
    ];
    let created = rest.post("/users.json", &fields).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(created.body["user"]["login"], "new1");
    assert_ne!(created.body["user"]["id"], 7);
    let taken = rest.post("/users.json", &fields).await;
    assert_eq!(
        taken.parts(),
        (
            422,
            json!({"errors": {"login": ["has already been taken"]}})
        )
    );
    let body = json!({"user": {"login": "new2", "password": "short"}});
    let short = rest.send_json(Method::POST, "/users.json", &body).await;
    assert_eq!(
        short.parts(),
        (
            422,
            json!({"errors": {"password": ["is too short (minimum is 8 characters)"]}})
        )
    );
    let body = json!({"user": {"login": "new2", "password": "longpass2"}});
    assert_eq!(
        rest.send_json(Method::POST, "/users.json", &body)
            .await
            .status,
        201
    );
    let login = rest
        .post(
            "/login.json",
            &[("login", "new1"), ("password", "longpass1")],
        )
        .await;
    assert_eq!(login.status, 202);
}

#[tokio::test]
async fn users_change_and_delete_only_themselves() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let fields = [("user[full_name]", "Mallory")];
    assert_eq!(rest.put("/users/102.json", &fields).await.status, 403);
    assert_eq!(rest.delete("/users/102.json").await.status, 403);
    assert_eq!(
        rest.put("/users/999.json", &fields).await.parts(),
        not_found()
    );
    let taken = rest
        .put("/users/101.json", &[("user[login]", "user102")])
        .await;
    assert_eq!(
        taken.body,
        json!({"errors": {"login": ["has already been taken"]}})
    );

    let deleted = rest.delete("/users/101.json").await;
    assert_eq!((deleted.status, &*deleted.text), (200, " "));
    assert_eq!(rest.get("/session.json").await.status, 401);
    let answer = rest.create_session(&common::rest::credentials(101)).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let other = running.rest(APP).logged_in(101).await;
    let new = ("user[password]", "another-password");
    let without = rest.put("/users/101.json", &[new]).await;
    assert_eq!(
        without.body,
        json!({"errors": {"old_password": ["is required"]}})
    );
    let wrong = rest
        .put("/users/101.json", &[new, ("user[old_password]", "x")])
        .await;
    assert_eq!(wrong.status, 401);
    let right = rest
        .put("/users/101.json", &[new, ("user[old_password]", "pass101")])
        .await;
    assert_eq!(right.status, 200, "{}", right.text);
    assert_eq!(rest.get("/session.json").await.status, 200);
    assert_eq!(other.get("/session.json").await.status, 401);
    let login = rest
        .post(
            "/login.json",
            &[("login", "user101"), ("password", "another-password")],
        )
        .await;
    assert_eq!(login.status, 202);
}

#[tokio::test]
async fn other_applications_have_no_users_here() {
    let running = start().await;
    let fields = [
        ("user[login]", "only-there"),
        ("user[password]", "longpass1"),
    ];
    let mut there = running.rest(OTHER_APP);
    there.token = Some(there.create_session(&[]).await.token());
    let created = there.post("/users.json", &fields).await;
    let id = created.body["user"]["id"].as_u64().unwrap();
    let here = running.rest(APP).logged_in(101).await;
    for path in [
        format!("/users/{id}.json"),
        "/users/by_login.json?login=only-there".into(),
    ] {
        assert_eq!(here.get(&path).await.parts(), not_found(), "{path}");
    }
    let path = format!("/users/{id}.json");
    assert_eq!(
        here.put(&path, &[("user[full_name]", "x")]).await.parts(),
        not_found()
    );
    assert_eq!(here.delete(&path).await.parts(), not_found());
    assert_eq!(here.get("/users.json").await.body["total_entries"], 3);
}

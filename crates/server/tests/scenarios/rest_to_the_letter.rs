//! What the wire format says of REST (section 1), sentence by sentence, as far
//! as no other file shows it.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use visavis_server::store::{ApplicationId, Store};
use visavis_server::{Server, UnixTime};
use visavis_signal::UserId;

use crate::common::rest::{Answer, Rest, credentials};
use crate::common::{APP, OTHER_APP, Running, prepare, start};

const TWO_HOURS: i64 = 2 * 60 * 60;

/// The time in the header (section 1.2), as the official client reads it:
/// `2017-11-01 15:30:46 +0000`.
fn expiration(answer: &Answer) -> i64 {
    let text = answer.headers["qb-token-expirationdate"].to_str().unwrap();
    let (time, zone) = text.rsplit_once(' ').unwrap();
    assert_eq!((time.len(), zone), (19, "+0000"), "{text}");
    let (date, time) = time.split_once(' ').unwrap();
    let parts = |text: &str, by: char| -> Vec<i64> {
        text.split(by).map(|part| part.parse().unwrap()).collect()
    };
    let [year, month, day] = parts(date, '-')[..] else {
        panic!("{text}")
    };
    let [hour, minute, second] = parts(time, ':')[..] else {
        panic!("{text}")
    };
    // Days from the civil calendar.
    let (shifted, moved) = (year - i64::from(month <= 2), (month + 9) % 12);
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * moved + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    ((days * 24 + hour) * 60 + minute) * 60 + second
}

/// A server that knows sessions of user 101 last used so many seconds ago.
async fn used_before(ages: &[i64]) -> (Running, Vec<Rest>) {
    let (config, folder) = prepare();
    let now = UnixTime::now().0;
    let mut tokens = Vec::new();
    let mut store = Store::open(&config.data_dir).unwrap();
    for age in ages {
        let (application, user) = (ApplicationId(APP), Some(UserId(101)));
        let used = UnixTime(now - age);
        let made = store.create_session(application, user, 1, 1, used).unwrap();
        tokens.push(made.0.reveal().to_owned());
    }
    drop(store);
    let server = Server::start(config.clone()).await.unwrap();
    let running = Running {
        server,
        config,
        folder,
    };
    let rests = tokens.into_iter().map(|token| {
        let mut rest = running.rest(APP);
        rest.token = Some(token);
        rest
    });
    let rests = rests.collect();
    (running, rests)
}

#[tokio::test]
async fn a_token_lives_two_hours_after_the_last_request() {
    let (running, rests) = used_before(&[TWO_HOURS - 60, TWO_HOURS + 1]).await;
    let [alive, expired] = &rests[..] else {
        panic!()
    };
    // With each request the end moves on.
    let before = UnixTime::now().0;
    let ends = expiration(&alive.get("/session.json").await);
    let after = UnixTime::now().0;
    assert!((before..=after).contains(&(ends - TWO_HOURS)), "{ends}");

    let gone = (
        401,
        json!({"errors": {"base": ["Required session does not exist"]}}),
    );
    for _ in 0..2 {
        assert_eq!(expired.get("/session.json").await.parts(), gone);
    }
    assert_eq!(expired.get("/users/101.json").await.parts(), gone);
    // Nor does chat take it any more.
    let mut chat = crate::common::chat::Chat::connect(&running.ws()).await;
    let token = expired.token.as_ref().unwrap();
    let failure = chat.authenticate(101, APP, token).await;
    assert!(failure.child("not-authorized").is_some());
}

#[tokio::test]
async fn every_answer_to_a_session_says_when_it_ends() {
    let running = start().await;
    let before = UnixTime::now().0;
    let created = running.rest(APP).create_session(&credentials(101)).await;
    let rest = running.rest(APP).logged_in(101).await;
    let missing = rest.get("/users/999.json").await;
    let wrong = rest.get("/users.json?page=0").await;
    assert_eq!((missing.status, wrong.status), (404, 422));
    let login = rest.post(
        "/login.json",
        &[("login", "user101"), ("password", "pass101")],
    );
    for answer in [
        created,
        rest.get("/session.json").await,
        login.await,
        rest.get("/users/101.json").await,
        missing,
        wrong,
        rest.delete("/login.json").await,
    ] {
        let ends = expiration(&answer);
        let after = UnixTime::now().0;
        assert!((before..=after).contains(&(ends - TWO_HOURS)), "{ends}");
        // A browser may read it.
        let exposed = answer.headers["access-control-expose-headers"].to_str();
        assert!(exposed.unwrap().contains("QB-Token-ExpirationDate"));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn a_session_is_described_as_documented() {
    let running = start().await;
    let rest = running.rest(APP);
    let before = UnixTime::now();
    let answer = rest.create_session(&[]).await;
    assert_eq!(answer.status, 201);
    let session = answer.body["session"].as_object().unwrap();
    let token = session["token"].as_str().unwrap();
    assert_eq!(token.len(), 40);
    assert!(
        token
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert!(session["id"].is_u64() && session["_id"].is_string());
    let ts = session["ts"].as_i64().unwrap();
    assert!((before.0..=UnixTime::now().0).contains(&ts));
    for time in ["created_at", "updated_at"] {
        let time = session[time].as_str().unwrap();
        assert_eq!((time.len(), &time[10..11], &time[19..]), (20, "T", "Z"));
    }
    let mut names: Vec<_> = session.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "_id",
        "application_id",
        "created_at",
        "id",
        "nonce",
        "token",
        "ts",
        "updated_at",
        "user_id",
    ];
    assert_eq!(names, expected);
}

/// A timestamp may be an hour off, both ways (section 1.2).
#[tokio::test]
async fn clocks_may_differ_by_an_hour() {
    let running = start().await;
    let rest = running.rest(APP);
    for (off, status) in [
        (-3660, 422),
        (-3540, 201),
        (0, 201),
        (3540, 201),
        (3660, 422),
    ] {
        let fields = rest.signed(UnixTime::now().0 + off, &[]);
        let answer = rest.send(Method::POST, "/session.json", &fields).await;
        assert_eq!(answer.status, status, "{off}: {}", answer.text);
    }
    for strange in [0, -1, i64::MIN, i64::MAX] {
        let fields = rest.signed(strange, &[]);
        let answer = rest.send(Method::POST, "/session.json", &fields).await;
        let told = json!({"errors": {"base": ["Bad timestamp"]}});
        assert_eq!(answer.parts(), (422, told), "{strange}");
    }
}

#[tokio::test]
async fn logins_by_email_as_well() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let email = ("user[email]", "ann@example.org");
    assert_eq!(rest.put("/users/101.json", &[email]).await.status, 200);
    let session = running
        .rest(APP)
        .create_session(&[email, ("user[password]", "pass101")])
        .await;
    assert_eq!(
        (session.status, &session.body["session"]["user_id"]),
        (201, &json!(101))
    );
    let login = [("email", "ann@example.org"), ("password", "pass101")];
    let login = rest.post("/login.json", &login).await;
    assert_eq!(
        (login.status, &login.body["user"]["id"]),
        (202, &json!(101))
    );
    // Other providers are told that they are not spoken.
    for foreign in [
        &[("provider", "facebook"), ("keys[token]", "t")][..],
        &[
            ("firebase_phone[project_id]", "p"),
            ("firebase_phone[access_token]", "t"),
        ],
    ] {
        let answer = running.rest(APP).create_session(foreign).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
}

/// With `.json` and without, with an empty query, with the headers of every
/// client, with a form's type where there is no body.
#[tokio::test]
async fn requests_in_every_shape_of_the_clients() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    for path in [
        "/users/102.json",
        "/users/102.json?",
        "/users/102",
        "/users/102?",
    ] {
        for [name, value] in [
            ["QuickBlox-REST-API-Version", "0.1.1"],
            ["QB-SDK", "iOS 2.6.5"],
            ["QB-OS", "An unknown OS"],
            ["QB-Account-Key", "key"],
            [
                "Content-Type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            ],
        ] {
            let request = rest.request(Method::GET, path).header(name, value);
            let answer = rest.ask(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                (answer.status, &answer.body["user"]["id"]),
                (200, &json!(102))
            );
        }
    }
}

/// Form and JSON mean the same in every call that has a body (section 1.1).
#[tokio::test]
async fn bodies_as_form_and_as_json() {
    let running = start().await;
    let mut rest = running.rest(OTHER_APP);
    rest.token = Some(rest.create_session(&[]).await.token());
    let profile = json!({
        "full_name": "N", "email": "n@example.org", "phone": "1", "website": "w",
        "external_user_id": 9001, "facebook_id": "f", "blob_id": 12,
        "tag_list": ["a", "b"], "custom_data": "{\"a\":1}",
    });
    let mut as_json = profile.clone();
    as_json["login"] = json!("json");
    as_json["password"] = json!("longpass1");
    let made = rest
        .send_json(Method::POST, "/users.json", &json!({ "user": as_json }))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let by_json = made.body["user"].clone();
    assert_eq!(by_json["user_tags"], "a,b");
    let json_login = json!({"login": "json", "password": "longpass1"});
    let login = rest
        .send_json(Method::POST, "/login.json", &json_login)
        .await;
    assert_eq!(login.status, 202);
    let gone = rest.delete(&format!("/users/{}.json", by_json["id"])).await;
    assert_eq!(gone.status, 200);

    // The same as a form, brackets as they are and encoded, arrays by element.
    rest.token = Some(rest.create_session(&[]).await.token());
    let form = "user[login]=form&user%5Bpassword%5D=longpass1&user[full_name]=N\
        &user[email]=n%40example.org&user[phone]=1&user[website]=w&user[external_user_id]=9001\
        &user[facebook_id]=f&user[blob_id]=12&user[tag_list][]=a&user%5Btag_list%5D%5B%5D=b\
        &user[custom_data]=%7B%22a%22%3A1%7D";
    let request = rest.request(Method::POST, "/users.json").header(
        header::CONTENT_TYPE,
        "application/x-www-form-urlencoded; charset=UTF-8",
    );
    let made = rest.ask(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mut by_form = made.body["user"].clone();
    for own in ["id", "login", "created_at", "updated_at"] {
        by_form[own] = by_json[own].clone();
    }
    assert_eq!(by_form, by_json);

    // JSON is known by its brace, whatever it is called.
    let request = rest.request(Method::POST, "/login.json");
    let body = Body::from(r#" {"login":"form","password":"longpass1"}"#);
    assert_eq!(rest.ask(request.body(body).unwrap()).await.status, 202);
    let id = made.body["user"]["id"].clone();
    let change = json!({"user": {"full_name": null, "phone": 5}});
    let changed = rest
        .send_json(Method::PUT, &format!("/users/{id}.json"), &change)
        .await;
    assert_eq!(changed.body["user"]["full_name"], Value::Null);
    assert_eq!(changed.body["user"]["phone"], "5");
}

/// What is done is answered with 200, 201 or 202 and nothing else (section
/// 1.1), and with JSON, except where something is deleted.
#[tokio::test]
async fn success_is_one_of_three() {
    let running = start().await;
    let mut rest = running.rest(OTHER_APP);
    let created = rest.create_session(&[]).await;
    rest.token = Some(created.token());
    let fields = [("user[login]", "new1"), ("user[password]", "longpass1")];
    let made = rest.post("/users.json", &fields).await;
    let path = format!("/users/{}.json", made.body["user"]["id"]);
    let login = [("login", "new1"), ("password", "longpass1")];
    let answers = [
        (created, 201),
        (made, 201),
        (rest.post("/login.json", &login).await, 202),
        (rest.get("/session.json").await, 200),
        (rest.get(&path).await, 200),
        (rest.get("/users.json?").await, 200),
        (rest.put(&path, &[("user[phone]", "1")]).await, 200),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(answer.body.is_object());
    }
    let log_out = rest.delete("/login.json").await;
    rest.post("/login.json", &login).await;
    let removed = rest.delete(&path).await;
    let mut other = running.rest(APP).logged_in(101).await;
    other
        .put("/users/101.json", &[("user[external_user_id]", "e 1")])
        .await;
    let by_external = other.delete("/users/external/e%201.json").await;
    other.token = Some(other.create_session(&[]).await.token());
    let ended = other.delete("/session.json").await;
    for deleted in [log_out, removed, by_external, ended] {
        assert_eq!((deleted.status, &*deleted.text), (200, " "));
    }
}

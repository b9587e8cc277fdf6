//! How REST refuses (wire format section 1.4).

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::common::rest::{Answer, Rest};
use crate::common::{APP, soon, start_with};

/// Each kind of refusal in its documented shape, as JSON that a browser may
/// read (section 1.4).
#[tokio::test]
async fn every_shape_of_an_error() {
    let running = start_with(|config| {
        config.limits.body_bytes = 1000;
        config.limits.request_time = Duration::from_secs(2);
        config.limits.login_failures = 1;
        config.limits.back_off = Duration::from_secs(600);
    })
    .await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut application = running.rest(APP);
    application.token = Some(application.create_session(&[]).await.token());
    let wrong = [("login", "user102"), ("password", "x")];
    let base = |problem: &str| json!({"errors": {"base": [problem]}});
    let large = "x".repeat(2000);
    let told = [
        (
            running.rest(APP).get("/session.json").await,
            401,
            base("Required session does not exist"),
        ),
        (
            rest.post("/login.json", &wrong).await,
            401,
            json!({"errors": ["Unauthorized"]}),
        ),
        (
            rest.post("/login.json", &wrong).await,
            429,
            json!({"errors": ["Too Many Requests"]}),
        ),
        (
            application.get("/users/101.json").await,
            403,
            base("Forbidden. Need user."),
        ),
        (
            rest.delete("/users/102.json").await,
            403,
            base("Forbidden. Only the user may do this."),
        ),
        (
            rest.get("/users/999.json").await,
            404,
            json!({"code": null, "message": "Entity you are looking for was not found."}),
        ),
        (
            rest.put("/session.json", &[]).await,
            405,
            json!({"code": null, "message": "The method is not allowed here."}),
        ),
        (
            rest.post("/login.json", &[("login", &large)]).await,
            413,
            base("The body is larger than 1000 bytes"),
        ),
        (
            rest.send(Method::POST, "/session.json", &application.signed(0, &[]))
                .await,
            422,
            base("Bad timestamp"),
        ),
        (
            rest.put("/users/101.json", &[("user[login]", "user102")])
                .await,
            422,
            json!({"errors": {"login": ["has already been taken"]}}),
        ),
        (
            slow_body(&rest).await,
            408,
            base("The body did not arrive in time"),
        ),
    ];
    for (answer, status, body) in told {
        assert_eq!(answer.parts(), (status, body));
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
    }
    let file = running.config.data_dir.join("visavis.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    database
        .execute_batch("ALTER TABLE users RENAME TO gone")
        .unwrap();
    let failed = rest.get("/users/101.json").await;
    let told = json!({"code": null, "message": "The server has failed."});
    assert_eq!(failed.parts(), (500, told));
}

/// A request whose body never comes.
async fn slow_body(rest: &Rest) -> Answer {
    let body = Body::from_stream(futures_util::stream::pending::<
        Result<Vec<u8>, std::io::Error>,
    >());
    let request = rest.request(Method::POST, "/login.json");
    soon(rest.ask(request.body(body).unwrap())).await
}

//! What browsers load, and what it is told.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;
use visavis_server::WebPage;
use visavis_server::store::ApplicationId;

use super::common::{APP, OTHER_APP, start, start_with};

#[tokio::test]
async fn files_say_what_the_page_may_do_and_are_sent_once() {
    let running = start_with(|config| config.web = WebPage::Only).await;
    let rest = running.rest(APP);
    let icon = rest.get("/icon.svg").await;
    assert_eq!(icon.status, 200);
    let header = |name: &str| icon.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "image/svg+xml");
    assert!(icon.text.starts_with("<svg "));
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let host = &rest.address;
    let chat = format!("connect-src 'self' ws://{host} wss://{host}");
    assert!(policy.ends_with(&chat), "{policy}");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("permissions-policy").contains("camera=(self)"));
    assert_eq!(header("cache-control"), "no-cache");

    let again = rest
        .request(Method::GET, "/icon.svg")
        .header("If-None-Match", header("etag"));
    let again = rest.ask(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, &*again.text), (304, ""));
    let head = rest.send(Method::HEAD, "/icon.svg", &[]).await;
    assert_eq!((head.status, &*head.text), (200, ""));
    // A host that could write itself into the policy is not repeated.
    let strange = rest.request(Method::GET, "/icon.svg");
    let mut strange = strange.body(Body::empty()).unwrap();
    let host = "a.test;script-src *".parse().unwrap();
    strange.headers_mut().insert("host", host);
    let strange = rest.ask(strange).await;
    let policy = strange.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("connect-src 'self'"), "{policy}");
}

#[tokio::test]
async fn nothing_but_the_files_is_there() {
    let running = start_with(|config| config.web = WebPage::Only).await;
    for path in [
        "/README.md",
        "/README",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/icon.svg/",
        "//icon.svg",
    ] {
        assert_eq!(running.rest(APP).get(path).await.status, 404, "{path}");
    }
    // Nothing is published unasked.
    let off = start().await;
    let rest = off.rest(APP);
    assert_eq!(rest.get("/icon.svg").await.status, 404);
    assert_eq!(rest.get("/web.json").await.status, 404);
    assert!(rest.get("/").await.text.contains("visavis app add"));
}

#[tokio::test]
async fn the_page_is_told_the_application_that_is_published_and_no_other() {
    let running = start_with(|config| config.web = WebPage::Only).await;
    let told = running.rest(APP).get("/web.json").await;
    assert_eq!(told.status, 200);
    assert_eq!(
        told.body["application"],
        json!(null),
        "there are two, and nobody chose"
    );
    assert!(!told.text.contains("secret4242") && !told.text.contains("secret77"));

    for (id, sign_up) in [(APP, false), (OTHER_APP, true)] {
        let running = start_with(|config| config.web = WebPage::Of(ApplicationId(id))).await;
        let told = running.rest(APP).get("/web.json").await.body;
        let application =
            json!({"id": id, "key": format!("key{id}"), "secret": format!("secret{id}")});
        assert_eq!(told["application"], application);
        assert_eq!(
            (&told["sign_up"], &told["guests"]),
            (&json!(sign_up), &json!(true))
        );
        assert_eq!(told["ws"], running.ws());
    }
}

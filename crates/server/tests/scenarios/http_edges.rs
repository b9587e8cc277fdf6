//! Around the REST calls: browsers, monitors, wrong paths, too much data.

use crate::common::{self, APP, soon, start, start_with};
use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use visavis_server::ServerConfig;

#[tokio::test]
async fn preflights_are_answered_for_every_path() {
    let running = start().await;
    let rest = running.rest(APP);
    for path in ["/session.json", "/users/102.json?", "/nothing"] {
        let request = rest
            .request(Method::OPTIONS, path)
            .header("Origin", "http://127.0.0.1:34443")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "qb-os,qb-sdk,qb-token");
        let answer = rest.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 204);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_ascii_lowercase();
        assert_eq!(header("access-control-allow-origin"), "*");
        for method in ["get", "post", "put", "delete"] {
            assert!(header("access-control-allow-methods").contains(method));
        }
        for name in [
            "qb-os",
            "qb-sdk",
            "qb-token",
            "qb-account-key",
            "content-type",
        ] {
            assert!(header("access-control-allow-headers").contains(name));
        }
    }
    let plain = rest.get("/nothing").await;
    assert_eq!(plain.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn wrong_paths_and_methods_are_told_in_json() {
    let running = start().await;
    let rest = running.rest(APP);
    let missing = rest.get("/nothing.json").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.body["code"], Value::Null);
    assert!(missing.body["message"].is_string());
    let method = rest.put("/session.json", &[]).await;
    assert_eq!(method.status, 405);
    assert!(method.body["message"].is_string());
}

#[tokio::test]
async fn bodies_are_bounded() {
    let running = start_with(|config| config.limits.body_bytes = 1000).await;
    let rest = running.rest(APP);
    let large = "x".repeat(2000);
    let told = rest.post("/session.json", &[("nonce", &large)]).await;
    assert_eq!(
        told.parts(),
        (
            413,
            json!({"errors": {"base": ["The body is larger than 1000 bytes"]}})
        )
    );
    // Without a length, it has to be counted.
    let request = format!(
        "POST /session.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{large}\r\n0\r\n\r\n"
    );
    let response = raw(&running.http(), request.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
    let broken = rest
        .request(Method::POST, "/session.json")
        .header("Content-Type", "application/json")
        .body(Body::from("{"))
        .unwrap();
    let broken = rest.ask(broken).await;
    assert_eq!(broken.status, 422);
    let garbage = raw(&running.http(), b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await;
    assert!(garbage.starts_with("HTTP/1.1 400"), "{garbage}");
}

async fn raw(base: &str, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = vec![0; 4096];
    let length = soon(stream.read(&mut response)).await.unwrap();
    String::from_utf8_lossy(&response[..length]).into_owned()
}

#[tokio::test]
async fn everything_can_be_discovered() {
    let running = start().await;
    let rest = running.rest(APP);
    let health = rest.get("/healthz").await;
    assert_eq!(health.parts(), (200, json!({"status": "ok"})));

    let meta = rest.get("/.well-known/host-meta.json").await;
    let links = meta.body["links"].as_array().unwrap();
    let href = |rel: &str| links.iter().find(|link| link["rel"] == rel).unwrap()["href"].clone();
    assert_eq!(href("urn:xmpp:alt-connections:websocket"), running.ws());
    assert_eq!(href("urn:visavis:rest"), format!("{}/", running.http()));

    assert_eq!(rest.get("/ice_servers.json").await.status, 401);
    let rest = rest.logged_in(101).await;
    let ice = rest.get("/ice_servers.json").await;
    let relay = running.server.ready().relay.clone().unwrap();
    assert_eq!((ice.status, &ice.body["ttl"]), (200, &json!(3600)));
    let [stun, turn] = &ice.body["ice_servers"].as_array().unwrap()[..] else {
        panic!("{}", ice.text)
    };
    assert_eq!(*stun, json!({"urls": [format!("stun:{relay}")]}));
    let urls = ["udp", "tcp"].map(|way| format!("turn:{relay}?transport={way}"));
    assert_eq!(turn["urls"], json!(urls));
    let username = turn["username"].as_str().unwrap();
    assert!(username.ends_with(&format!(":101-{APP}")), "{username}");
    assert!(turn["credential"].is_string());
}

#[tokio::test]
async fn the_landing_page_says_what_to_do() {
    let running = start().await;
    let page = running.rest(APP).get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text.contains("visavis app add"));
}

#[tokio::test]
async fn the_web_socket_wants_its_subprotocol() {
    let running = start().await;
    let rest = running.rest(APP);
    let plain = rest.get("/ws").await;
    assert_eq!(plain.status, 426);
    let request = rest
        .request(Method::GET, "/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let without = rest.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(without.status, 400);
    assert!(without.text.contains("xmpp"));
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_to_wait() {
    let running = start_with(|config| config.limits.requests_per_second = 1).await;
    let rest = running.rest(APP);
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(rest.get("/session.json").await);
    }
    let refused = answers.iter().find(|answer| answer.status == 429);
    let refused = refused.expect("five at once are too many");
    assert_eq!(answers[0].status, 401);
    assert_eq!(refused.body, json!({"errors": ["Too Many Requests"]}));
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.headers.contains_key("access-control-allow-origin"));
    // Chat and health are not counted.
    running.chat(101).await;
    assert_eq!(rest.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn connections_are_bounded() {
    refuses_the_second(|config| config.limits.connections = 1).await;
    refuses_the_second(|config| config.limits.connections_per_address = 1).await;
}

async fn refuses_the_second(limit: impl FnOnce(&mut ServerConfig)) {
    let running = start_with(limit).await;
    let first = common::chat::Chat::connect(&running.ws()).await;
    let rest = running.rest(APP);
    let refused = rest.request(Method::GET, "/").body(Body::empty()).unwrap();
    assert!(rest.try_to_ask(refused).await.is_err());
    drop(first);
}

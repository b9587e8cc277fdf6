//! The same over TLS, with a certificate of the tests.

use crate::common::certificate::{certified, encrypt};
use crate::common::chat::{Chat, bare};
use crate::common::rest::Rest;
use crate::common::{APP, loopback, start_with};
use tokio::net::TcpStream;

#[tokio::test]
async fn rest_and_chat_over_tls() {
    let (files, connector) = certified();
    let running = start_with(|config| {
        config.http = None;
        config.https = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    let ready = running.server.ready();
    assert_eq!((&ready.http, &ready.ws), (&None, &None));
    let port = ready.https.as_ref().unwrap().rsplit(':').next().unwrap();

    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let rest = Rest {
        address,
        tls: Some(connector.clone()),
        application: APP,
        token: None,
    };
    let rest = rest.logged_in(101).await;
    let meta = rest.get("/.well-known/host-meta.json").await;
    assert_eq!(
        meta.body["links"][0]["href"],
        format!("wss://localhost:{port}/ws")
    );

    let stream = TcpStream::connect(address).await.unwrap();
    let stream = encrypt(Box::pin(stream), &connector).await;
    let mut chat = Chat::over(stream, &format!("wss://localhost:{port}/ws")).await;
    chat.log_in(101, APP, rest.token.as_ref().unwrap()).await;
    chat.signal("m1", &bare(101), "update").await;
    assert_eq!(chat.stanza().await.attribute("id"), Some("m1"));
}

//! Ending in good order, and what is still there afterwards.

use crate::common::chat::{CLOSE, Chat, Ended};
use crate::common::{self, APP, Running, soon, start};
use visavis_server::Server;

#[tokio::test]
async fn streams_are_closed_exactly_as_clients_expect() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    let mut fresh = Chat::connect(&running.ws()).await;
    fresh.open().await;
    let shutdown = tokio::spawn(running.server.shutdown());
    for chat in [&mut chat, &mut fresh] {
        let why = chat.stanza().await;
        assert!(why.child("system-shutdown").is_some(), "{}", why.to_xml());
        assert_eq!(chat.text().await, CLOSE);
        assert!(matches!(chat.frame().await, Err(Ended::Close(_))));
        chat.rest_of_the_stream().await;
    }
    soon(shutdown).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_cannot_delay_it() {
    let running = common::start_with(|config| {
        config.limits.shutdown_time = std::time::Duration::from_millis(200);
    })
    .await;
    let _silent = running.chat(101).await;
    let _half = tokio::net::TcpStream::connect(running.http().trim_start_matches("http://"))
        .await
        .unwrap();
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn users_and_tokens_survive_a_restart() {
    let Running {
        server,
        config,
        folder,
    } = start().await;
    let base = server.ready().http.clone().unwrap();
    let mut rest = common::rest::Rest::new(&base, APP).logged_in(101).await;
    soon(server.shutdown()).await;

    let server = Server::start(config.clone()).await.unwrap();
    let running = Running {
        server,
        config,
        folder,
    };
    let base = running.http();
    rest.address = base.strip_prefix("http://").unwrap().parse().unwrap();
    assert_eq!(
        rest.get("/session.json").await.body["session"]["user_id"],
        101
    );
    let mut chat = Chat::connect(&running.ws()).await;
    chat.log_in(101, APP, rest.token.as_ref().unwrap()).await;
    running.chat(102).await;
}

#[tokio::test]
async fn a_client_that_closes_is_closed_back() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    chat.send(r#"<presence type="unavailable" xmlns="jabber:client"/>"#)
        .await;
    chat.send(r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#)
        .await;
    assert_eq!(chat.text().await, CLOSE);
    assert!(matches!(chat.frame().await, Err(Ended::Close(_))));
}

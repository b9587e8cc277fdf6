//! Ending in good order, and what is still there afterwards.

use crate::common::chat::{CLOSE, Chat, Ended};
use crate::common::{self, APP, Running, soon, start};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
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
async fn streams_end_one_after_the_other() {
    const STREAMS: usize = 10;
    let running = common::start_with(|config| {
        config.admin = Some(common::loopback());
        // Ten streams take a tenth of it.
        config.limits.shutdown_spread = Duration::from_secs(20);
    })
    .await;
    let mut chats = Vec::new();
    for at in 0..STREAMS {
        chats.push(running.chat([101, 102, 103][at % 3]).await);
    }
    let mut listeners = Vec::new();
    let ready = running.server.ready().clone();
    let admin = common::rest::Rest::new(ready.admin.as_ref().unwrap(), APP);
    assert_eq!(admin.get("/readyz").await.status, 200);
    let (ended, mut order) = mpsc::unbounded_channel();
    let (ask, _) = watch::channel(false);
    for mut chat in chats {
        let (ended, mut asked) = (ended.clone(), ask.subscribe());
        listeners.push(tokio::spawn(async move {
            let mut answered = false;
            loop {
                tokio::select! {
                    Ok(()) = asked.changed() => {
                        chat.fence().await;
                        answered = true;
                    }
                    stanza = chat.stanza() => {
                        if stanza.child("system-shutdown").is_some() {
                            break;
                        }
                    }
                }
            }
            ended.send(()).unwrap();
            assert_eq!(chat.text().await, CLOSE);
            assert!(matches!(chat.frame().await, Err(Ended::Close(_))));
            answered
        }));
    }
    let shutdown = tokio::spawn(running.server.shutdown());
    order.recv().await.unwrap();

    // The first has gone. Nobody new comes in, and the others are served.
    let answer = admin.get("/readyz").await;
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (503, &json!("shutting down"))
    );
    let http = ready.http.as_ref().unwrap().trim_start_matches("http://");
    assert!(TcpStream::connect(http).await.is_err());
    ask.send(true).unwrap();
    let mut answered = 0;
    for listener in listeners {
        answered += usize::from(soon(listener).await.unwrap());
    }
    assert!(answered > 0);
    soon(shutdown).await.unwrap();
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let running = start().await;
    let address = running.http();
    let mut socket = TcpStream::connect(address.trim_start_matches("http://"))
        .await
        .unwrap();
    let head = "POST /session.json HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    // The server has taken it once another request on a later connection is answered.
    running.rest(APP).get("/healthz").await;
    let shutdown = tokio::spawn(running.server.shutdown());
    socket.write_all(b"a=1").await.unwrap();
    let mut answer = String::new();
    soon(socket.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    soon(shutdown).await.unwrap();
}

#[tokio::test]
async fn a_shutdown_that_is_given_up_ends_everything_at_once() {
    let running = common::start_with(|config| {
        config.limits.shutdown_spread = Duration::from_secs(100_000);
        config.limits.shutdown_time = Duration::from_secs(100_000);
    })
    .await;
    let mut chats = [running.chat(101).await, running.chat(102).await];
    let mut shutdown = Box::pin(running.server.shutdown());
    // The first leaves at once, the second would stay for long.
    let first = async {
        let [one, other] = &mut chats;
        tokio::select! {
            stanza = one.stanza() => stanza,
            stanza = other.stanza() => stanza,
        }
    };
    tokio::select! {
        () = &mut shutdown => panic!("too soon"),
        why = first => assert!(why.child("system-shutdown").is_some()),
    }
    drop(shutdown);
    for chat in &mut chats {
        chat.rest_of_the_stream().await;
    }
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

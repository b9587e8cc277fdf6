//! Whatever a client sends, only that client's connection suffers.

use crate::common::chat::{CLOSE, Chat, Ended, bare, headline};
use crate::common::{APP, DOMAIN, Running, soon, start, start_with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The connection ends with a stream error in good order.
async fn ends_with_error(chat: &mut Chat, what: &str) {
    let mut frames = Vec::new();
    let ended = loop {
        match chat.frame().await {
            Ok(frame) => frames.push(frame),
            Err(ended) => break ended,
        }
    };
    assert!(
        matches!(ended, Ended::Close(_)),
        "{what}: {ended:?} after {frames:?}"
    );
    let frames = frames.concat();
    assert!(frames.contains("error"), "{what}: {frames}");
}

#[tokio::test]
async fn a_frame_of_ten_megabytes() {
    let running = start().await;
    for logged_in in [false, true] {
        let mut chat = if logged_in {
            running.chat(101).await
        } else {
            Chat::connect(&running.ws()).await
        };
        let large = "x".repeat(10 * 1024 * 1024);
        // The server may hang up while it is being sent.
        let _ = soon(chat.socket.send(Message::text(large))).await;
        let mut ended = None;
        while ended.is_none() {
            match soon(chat.socket.next()).await {
                Some(Ok(Message::Close(Some(close)))) => ended = Some(close.code),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(ended, Some(CloseCode::Size));
    }
    running.still_serves().await;
}

/// The beginning of a text frame (RFC 6455 section 5.2) of so many bytes, which
/// is all of them or not.
fn begun(length: u16, last: bool) -> Vec<u8> {
    let mut frame = vec![if last { 0x81 } else { 0x01 }, 0x80 | 126];
    frame.extend(length.to_be_bytes());
    // Masked with zeros, which is as good as not at all.
    frame.extend([0; 4]);
    frame
}

/// What a stranger sends takes no more room than a login needs.
#[tokio::test]
async fn a_stranger_may_send_less_at_once() {
    let running = start().await;
    let announced = begun(10_001, true);
    let blank = vec![b' '; 6000];
    let mut last = begun(6000, true);
    last[0] = 0x80;
    let in_parts = [&begun(6000, false)[..], &blank, &last, &blank].concat();
    for bytes in [&announced, &in_parts] {
        let mut stranger = Chat::connect(&running.ws()).await;
        stranger.open().await;
        soon(stranger.socket.get_mut().write_all(bytes))
            .await
            .unwrap();
        let told = stranger.frame().await.unwrap();
        assert!(told.contains("<policy-violation "), "{told}");
        assert_eq!(stranger.frame().await.unwrap(), CLOSE);
        let Err(Ended::Close(Some(close))) = stranger.frame().await else {
            panic!("not closed")
        };
        assert_eq!(close.code, CloseCode::Size);
    }
    let mut known = running.chat(101).await;
    let whole = [&announced[..], &[b' '; 10_001], &in_parts].concat();
    soon(known.socket.get_mut().write_all(&whole))
        .await
        .unwrap();
    known.fence().await;
    // What fits is looked at.
    let mut stranger = Chat::connect(&running.ws()).await;
    stranger.send(&" ".repeat(10_000)).await;
    stranger.open().await;
}

#[tokio::test]
async fn the_limit_for_frames_is_exact() {
    let running = start_with(|config| config.limits.frame_bytes = 4096).await;
    let mut sender = running.chat(101).await;
    let mut receiver = running.chat(102).await;
    let padded = |length: usize| {
        let short = headline("m1", &bare(102), "update");
        let pad = "x".repeat(length - short.len() - "<p></p>".len());
        short.replace("<callType>", &format!("<p>{pad}</p><callType>"))
    };
    sender.send(&padded(4096)).await;
    assert_eq!(receiver.stanza().await.attribute("id"), Some("m1"));
    sender.send(&padded(4097)).await;
    ends_with_error(&mut sender, "one byte too many").await;
    running.still_serves().await;
}

#[tokio::test]
async fn garbage_of_every_kind() {
    let running = start().await;
    let texts = [
        "\u{0}\u{1}\u{2}".to_owned(),
        "<".to_owned(),
        "<message".to_owned(),
        "</message>".to_owned(),
        "not xml at all".to_owned(),
        "<message xmlns=\"jabber:client\"/><message xmlns=\"jabber:client\"/>".to_owned(),
        "<!DOCTYPE a [<!ENTITY b \"c\">]><message xmlns=\"jabber:client\">&b;</message>".to_owned(),
        "<message xmlns=\"jabber:client\">&undefined;</message>".to_owned(),
        "<message xmlns=\"jabber:client\" a=\"1\" a=\"2\"/>".to_owned(),
        "<x:message xmlns=\"jabber:client\"/>".to_owned(),
        format!("<message xmlns=\"jabber:client\">{}", "<a>".repeat(50_000)),
        format!(
            "<message xmlns=\"jabber:client\" {}/>",
            "a=\"".repeat(10_000)
        ),
    ];
    for text in texts {
        for logged_in in [false, true] {
            let mut chat = if logged_in {
                running.chat(101).await
            } else {
                Chat::connect(&running.ws()).await
            };
            chat.send(&text).await;
            let what: String = text.chars().take(40).collect();
            ends_with_error(&mut chat, &what).await;
        }
    }
    running.still_serves().await;
}

/// A login and a signal, cut at every byte of every frame.
#[tokio::test]
async fn an_exchange_cut_off_at_every_place() {
    let running = start().await;
    let token = token(&running).await;
    let exchange = exchange(&token);
    for (at, frame) in exchange.iter().enumerate() {
        for length in (1..frame.len()).filter(|&length| frame.is_char_boundary(length)) {
            let mut chat = Chat::connect(&running.ws()).await;
            for whole in &exchange[..at] {
                chat.send(whole).await;
            }
            chat.send(&frame[..length]).await;
            let frames = chat.rest_of_the_stream().await;
            let [.., error, close] = frames.as_slice() else {
                panic!("{length} of {frame}: {frames:?}");
            };
            assert!(
                error.contains("<not-well-formed "),
                "{length} of {frame}: {error}"
            );
            assert_eq!(close, CLOSE);
        }
    }
    running.still_serves().await;
}

/// What the official client sends from the open socket to its first call.
fn exchange(token: &str) -> [String; 8] {
    let open = format!(
        r#"<open to="{DOMAIN}" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#
    );
    let plain = STANDARD.encode(format!("\0101-{APP}\0{token}"));
    [
        open.clone(),
        format!(
            r#"<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{plain}</auth>"#
        ),
        open,
        r#"<iq id="b" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>"#.to_owned(),
        r#"<iq id="c" type="set" xmlns="jabber:client"><enable xmlns="urn:xmpp:carbons:2"/></iq>"#.to_owned(),
        r#"<iq id="r" type="get" xmlns="jabber:client"><query xmlns="jabber:iq:roster"/></iq>"#.to_owned(),
        r#"<presence xmlns="jabber:client"/>"#.to_owned(),
        headline("m", &bare(102), "call"),
    ]
}

/// A token: logging in a hundred times by password would hash as often.
async fn token(running: &Running) -> String {
    running.rest(APP).logged_in(101).await.token.unwrap()
}

#[tokio::test]
async fn stanzas_before_login_are_not_delivered() {
    let running = start().await;
    let mut receiver = running.chat(102).await;
    let mut chat = Chat::connect(&running.ws()).await;
    chat.open().await;
    chat.signal("m1", &bare(102), "call").await;
    ends_with_error(&mut chat, "a stanza before login").await;
    assert!(receiver.fence().await.is_empty());
}

#[tokio::test]
async fn a_slow_reader_is_disconnected_and_harms_nobody() {
    let running = start_with(|config| {
        config.limits.outbound_stanzas = 50;
        config.limits.ping_after = std::time::Duration::from_secs(600);
    })
    .await;
    let slow = running.chat(102).await;
    let mut watcher = running.chat(102).await;
    let mut sender = running.chat(101).await;
    let large = headline("m", &slow.jid, "update").replace(
        "<callType>",
        &format!("<p>{}</p><callType>", "x".repeat(200_000)),
    );
    // Nobody reads `slow`, so its socket fills up and then its queue.
    let mut gone = false;
    for _ in 0..500 {
        sender.send(&large).await;
        sender.fence().await;
        let seen = watcher.fence().await;
        gone = seen
            .iter()
            .any(|stanza| stanza.attribute("type") == Some("unavailable"));
        if gone {
            break;
        }
    }
    assert!(gone, "the slow reader is still there");
    running.still_serves().await;
}

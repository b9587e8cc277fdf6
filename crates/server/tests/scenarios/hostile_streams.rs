//! Whatever a client sends over TCP, only that client's connection suffers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use visavis_xmpp::tcp::Piece;

use crate::common::chat::{bare, headline};
use crate::common::stream::{HEADER, Stream};
use crate::common::{APP, Running, soon, start};

/// A stream that is logged in, or only open.
async fn stream(running: &Running, logged_in: bool) -> Stream {
    let mut stream = running.stream().await;
    if logged_in {
        stream.log_in(101, "tcp").await;
    } else {
        stream.open().await;
    }
    stream
}

/// The stream ends in good order with this error.
async fn ends_with(mut stream: Stream, error: &str, what: &str) {
    let told = loop {
        match stream.piece().await {
            Some(Piece::Element(element)) if element.contains("stream:error") => break element,
            Some(Piece::Close) | None => panic!("{what}: nothing was told"),
            Some(_) => {}
        }
    };
    assert!(told.contains(&format!("<{error} ")), "{what}: {told}");
    assert_eq!(stream.piece().await, Some(Piece::Close));
    assert_eq!(stream.piece().await, None);
}

#[tokio::test]
async fn a_stanza_of_ten_megabytes() {
    let running = start().await;
    for logged_in in [false, true] {
        let mut stream = stream(&running, logged_in).await;
        let large = format!("<message><body>{}</body></message>", "x".repeat(10 << 20));
        // The server may hang up while it is being sent.
        let _ = soon(stream.socket.write_all(large.as_bytes())).await;
        ends_with(stream, "policy-violation", "10 MiB").await;
    }
    running.still_serves().await;
}

/// What a stranger sends takes no more room than a login needs.
#[tokio::test]
async fn a_stranger_may_send_less_at_once() {
    let running = start().await;
    let begun = format!("<message><body>{}", "x".repeat(100_000));
    let mut stranger = stream(&running, false).await;
    stranger.send(&begun).await;
    ends_with(stranger, "policy-violation", "the beginning of a message").await;

    let mut known = stream(&running, true).await;
    known.send(&format!("{begun}</body></message>")).await;
    known
        .send("<iq id='p' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
        .await;
    loop {
        let answer = known.element().await;
        assert_ne!(answer.name(), "error");
        if answer.attribute("id") == Some("p") {
            break;
        }
    }
}

/// A header whose prefixes every stanza needs would turn a few bytes into many,
/// for others to read: it may not be long, before the login and behind it.
#[tokio::test]
async fn a_header_that_makes_every_stanza_large() {
    let running = start().await;
    let prefixes: String = (0..50)
        .map(|n| format!(" xmlns:p{n}='{}'", "u".repeat(100)))
        .collect();
    let header = HEADER.replace(" xmlns=", &format!("{prefixes} xmlns="));
    let mut stranger = running.stream().await;
    stranger.send(&header).await;
    ends_with(stranger, "policy-violation", "the first header").await;
    let mut known = running.stream().await;
    known.open().await;
    let plain = STANDARD.encode(format!("\0101-{APP}\0pass101"));
    known
        .send(&format!(
            "<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{plain}</auth>"
        ))
        .await;
    assert_eq!(known.element().await.name(), "success");
    known.send(&header).await;
    ends_with(known, "policy-violation", "the second header").await;
    running.still_serves().await;
}

/// From the first byte to a call, cut off at every byte.
#[tokio::test]
async fn an_exchange_cut_off_at_every_place() {
    let running = start().await;
    // Logging in by password so often would hash as often.
    let token = running.rest(APP).logged_in(101).await.token.unwrap();
    let plain = STANDARD.encode(format!("\0101-{APP}\0{token}"));
    let exchange = [
        HEADER,
        &format!("<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{plain}</auth>"),
        HEADER,
        "<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<enable resume='true' xmlns='urn:xmpp:sm:3'/><presence/>",
        &headline("m", &bare(102), "call"),
    ]
    .concat();
    let mut callee = running.chat(102).await;
    for length in 0..exchange.len() {
        let mut stream = running.stream().await;
        stream.send(&exchange[..length]).await;
        soon(stream.socket.shutdown()).await.unwrap();
        while let Some(piece) = stream.piece().await {
            let is_error =
                matches!(&piece, Piece::Element(element) if element.contains("stream:error"));
            assert!(!is_error, "{length}: {piece:?}");
        }
    }
    assert!(
        callee.fence().await.is_empty(),
        "a call that was cut off came"
    );
    running.still_serves().await;
}

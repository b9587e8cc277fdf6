//! Chat over TCP, with STARTTLS and over direct TLS, together with chat over
//! WebSocket.

use crate::common::certificate::{certified, encrypt};
use crate::common::chat::{bare, headline};
use crate::common::stream::Stream;
use crate::common::{Running, loopback, start, start_with};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use visavis_xmpp::tcp::Piece;

async fn start_encrypted() -> (Running, TlsConnector) {
    let (files, connector) = certified();
    let running = start_with(|config| {
        config.xmpps = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    (running, connector)
}

/// Both ways between this stream and a WebSocket of user 102.
async fn exchange(running: &Running, mut stream: Stream) {
    let mut chat = running.chat(102).await;
    stream.log_in(101, "tcp").await;
    let call = headline("m1", &bare(102), "call");
    // In two writes, cut inside a tag.
    let (one, other) = call.split_at(150);
    stream.send(one).await;
    stream.send(other).await;
    let got = chat.stanza().await;
    assert_eq!(got.attribute("id"), Some("m1"));
    assert_eq!(got.attribute("from"), Some(&*stream.jid));
    assert_eq!(
        got.child("extraParams")
            .unwrap()
            .child("signalType")
            .unwrap()
            .text(),
        "call"
    );
    chat.signal("m2", &bare(101), "accept").await;
    let got = stream.element().await;
    assert_eq!(got.attribute("id"), Some("m2"));
    assert_eq!(got.attribute("from"), Some(&*chat.jid));

    stream.send("</stream:stream>").await;
    assert_eq!(stream.piece().await, Some(Piece::Close));
    assert_eq!(stream.piece().await, None);
}

#[tokio::test]
async fn in_clear_on_this_machine() {
    let running = start().await;
    let stream = running.stream().await;
    exchange(&running, stream).await;
}

#[tokio::test]
async fn encrypted_where_the_client_asks_for_it() {
    let (running, connector) = start_encrypted().await;
    let stream = running.stream().await.start_tls(&connector).await;
    exchange(&running, stream).await;
}

#[tokio::test]
async fn encrypted_from_the_first_byte() {
    let (running, connector) = start_encrypted().await;
    let address = running.server.ready().xmpps.clone().unwrap();
    let socket = TcpStream::connect(&address).await.unwrap();
    let mut stream = Stream::over(encrypt(Box::pin(socket), &connector).await);
    let features = stream.open().await;
    assert!(features.child("starttls").is_none(), "once is enough");
    drop(stream);
    let socket = TcpStream::connect(&address).await.unwrap();
    let stream = Stream::over(encrypt(Box::pin(socket), &connector).await);
    exchange(&running, stream).await;
}

#[tokio::test]
async fn nothing_in_clear_is_read_behind_the_request_for_tls() {
    let (running, _) = start_encrypted().await;
    let mut stream = running.stream().await;
    stream.open().await;
    stream
        .send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><auth/>")
        .await;
    assert_eq!(stream.element().await.name(), "proceed");
    assert_eq!(stream.piece().await, None);
}

#[tokio::test]
async fn what_is_no_stream_is_told() {
    let running = start().await;
    let header = "<stream:stream to='chat.test' version='1.0' xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams'>";
    for (sent, error) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "not-well-formed"),
        (header.replace("chat.test", "elsewhere"), "host-unknown"),
        (
            header.replace("jabber:client", "jabber:server"),
            "invalid-namespace",
        ),
        (format!("{header}<!DOCTYPE x>"), "restricted-xml"),
        (
            format!("{header}<a>{}", "x".repeat(300_000)),
            "policy-violation",
        ),
        (format!("{header}<message/>"), "not-authorized"),
    ] {
        let mut stream = running.stream().await;
        stream.send(&sent).await;
        let told = loop {
            match stream.piece().await {
                Some(Piece::Element(element)) if element.contains("stream:error") => break element,
                Some(Piece::Close) | None => panic!("nothing was told about {sent:.40}"),
                Some(_) => {}
            }
        };
        assert!(told.contains(error), "{sent:.40}: {told}");
        assert_eq!(stream.piece().await, Some(Piece::Close));
        assert_eq!(stream.piece().await, None);
    }
}

#[tokio::test]
async fn where_chat_is_can_be_looked_up() {
    let (running, _) = start_encrypted().await;
    let rest = running.rest(crate::common::APP);
    let meta = rest.get("/.well-known/host-meta.json").await.body;
    let ready = running.server.ready();
    let port = |address: &Option<String>| -> u16 {
        let address = address.as_ref().unwrap();
        address.rsplit(':').next().unwrap().parse().unwrap()
    };
    let link = |rel: &str| {
        let links = meta["links"].as_array().unwrap();
        links
            .iter()
            .find(|link| link["rel"] == rel)
            .unwrap()
            .clone()
    };
    assert_eq!(link("urn:visavis:xmpp")["port"], port(&ready.xmpp));
    assert_eq!(
        link("urn:xmpp:alt-connections:tls")["port"],
        port(&ready.xmpps)
    );
    let websocket = "urn:xmpp:alt-connections:websocket";
    assert_eq!(link(websocket)["href"], running.ws());
    let xml = rest.get("/.well-known/host-meta").await;
    assert!(
        xml.text
            .contains(&format!("rel=\"{websocket}\" href=\"{}\"", running.ws()))
    );
    assert_eq!(xml.headers["content-type"], "application/xrd+xml");
}

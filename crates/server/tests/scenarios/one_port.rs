//! Everything that is spoken over TLS, on one port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::common::certificate::{certified, encrypt};
use crate::common::chat::Chat;
use crate::common::rest::Rest;
use crate::common::stream::Stream;
use crate::common::{APP, Running, loopback, soon, start_with};
use crate::relay::{access, everything_comes_back};
use stun_types::message::{BINDING, Message, MessageClass, MessageWrite, MessageWriteVec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

struct OnePort {
    running: Running,
    connector: TlsConnector,
    address: SocketAddr,
}

async fn start() -> OnePort {
    let (files, connector) = certified();
    let running = start_with(|config| {
        config.https = Some(loopback());
        config.certificate = Some(files);
        config.public = Some("localhost".to_owned());
        config.limits.request_time = Duration::from_secs(2);
    })
    .await;
    let https = running.server.ready().https.clone().unwrap();
    let address = https.strip_prefix("https://").unwrap().parse().unwrap();
    OnePort {
        running,
        connector,
        address,
    }
}

impl OnePort {
    /// A client that names these protocols in its handshake.
    fn naming(&self, protocols: &[&str]) -> TlsConnector {
        let mut config = (**self.connector.config()).clone();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
    }

    async fn requests(&self, connector: &TlsConnector) -> Rest {
        let rest = Rest {
            address: self.address,
            tls: Some(connector.clone()),
            application: APP,
            token: None,
        };
        rest.logged_in(101).await
    }

    async fn frames(&self, connector: &TlsConnector, token: &str) {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let socket = encrypt(Box::pin(socket), connector).await;
        let mut chat = Chat::over(
            socket,
            &format!("wss://localhost:{}/ws", self.address.port()),
        )
        .await;
        chat.log_in(101, APP, token).await;
    }

    async fn stanzas(&self, connector: &TlsConnector) {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let mut stream = Stream::over(encrypt(Box::pin(socket), connector).await);
        let features = stream.open().await;
        assert!(features.child("starttls").is_none(), "once is enough");
        let socket = TcpStream::connect(self.address).await.unwrap();
        let mut stream = Stream::over(encrypt(Box::pin(socket), connector).await);
        stream.log_in(101, "one").await;
    }

    /// A request whose first byte travels alone.
    async fn binding(&self, connector: &TlsConnector) {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let mut socket = encrypt(Box::pin(socket), connector).await;
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        for bytes in [&request[..1], &request[1..]] {
            socket.write_all(bytes).await.unwrap();
            socket.flush().await.unwrap();
        }
        let mut answer = [0; 200];
        let length = soon(socket.read(&mut answer)).await.unwrap();
        let answer = Message::from_bytes(&answer[..length]).unwrap();
        assert!(answer.has_class(MessageClass::Success));
    }
}

#[tokio::test]
async fn every_protocol_comes_through_it_whatever_the_handshake_names() {
    let port = start().await;
    for named in [
        &[][..],
        &["http/1.1"],
        &["xmpp-client"],
        &["stun.turn"],
        &["h2", "http/1.1"],
    ] {
        let connector = port.naming(named);
        let rest = port.requests(&connector).await;
        port.frames(&connector, rest.token.as_ref().unwrap()).await;
        port.stanzas(&connector).await;
        port.binding(&connector).await;
    }
    soon(port.running.server.shutdown()).await;
}

#[tokio::test]
async fn coturns_client_relays_through_it() {
    let port = start().await;
    let mut access = access(&port.running).await;
    let relay = access.address.port();
    assert_eq!(
        access.urls,
        [
            format!("turn:localhost:{relay}?transport=udp"),
            format!("turn:localhost:{relay}?transport=tcp"),
            format!("turns:localhost:{}?transport=tcp", port.address.port()),
        ]
    );
    access.address = port.address;
    everything_comes_back(&access, &["-t", "-S"]).await;
}

#[tokio::test]
async fn chat_over_tcp_is_told_to_be_there() {
    let port = start().await;
    let rest = port.requests(&port.connector).await;
    let meta = rest.get("/.well-known/host-meta.json").await.body;
    let links = meta["links"].as_array().unwrap();
    let tls = links
        .iter()
        .find(|link| link["rel"] == "urn:xmpp:alt-connections:tls")
        .unwrap();
    assert_eq!(tls["port"], port.address.port());
}

#[tokio::test]
async fn who_says_nothing_is_given_up() {
    let port = start().await;
    let socket = TcpStream::connect(port.address).await.unwrap();
    let mut socket = encrypt(Box::pin(socket), &port.connector).await;
    let mut nothing = [0];
    let ended = soon(socket.read(&mut nothing)).await;
    assert!(!matches!(ended, Ok(1..)));
}

#[tokio::test]
async fn what_nobody_speaks_is_a_bad_request() {
    let port = start().await;
    let socket = TcpStream::connect(port.address).await.unwrap();
    let mut socket = encrypt(Box::pin(socket), &port.connector).await;
    socket.write_all(b"\xff\xfe\xfd\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // An end without farewell is an end.
    let _ = soon(socket.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
}

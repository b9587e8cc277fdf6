//! Every way to chat, so that a test can take them all.

use std::pin::Pin;

use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use visavis_server::{RunningServer, ServerConfig};
use visavis_xmpp::tcp::Piece;
use visavis_xmpp::xml::Element;

use super::certificate::{certified, encrypt};
use super::chat::{Chat, Socket, parse};
use super::stream::Stream;
use super::{APP, Running, loopback, soon, start_with};

/// How a client reaches chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Ws,
    Wss,
    Tcp,
    StartTls,
    Tls,
}

pub(crate) const WAYS: [Way; 5] = [Way::Ws, Way::Wss, Way::Tcp, Way::StartTls, Way::Tls];

/// A server that listens in every way that it knows.
pub(crate) struct Everywhere {
    pub(crate) running: Running,
    pub(crate) connector: TlsConnector,
}

pub(crate) async fn start_everywhere(change: impl FnOnce(&mut ServerConfig)) -> Everywhere {
    let (files, connector) = certified();
    let running = start_with(|config| {
        config.https = Some(loopback());
        config.xmpps = Some(loopback());
        config.certificate = Some(files);
        config.admin = Some(loopback());
        change(config);
    })
    .await;
    Everywhere { running, connector }
}

impl Everywhere {
    /// A connection to chat, before its stream.
    pub(crate) async fn line(&self, way: Way) -> Line {
        let ready = self.running.server.ready();
        match way {
            Way::Ws => Line::Frames(Box::new(Chat::connect(&self.running.ws()).await)),
            Way::Wss => {
                let port = ready.https.as_ref().unwrap().rsplit(':').next().unwrap();
                let socket = self.connect(&format!("127.0.0.1:{port}"), true).await;
                let url = format!("wss://localhost:{port}/ws");
                Line::Frames(Box::new(Chat::over(socket, &url).await))
            }
            Way::Tcp => Line::Stream(self.running.stream().await),
            Way::StartTls => {
                let plain = self.running.stream().await;
                Line::Stream(plain.start_tls(&self.connector).await)
            }
            Way::Tls => {
                let socket = self.connect(ready.xmpps.as_ref().unwrap(), true).await;
                Line::Stream(Stream::over(socket))
            }
        }
    }

    /// A stream that is open, and logged in if there is a token.
    pub(crate) async fn stream(&self, way: Way, user: u32, token: Option<&str>) -> Line {
        let mut line = self.line(way).await;
        match token {
            Some(token) => line.log_in(user, token).await,
            None => drop(line.open().await),
        }
        line
    }

    /// A connection that takes in little at a time.
    pub(crate) async fn connect(&self, address: &str, encrypted: bool) -> Pin<Box<dyn Socket>> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let socket = soon(socket.connect(address.parse().unwrap())).await;
        let socket: Pin<Box<dyn Socket>> = Box::pin(socket.unwrap());
        match encrypted {
            true => encrypt(socket, &self.connector).await,
            false => socket,
        }
    }

    /// A token: logging in a hundred times by password would hash as often.
    pub(crate) async fn token(&self, user: u32) -> String {
        let rest = self.running.rest(APP).logged_in(user).await;
        rest.token.unwrap()
    }
}

/// The addresses of the HTTP listeners, and whether they are encrypted.
pub(crate) fn http_listeners(server: &Everywhere) -> Vec<(&'static str, String, bool)> {
    let ready = server.running.server.ready();
    let local = |url: &Option<String>| {
        let port = url.as_ref().unwrap().rsplit(':').next().unwrap();
        format!("127.0.0.1:{port}")
    };
    let desk = RunningServer::find(&server.running.config.data_dir);
    vec![
        ("http", local(&ready.http), false),
        ("https", local(&ready.https), true),
        ("desk", desk.unwrap().unwrap().address.to_string(), false),
        ("admin", local(&ready.admin), true),
    ]
}

/// A connection to chat.
pub(crate) enum Line {
    Frames(Box<Chat>),
    Stream(Stream),
}

impl Line {
    pub(crate) async fn send(&mut self, text: &str) {
        match self {
            Self::Frames(chat) => chat.send(text).await,
            Self::Stream(stream) => stream.send(text).await,
        }
    }

    /// Opens a stream; gives back its features.
    pub(crate) async fn open(&mut self) -> Element {
        match self {
            Self::Frames(chat) => chat.open().await,
            Self::Stream(stream) => stream.open().await,
        }
    }

    /// The next element, unless the stream ends.
    pub(crate) async fn element(&mut self) -> Option<Element> {
        match self {
            Self::Frames(chat) => {
                let frame = chat.frame().await.ok()?;
                Some(parse(&frame)).filter(|frame| frame.name() != "close")
            }
            Self::Stream(stream) => match stream.piece().await? {
                Piece::Element(element) => Some(parse(&element)),
                Piece::Open(_) => panic!("a stream within a stream"),
                Piece::Close => None,
            },
        }
    }

    /// The next element of this name; those before it are not looked at.
    pub(crate) async fn next(&mut self, name: &str) -> Element {
        loop {
            let element = self.element().await;
            let element = element.unwrap_or_else(|| panic!("the stream ended without {name}"));
            if element.name() == name {
                return element;
            }
        }
    }

    /// Logs in and says that it is there; gives back the device's address.
    pub(crate) async fn log_in(&mut self, user: u32, password: &str) {
        self.open().await;
        self.send(&auth("PLAIN", &plain(user, password))).await;
        self.next("success").await;
        self.open().await;
        self.send("<iq id='b' type='set' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        let bound = self.next("iq").await;
        let jid = bound.child("bind").unwrap().child("jid").unwrap().text();
        self.send("<presence xmlns='jabber:client'/>").await;
        self.next("presence").await;
        match self {
            Self::Frames(chat) => chat.jid = jid,
            Self::Stream(stream) => stream.jid = jid,
        }
    }

    pub(crate) fn jid(&self) -> &str {
        match self {
            Self::Frames(chat) => &chat.jid,
            Self::Stream(stream) => &stream.jid,
        }
    }

    /// Sends bytes without any framing of its own.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        use tokio::io::AsyncWriteExt;
        let socket = match self {
            Self::Frames(chat) => chat.socket.get_mut(),
            Self::Stream(stream) => &mut stream.socket,
        };
        soon(socket.write_all(bytes)).await.unwrap();
        soon(socket.flush()).await.unwrap();
    }

    /// The stream ends in good order with this error.
    pub(crate) async fn ends_with(&mut self, error: &str, what: &str) {
        loop {
            let Some(element) = self.element().await else {
                panic!("{what}: nothing was told")
            };
            if element.is("http://etherx.jabber.org/streams", "error") {
                assert!(
                    element.child(error).is_some(),
                    "{what}: {}",
                    element.to_xml()
                );
                break;
            }
        }
        assert!(self.element().await.is_none(), "{what}");
    }
}

/// What SASL PLAIN says (RFC 4616).
pub(crate) fn plain(user: u32, password: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    STANDARD.encode(format!("\0{user}-{APP}\0{password}"))
}

pub(crate) fn auth(mechanism: &str, response: &str) -> String {
    format!(
        "<auth mechanism='{mechanism}' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</auth>"
    )
}

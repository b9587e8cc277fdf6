//! A chat client over TCP that sends and sees the bytes themselves.

use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use visavis_xmpp::tcp::{Piece, TcpReader};
use visavis_xmpp::xml::Element;

use super::certificate::encrypt;
use super::chat::{Socket, parse};
use super::{APP, DOMAIN, password, soon};

/// How a client opens a stream.
pub(crate) const HEADER: &str = "<?xml version='1.0'?><stream:stream to='chat.test' version='1.0' \
    xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

pub(crate) struct Stream {
    pub(crate) socket: Pin<Box<dyn Socket>>,
    reader: TcpReader,
    pub(crate) jid: String,
}

impl Stream {
    pub(crate) async fn connect(address: &str) -> Self {
        Self::over(Box::pin(TcpStream::connect(address).await.unwrap()))
    }

    pub(crate) fn over(socket: Pin<Box<dyn Socket>>) -> Self {
        Self {
            socket,
            reader: TcpReader::new(1 << 20),
            jid: String::new(),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        soon(self.socket.write_all(text.as_bytes())).await.unwrap();
        soon(self.socket.flush()).await.unwrap();
    }

    /// The next piece; none when the connection ends.
    pub(crate) async fn piece(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.reader.next_piece().unwrap() {
                return Some(piece);
            }
            let mut chunk = [0; 4096];
            match soon(self.socket.read(&mut chunk)).await {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.reader.push(&chunk[..length]),
            }
        }
    }

    /// The next element.
    pub(crate) async fn element(&mut self) -> Element {
        match self.piece().await {
            Some(Piece::Element(element)) => parse(&element),
            other => panic!("{other:?}"),
        }
    }

    /// The next element that is not about acknowledgments.
    pub(crate) async fn stanza(&mut self) -> Element {
        loop {
            let element = self.element().await;
            if element.namespace() != "urn:xmpp:sm:3" {
                return element;
            }
        }
    }

    /// Opens a stream; gives back the features.
    pub(crate) async fn open(&mut self) -> Element {
        self.send(HEADER).await;
        let Some(Piece::Open(open)) = self.piece().await else {
            panic!("no stream")
        };
        assert_eq!(open.from.as_deref(), Some(DOMAIN));
        self.element().await
    }

    /// Asks for TLS and does the handshake.
    pub(crate) async fn start_tls(self, tls: &TlsConnector) -> Self {
        let mut plain = self;
        let features = plain.open().await;
        assert!(features.child("starttls").is_some());
        plain
            .send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            .await;
        assert_eq!(plain.element().await.name(), "proceed");
        Self::over(encrypt(plain.socket, tls).await)
    }

    /// Opens, authenticates and opens again; gives back the new features.
    pub(crate) async fn authenticate(&mut self, user: u32) -> Element {
        let features = self.open().await;
        assert!(features.child("mechanisms").is_some());
        let plain = STANDARD.encode(format!("\0{user}-{APP}\0{}", password(user)));
        self.send(&format!(
            "<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{plain}</auth>"
        ))
        .await;
        assert_eq!(self.element().await.name(), "success");
        self.open().await
    }

    pub(crate) async fn bind(&mut self, resource: &str) {
        self.send(&format!(
            "<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq>"
        ))
        .await;
        let bound = self.element().await;
        self.jid = bound.child("bind").unwrap().child("jid").unwrap().text();
        assert!(self.jid.ends_with(&format!("/{resource}")));
    }

    /// Logs in, binds, and says that it is there.
    pub(crate) async fn log_in(&mut self, user: u32, resource: &str) {
        self.authenticate(user).await;
        self.bind(resource).await;
        self.send("<presence/>").await;
        let presence = self.element().await;
        assert_eq!(presence.attribute("from"), Some(&*self.jid));
    }
}

//! A chat client that sends and sees the frames themselves.

use std::collections::VecDeque;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use visavis_xmpp::xml::{Element, Limits};

use super::{DOMAIN, soon};

pub(crate) const CLOSE: &str = r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />"#;

pub(crate) trait Socket: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Socket for T {}

pub(crate) struct Chat {
    pub(crate) socket: WebSocketStream<Pin<Box<dyn Socket>>>,
    pub(crate) jid: String,
    fences: u32,
    /// What came while something else was waited for.
    early: VecDeque<Element>,
}

/// What came instead of a text frame.
#[derive(Debug)]
pub(crate) enum Ended {
    Close(Option<CloseFrame>),
    Failed,
    Gone,
}

pub(crate) fn request(url: &str) -> Request {
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", "xmpp".parse().unwrap());
    request
}

impl Chat {
    pub(crate) async fn connect(url: &str) -> Self {
        let address = url.strip_prefix("ws://").unwrap();
        let address = address.split('/').next().unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(Box::pin(stream), url).await
    }

    pub(crate) async fn over(stream: Pin<Box<dyn Socket>>, url: &str) -> Self {
        let handshake = tokio_tungstenite::client_async(request(url), stream);
        let (socket, response) = soon(handshake).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        Self {
            socket,
            jid: String::new(),
            fences: 0,
            early: VecDeque::new(),
        }
    }

    pub(crate) async fn send(&mut self, frame: &str) {
        soon(self.socket.send(Message::text(frame))).await.unwrap();
    }

    /// The next text frame, or how the connection ended.
    pub(crate) async fn frame(&mut self) -> Result<String, Ended> {
        loop {
            return match soon(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => Err(Ended::Close(frame)),
                Some(Ok(_)) => continue,
                Some(Err(_)) => Err(Ended::Failed),
                None => Err(Ended::Gone),
            };
        }
    }

    pub(crate) async fn text(&mut self) -> String {
        self.frame().await.unwrap()
    }

    /// The next frame as XML.
    pub(crate) async fn stanza(&mut self) -> Element {
        match self.early.pop_front() {
            Some(stanza) => stanza,
            None => parse(&self.text().await),
        }
    }

    /// Asks somebody, the own account if `to` is empty; gives back the answer.
    pub(crate) async fn ask(&mut self, type_: &str, to: &str, payload: &str) -> Element {
        self.fences += 1;
        let id = format!("ask-{}", self.fences);
        let to = match to {
            "" => String::new(),
            to => format!("to='{to}'"),
        };
        self.send(&format!(
            "<iq id='{id}' type='{type_}' {to} xmlns='jabber:client'>{payload}</iq>"
        ))
        .await;
        loop {
            let stanza = parse(&self.text().await);
            if stanza.name() == "iq" && stanza.attribute("id") == Some(&id) {
                return stanza;
            }
            self.early.push_back(stanza);
        }
    }

    /// Frames up to the end of the connection.
    pub(crate) async fn rest_of_the_stream(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Ok(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    pub(crate) async fn open(&mut self) -> Element {
        self.send(&format!(
            r#"<open to="{DOMAIN}" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#
        ))
        .await;
        assert!(self.text().await.starts_with("<open "));
        self.stanza().await
    }

    /// Opens and authenticates; gives back success or failure.
    pub(crate) async fn authenticate(
        &mut self,
        user: u32,
        application: u32,
        password: &str,
    ) -> Element {
        let features = self.open().await;
        let mechanisms = features.child("mechanisms").unwrap();
        let offered: Vec<String> = mechanisms.children().map(Element::text).collect();
        assert_eq!(offered, ["PLAIN"]);
        let plain = STANDARD.encode(format!("\0{user}-{application}\0{password}"));
        self.send(&format!(
            r#"<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{plain}</auth>"#
        ))
        .await;
        self.stanza().await
    }

    /// All of what the official client does on connecting.
    pub(crate) async fn log_in(&mut self, user: u32, application: u32, password: &str) {
        self.bind(user, application, password, "").await;
        self.send(r#"<iq id="c" type="set" xmlns="jabber:client"><enable xmlns="urn:xmpp:carbons:2"/></iq>"#)
            .await;
        assert_eq!(self.stanza().await.attribute("type"), Some("result"));
        self.send(
            r#"<iq id="r" type="get" xmlns="jabber:client"><query xmlns="jabber:iq:roster"/></iq>"#,
        )
        .await;
        let roster = self.stanza().await;
        assert_eq!(roster.attribute("type"), Some("result"));
        assert!(roster.child_ns("jabber:iq:roster", "query").is_some());
        self.send(r#"<presence xmlns="jabber:client"/>"#).await;
        let presence = self.stanza().await;
        assert_eq!(presence.name(), "presence");
        assert_eq!(presence.attribute("from"), Some(&*self.jid));
    }

    /// Logs in as far as the bound resource.
    pub(crate) async fn bind(
        &mut self,
        user: u32,
        application: u32,
        password: &str,
        resource: &str,
    ) {
        let success = self.authenticate(user, application, password).await;
        assert_eq!(success.name(), "success", "{}", success.to_xml());
        let features = self.open().await;
        assert!(features.child("bind").is_some());
        let wanted = if resource.is_empty() {
            String::new()
        } else {
            format!("<resource>{resource}</resource>")
        };
        self.send(&format!(
            r#"<iq id="_bind_auth_2" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">{wanted}</bind></iq>"#
        ))
        .await;
        let bound = self.stanza().await;
        let jid = bound.child("bind").unwrap().child("jid").unwrap().text();
        assert!(
            jid.starts_with(&format!("{user}-{application}@{DOMAIN}/")),
            "{jid}"
        );
        self.jid = jid;
    }

    /// A headline with a signal, as the official client writes it.
    pub(crate) async fn signal(&mut self, id: &str, to: &str, signal: &str) {
        self.send(&headline(id, to, signal)).await;
    }

    /// Sends to its own device and waits for it. What was queued before has
    /// come by then; it is given back.
    pub(crate) async fn fence(&mut self) -> Vec<Element> {
        self.fences += 1;
        let id = format!("fence-{}-{}", self.jid, self.fences);
        self.send(&format!(
            r#"<message id="{id}" to="{}" type="headline" xmlns="jabber:client"/>"#,
            self.jid
        ))
        .await;
        let mut before = Vec::new();
        loop {
            let stanza = self.stanza().await;
            if stanza.attribute("id") == Some(&id) {
                return before;
            }
            before.push(stanza);
        }
    }
}

pub(crate) fn headline(id: &str, to: &str, signal: &str) -> String {
    format!(
        r#"<message id="{id}" to="{to}" type="headline" xmlns="jabber:client"><extraParams xmlns="jabber:client"><sessionID>f78b91c7-dff5-4fd4-952b-cc689e10a218</sessionID><callType>1</callType><callerID>101</callerID><opponentsIDs><opponentID>102</opponentID></opponentsIDs><moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>{signal}</signalType><platform>web</platform></extraParams></message>"#
    )
}

pub(crate) fn parse(frame: &str) -> Element {
    Element::parse(frame, &Limits::default()).unwrap_or_else(|error| panic!("{error}: {frame}"))
}

pub(crate) fn bare(user: u32) -> String {
    format!("{user}-{}@{DOMAIN}", super::APP)
}

//! A chat client written by hand: it sends what no program of ours would.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use visavis_interop_tests::cast::{APP, Cast, password};
use visavis_xmpp::xml::{Element, Limits, escape_text};

/// See the module's documentation.
pub(crate) struct Stranger {
    socket: WebSocketStream<TcpStream>,
    user: u32,
    calls: u32,
}

impl Stranger {
    /// Logs in and becomes available.
    pub(crate) async fn enter(cast: &Cast, user: u32) -> Self {
        let url = cast.chat();
        let mut request = url.into_client_request().unwrap();
        let protocol = "xmpp".parse().unwrap();
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", protocol);
        let host = url.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let (socket, _) = client_async(request, stream).await.unwrap();
        let mut stranger = Self {
            socket,
            user,
            calls: 0,
        };
        stranger.open().await;
        let plain = STANDARD.encode(format!("\0{user}-{APP}\0{}", password(user)));
        stranger
            .send(&format!(
                r#"<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{plain}</auth>"#
            ))
            .await;
        stranger.until("success").await;
        stranger.open().await;
        stranger
            .send(r#"<iq id="b" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>"#)
            .await;
        stranger.until("iq").await;
        stranger.send(r#"<presence xmlns="jabber:client"/>"#).await;
        stranger.until("presence").await;
        stranger
    }

    async fn open(&mut self) {
        self.send(
            r#"<open to="localhost" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#,
        )
        .await;
        self.until("features").await;
    }

    async fn send(&mut self, frame: &str) {
        self.socket.send(Message::text(frame)).await.unwrap();
    }

    /// The next stanza of this name; others are passed over.
    async fn until(&mut self, name: &str) -> Element {
        loop {
            let stanza = self.next().await.expect("the chat goes on");
            if stanza.name() == name {
                return stanza;
            }
        }
    }

    /// The next stanza; none when the chat has ended.
    async fn next(&mut self) -> Option<Element> {
        loop {
            if let Message::Text(text) = self.socket.next().await?.ok()? {
                return Some(Element::parse(text.as_str(), &Limits::default()).unwrap());
            }
        }
    }

    /// From now on the server says how many stanzas it has handled (XEP-0198).
    pub(crate) async fn count_stanzas(&mut self) {
        self.send(r#"<enable xmlns="urn:xmpp:sm:3"/>"#).await;
        self.until("enabled").await;
    }

    /// Writes a number to somebody; how many stanzas the server has handled then, if it still
    /// says so.
    pub(crate) async fn write(&mut self, whom: u32, number: u32) -> Option<u32> {
        let text = format!(
            r#"<message to="{whom}-{APP}@localhost" type="chat" xmlns="jabber:client"><body>{number}</body></message>"#
        );
        self.socket.send(Message::text(text)).await.ok()?;
        let ask = Message::text(r#"<r xmlns="urn:xmpp:sm:3"/>"#);
        self.socket.send(ask).await.ok()?;
        loop {
            let stanza = self.next().await?;
            if stanza.name() == "a" {
                return stanza.attribute("h")?.parse().ok();
            }
        }
    }

    /// The numbers that were written to him while he was away, in the order in which they come.
    pub(crate) async fn waiting(&mut self) -> Vec<u32> {
        self.send(
            r#"<iq id="all" type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>"#,
        )
        .await;
        let mut numbers = Vec::new();
        loop {
            let stanza = self.next().await.expect("the chat goes on");
            if stanza.name() == "iq" {
                return numbers;
            }
            let body = stanza.child("body").map(Element::text);
            numbers.extend(body.map(|number| number.parse::<u32>().unwrap()));
        }
    }

    /// Calls somebody with this description.
    pub(crate) async fn call(&mut self, whom: u32, sdp: &str) {
        self.calls += 1;
        let mut text = String::new();
        escape_text(sdp, &mut text);
        let (user, call) = (self.user, self.calls);
        self.send(&format!(
            r#"<message id="call-{call}" to="{whom}-{APP}@localhost" type="headline" xmlns="jabber:client"><extraParams xmlns="jabber:client"><sessionID>f78b91c7-dff5-4fd4-952b-cc689e10a2{call:02}</sessionID><callType>1</callType><callerID>{user}</callerID><opponentsIDs><opponentID>{whom}</opponentID></opponentsIDs><sdp>{text}</sdp><moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>call</signalType><platform>web</platform></extraParams></message>"#
        ))
        .await;
    }

    /// The description with which somebody accepts.
    pub(crate) async fn accepted(&mut self) -> String {
        let accept = self.signal("accept").await;
        accept.child("sdp").map(Element::text).unwrap_or_default()
    }

    /// Waits until somebody hangs up; his reason.
    pub(crate) async fn hung_up(&mut self) -> String {
        let hang_up = self.signal("hangUp").await;
        let info = hang_up.child("userInfo");
        let reason = info.and_then(|info| info.child("reason"));
        reason.map(Element::text).unwrap_or_default()
    }

    /// The parameters of the next signal of this type; others are passed over.
    async fn signal(&mut self, signal_type: &str) -> Element {
        loop {
            let message = self.until("message").await;
            let Some(parameters) = message.child("extraParams") else {
                continue;
            };
            let told = parameters.child("signalType").map(Element::text);
            if told.as_deref() == Some(signal_type) {
                return parameters.clone();
            }
        }
    }
}

//! One check for each parser that strangers can reach. A check panics when
//! something does not hold; that the parser itself does not panic is part of it.
#![forbid(unsafe_code)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use visavis_server::fuzzing as server;
use visavis_signal::{Signal, SignalKind, UserId};
use visavis_turn::{
    Client, Config, Input as RelayInput, Output as RelayOutput, Path, Relay, Secret, frame_length,
};
use visavis_xmpp::Jid;
use visavis_xmpp::client::{ClientConfig, ClientStream, Input as ClientInput};
use visavis_xmpp::framing::Frame;
use visavis_xmpp::sasl::Password;
use visavis_xmpp::server::{Input as ServerInput, Output, ServerConfig, ServerStream};
use visavis_xmpp::stanza::{self, StanzaHeader};
use visavis_xmpp::xml::{Element, Limits};

/// A check by its name, which is that of its fuzz target and its corpus.
pub const CHECKS: [(&str, fn(&[u8])); 4] = [
    ("signal", signal),
    ("framing", framing),
    ("stun", stun),
    ("rest", rest),
];

/// A signal that can be read can be written, and is then read as the same one.
pub fn signal(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(message) = Element::parse(text, &Limits::default()) else {
        return;
    };
    let kind = SignalKind::peek(&message);
    let Ok(Some(signal)) = Signal::decode(&message) else {
        return;
    };
    assert_eq!(kind, Some(signal.kind()), "peeking found another kind");
    let to: Jid = jid("102-4242@chat.example/phone");
    let written = signal.to_message("6b02d8a57d0a0b28b3000000", UserId(101), &to);
    let again = Element::parse(&written, &Limits::default()).expect("what is written is XML");
    let again = Signal::decode(&again).expect("what is written is read");
    assert_eq!(again, Some(signal));
}

/// Frames and stanzas, one a line: both ends of a stream take anything, in any
/// state, and what a server stamps is well-formed and says who sent it.
pub fn framing(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let domain = jid("chat.example");
    let limits = Limits::default();
    let mut server = ServerStream::new(ServerConfig::new(domain, "s1".into()));
    let mut client = ClientStream::new(ClientConfig {
        user: jid("101-7@chat.example"),
        password: Password::from("secret"),
        resource: None,
    });
    let _ = client.handle(ClientInput::Opened).count();
    for frame in text.split('\n') {
        let _ = Frame::read(frame, &limits);
        let _ = client.handle(ClientInput::Frame(frame.to_owned())).count();
        let outputs: Vec<_> = server
            .handle(ServerInput::Frame(frame.to_owned()))
            .collect();
        for output in outputs {
            let answer = match output {
                Output::Authenticate { local, .. } => ServerInput::Authenticated(Ok(local)),
                Output::Bind { .. } => ServerInput::Bound {
                    resource: "phone".into(),
                },
                _ => continue,
            };
            let _ = server.handle(answer).count();
        }
        if StanzaHeader::read(frame).is_ok() && Element::parse(frame, &limits).is_ok() {
            let from = jid("101-7@chat.example/phone");
            let stamped = stanza::stamp(frame, &from, None);
            let stamped = Element::parse(&stamped, &limits).expect("a stamped stanza is XML");
            assert_eq!(stamped.attribute("from"), Some("101-7@chat.example/phone"));
        }
    }
}

/// A stranger's packet is answered once at most, with no more than a nonce and a name added to
/// it, and opens nothing.
pub fn stun(data: &[u8]) {
    let mut config = Config::new("chat.example", Secret::new(*b"sixteen bytes ok"));
    config.relay_v4 = Some(Ipv4Addr::LOCALHOST);
    let mut relay = Relay::new(config);
    let from = Client {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
        path: Path::Datagrams(0),
    };
    let mut answers = 0;
    for output in relay.handle(Duration::ZERO, RelayInput::FromClient { from, data }) {
        let RelayOutput::Reply { message, .. } = output else {
            panic!("a stranger set something off: {output:?}");
        };
        assert!(
            message.len() <= data.len() + 128,
            "an answer that amplifies"
        );
        answers += 1;
    }
    assert!(answers <= 1, "more than one answer");
    if let Ok(Some(length)) = frame_length(data) {
        assert!(
            (4..=65_556).contains(&length),
            "a message of {length} bytes"
        );
    }
}

/// A content type up to the first line end, then a request body.
pub fn rest(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = cut.map_or((&b""[..], data), |at| (&data[..at], &data[at + 1..]));
    server::rest_body(content_type, body);
}

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

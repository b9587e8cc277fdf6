//! Everything that was recorded on the wire is understood, and what we write
//! for the same content is what was recorded, byte for byte.

use std::path::Path;

use visavis_signal::{Body, Signal, SignalKind, UserId};
use visavis_xmpp::Jid;
use visavis_xmpp::xml::{Element, Limits};

struct Recorded {
    /// File and line.
    place: String,
    /// As a client wrote it, or else as the server delivered it.
    sent: bool,
    sender: UserId,
    stanza: String,
}

impl Recorded {
    fn message(&self) -> Element {
        Element::parse(&self.stanza, &Limits::default()).unwrap()
    }

    fn signal(&self) -> Signal {
        decode(&self.message()).unwrap_or_else(|| panic!("{}: no signal", self.place))
    }

    /// What we send for the same content.
    fn rewritten(&self) -> String {
        let message = self.message();
        let to: Jid = message.attribute("to").unwrap().parse().unwrap();
        self.signal()
            .to_message(message.attribute("id").unwrap(), self.sender, &to)
    }

    /// A busy client echoes the whole `call` in its `reject`; we do not.
    fn echoes_an_offer(&self) -> bool {
        self.stanza.contains("<signalType>reject<") && self.stanza.contains("<sdp>")
    }
}

fn decode(message: &Element) -> Option<Signal> {
    Signal::decode(message).unwrap()
}

fn recordings() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut recordings = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            for (at, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
                let mut parts = line.splitn(3, ' ');
                recordings.push(Recorded {
                    place: format!("{name}:{}", at + 1),
                    sent: parts.next().unwrap() == "sent",
                    sender: parts.next().unwrap().parse().unwrap(),
                    stanza: unescape(parts.next().unwrap()),
                });
            }
        }
    }
    assert!(
        recordings.len() > 40,
        "only {} recordings",
        recordings.len()
    );
    recordings
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next().unwrap() {
                'r' => '\r',
                'n' => '\n',
                other => other,
            },
            c => c,
        });
    }
    plain
}

#[test]
fn what_clients_sent_is_written_byte_for_byte() {
    for recorded in recordings()
        .iter()
        .filter(|recorded| recorded.sent && !recorded.echoes_an_offer())
    {
        assert_eq!(recorded.rewritten(), recorded.stanza, "{}", recorded.place);
    }
}

#[test]
fn every_recorded_signal_survives_a_round_trip() {
    for recorded in recordings() {
        let again = Element::parse(&recorded.rewritten(), &Limits::default()).unwrap();
        assert_eq!(
            decode(&again).unwrap(),
            recorded.signal(),
            "{}",
            recorded.place
        );
    }
}

#[test]
fn delivered_signals_name_their_sender() {
    for recorded in recordings().iter().filter(|recorded| !recorded.sent) {
        let from: Jid = recorded
            .message()
            .attribute("from")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(UserId::of(&from), Ok(recorded.sender), "{}", recorded.place);
    }
}

#[test]
fn peeking_tells_the_kind_that_decoding_finds() {
    let mut seen = Vec::new();
    for recorded in recordings() {
        let kind = recorded.signal().kind();
        assert_eq!(
            SignalKind::peek(&recorded.message()),
            Some(kind),
            "{}",
            recorded.place
        );
        if !seen.contains(&kind) {
            seen.push(kind);
        }
    }
    assert_eq!(seen.len(), SignalKind::ALL.len());
}

#[test]
fn a_call_carries_its_whole_content() {
    let call = recordings()
        .into_iter()
        .find(|recorded| recorded.place == "call:1")
        .unwrap();
    let signal = call.signal();
    assert_eq!(signal.caller, Some(UserId(101)));
    assert_eq!(signal.opponents, [UserId(102)]);
    assert_eq!(signal.bandwidth, Some(0));
    assert!(signal.user_info.iter().eq([("name", "Alice"), ("k", "v")]));
    let Body::Call { offer } = &signal.body else {
        panic!("{:?}", signal.body)
    };
    assert!(offer.as_str().starts_with("v=0\no=- ") && offer.as_str().ends_with('\n'));
    assert!(!offer.as_str().contains('\r'));
}

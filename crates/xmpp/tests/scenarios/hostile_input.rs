//! Cut, mixed and random input: either end stays within its rules.

use crate::common::{self, AUTH, BIND, OPEN, Pair, Progress, client, server_at};
use visavis_xmpp::client::{self, ClientStream};
use visavis_xmpp::framing::Frame;
use visavis_xmpp::server::{self, ServerStream};
use visavis_xmpp::stanza::{StanzaHeader, stamp};
use visavis_xmpp::xml::{Element, Limits};

const RECORD: &str = include_str!("../vectors/login-plain.txt");

const STEPS: [Progress; 6] = [
    Progress::Nothing,
    Progress::Opened,
    Progress::Asked,
    Progress::Authenticated,
    Progress::Reopened,
    Progress::Bound,
];

/// A small xorshift, so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

fn messages() -> Vec<&'static str> {
    let recorded = RECORD.lines().map(|line| &line[5..]);
    recorded
        .chain([
            common::CLOSE,
            "<message to='a@h' from=\"b\">\r\n<x a='&amp;'/>é</message>",
        ])
        .collect()
}

/// Both ends at every step, to be cloned: getting there takes longest.
struct Ends {
    servers: Vec<ServerStream>,
    clients: Vec<ClientStream>,
}

impl Ends {
    fn new() -> Self {
        Self {
            servers: STEPS.map(server_at).into(),
            clients: (0..5).map(client_at).collect(),
        }
    }

    fn feed(&self, text: &str) {
        for server in &self.servers {
            check_server(&mut server.clone(), text);
        }
        for client in &self.clients {
            check_client(&mut client.clone(), text);
        }
    }
}

/// What else reads text.
fn read(text: &str) {
    let limits = Limits::default();
    let _frame = Frame::read(text, &limits);
    let element = Element::parse(text, &limits);
    if let Ok(element) = element {
        let written = element.to_xml();
        assert_eq!(Element::parse(&written, &limits).unwrap().to_xml(), written);
    }
    let own = "a@h/r".parse().unwrap();
    let stamped = stamp(text, &own, None);
    if StanzaHeader::read(text).is_ok() {
        assert_eq!(
            StanzaHeader::read(&stamped).unwrap().from,
            Some(own),
            "{text}"
        );
    }
}

fn check_server(server: &mut ServerStream, text: &str) {
    let outputs: Vec<_> = server
        .handle(server::Input::Frame(text.to_owned()))
        .collect();
    for output in &outputs {
        match output {
            server::Output::Send(sent) => {
                assert!(
                    Element::parse(sent, &Limits::default()).is_ok(),
                    "{text}: {sent}"
                );
            }
            server::Output::Stanza { raw, .. } => {
                assert!(
                    Element::parse(raw, &Limits::default()).is_ok(),
                    "{text}: {raw}"
                );
            }
            _ => {}
        }
    }
    let closed = outputs.contains(&server::Output::Close);
    assert_eq!(server.is_closed(), closed);
    assert!(!closed || outputs.last() == Some(&server::Output::Close));
}

fn check_client(client: &mut ClientStream, text: &str) {
    let outputs: Vec<_> = client
        .handle(client::Input::Frame(text.to_owned()))
        .collect();
    let over = |output: &&client::Output| {
        matches!(output, client::Output::Failed(_) | client::Output::Closed)
    };
    assert_eq!(
        outputs.iter().filter(over).count(),
        usize::from(client.is_closed()),
        "{text}"
    );
    if client.is_closed() {
        assert!(
            outputs.last().as_ref().is_some_and(over),
            "{text}: {outputs:?}"
        );
    }
}

fn client_at(steps: usize) -> ClientStream {
    if steps == 4 {
        return Pair::connected().client;
    }
    let mut client = client();
    let _open = client.handle(client::Input::Opened).count();
    for line in RECORD
        .lines()
        .filter_map(|line| line.strip_prefix("S->C "))
        .take(steps)
    {
        let _sent = client.handle(client::Input::Frame(line.to_owned())).count();
    }
    client
}

#[test]
fn messages_cut_anywhere() {
    let ends = Ends::new();
    for message in messages() {
        for cut in (0..message.len()).filter(|&cut| message.is_char_boundary(cut)) {
            let text = &message[..cut];
            assert!(Element::parse(text, &Limits::default()).is_err(), "{text}");
            // Neighboring cuts take turns: all of them everywhere takes too long.
            check_server(&mut ends.servers[cut % ends.servers.len()].clone(), text);
            check_client(&mut ends.clients[cut % ends.clients.len()].clone(), text);
        }
    }
}

#[test]
fn messages_out_of_order() {
    let ends = Ends::new();
    for message in messages() {
        read(message);
        ends.feed(message);
    }
}

#[test]
fn messages_with_changed_bytes() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let messages = messages();
    let ends = Ends::new();
    for _ in 0..300 {
        let mut bytes = messages[random.below(messages.len())].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            let byte = b"<>/'\"= &;:!?x\0"[random.below(14)];
            match random.below(3) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        read(&text);
        ends.feed(&text);
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(42);
    let ends = Ends::new();
    for _ in 0..200 {
        let length = random.below(80);
        let bytes: Vec<u8> = (0..length)
            .map(|_| random.next().to_le_bytes()[0])
            .collect();
        let text = String::from_utf8_lossy(&bytes);
        read(&text);
        ends.feed(&text);
        let pieces = [
            "<",
            "iq",
            " ",
            "=",
            "'",
            "\"",
            "/>",
            ">",
            "to",
            "xmlns",
            "jabber:client",
            ":",
            "&",
            "é",
            "<!",
        ];
        let markup: String = (0..length)
            .map(|_| pieces[random.below(pieces.len())])
            .collect();
        read(&markup);
        ends.feed(&markup);
    }
}

#[test]
fn inputs_in_any_order() {
    let mut random = Random(7);
    let texts = [OPEN, AUTH, BIND, common::CLOSE, "<presence/>", "", "<"];
    for _ in 0..500 {
        let mut server = common::server();
        let mut closed = false;
        for _ in 0..30 {
            let input = match random.below(12) {
                0 => server::Input::Authenticated(Ok("101-4242".to_owned())),
                1 => server::Input::Authenticated(Err(visavis_xmpp::sasl::SaslFailure::Aborted)),
                2 => server::Input::Bound {
                    resource: "r".to_owned(),
                },
                3 => server::Input::BindRefused,
                4 => server::Input::Deliver("<message/>".to_owned()),
                _ => server::Input::Frame(texts[random.below(texts.len())].to_owned()),
            };
            let outputs: Vec<_> = server.handle(input).collect();
            assert!(!closed || outputs.is_empty());
            closed |= outputs.contains(&server::Output::Close);
            assert_eq!(server.is_closed(), closed);
        }
    }
}

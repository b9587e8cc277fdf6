//! Both ends of stream management: what one side sent is with the other once,
//! wherever the connection breaks.

use crate::common::{DOMAIN, PASSWORD, element, reply, server_config};
use visavis_xmpp::client::{self, ClientConfig, ClientStream, Resumption};
use visavis_xmpp::server::{self, Resumable, ResumptionOffer, ServerConfig, ServerStream};
use visavis_xmpp::{UnackedLimits, framing};

/// A client, a server and what is under way between them.
struct Line {
    client: ClientStream,
    server: ServerStream,
    to_client: Vec<String>,
    to_server: Vec<String>,
    /// Bodies that came up, by side.
    client_got: Vec<String>,
    server_got: Vec<String>,
    /// What the server's shell keeps for the client.
    parked: Option<Box<Resumable>>,
    resumed: bool,
}

fn new_server() -> ServerStream {
    ServerStream::new(ServerConfig {
        resumption: Some(ResumptionOffer {
            id: "stream-7".to_owned(),
            max_seconds: 60,
            limits: UnackedLimits::default(),
        }),
        ..server_config()
    })
}

fn new_client(resumption: Option<Box<Resumption>>) -> ClientStream {
    let user = format!("101-4242@{DOMAIN}").parse().unwrap();
    ClientStream::new(ClientConfig {
        resumption,
        ..ClientConfig::new(user, PASSWORD.into())
    })
}

impl Line {
    fn connected() -> Self {
        let mut line = Self {
            client: new_client(None),
            server: new_server(),
            to_client: Vec::new(),
            to_server: Vec::new(),
            client_got: Vec::new(),
            server_got: Vec::new(),
            parked: None,
            resumed: false,
        };
        line.client(client::Input::Opened);
        line.settle();
        assert!(line.client.jid().is_some());
        line
    }

    fn client(&mut self, input: client::Input) {
        for output in self.client.handle(input) {
            match output {
                client::Output::Send(sent) => self.to_server.push(sent),
                client::Output::Stanza(stanza) => {
                    self.client_got.push(stanza.child("body").unwrap().text());
                }
                client::Output::Resumed { .. } => self.resumed = true,
                _ => {}
            }
        }
    }

    fn server(&mut self, input: server::Input) {
        let mut answer = None;
        for output in self.server.handle(input) {
            match output {
                server::Output::Send(sent) => self.to_client.push(sent),
                server::Output::Authenticate { local, .. } => {
                    answer = Some(server::Input::Authenticated(Ok(local)));
                }
                server::Output::Bind { .. } => {
                    let resource = "tab".to_owned();
                    answer = Some(server::Input::Bound { resource });
                }
                server::Output::Resume { id } => {
                    assert_eq!(id, "stream-7");
                    answer = Some(match self.parked.take() {
                        Some(parked) => server::Input::Resumed(parked),
                        None => server::Input::ResumeRefused,
                    });
                }
                server::Output::Request { header, payload } => {
                    answer = Some(reply(&header, &payload));
                }
                server::Output::Stanza { raw, .. } if raw.contains("<body>") => {
                    self.server_got
                        .push(element(&raw).child("body").unwrap().text());
                }
                _ => {}
            }
        }
        if let Some(answer) = answer {
            self.server(answer);
        }
    }

    /// Delivers one message of each side, if there is any.
    fn step(&mut self) -> bool {
        let (up, down) = (self.to_server.is_empty(), self.to_client.is_empty());
        if !up {
            let message = self.to_server.remove(0);
            self.server(server::Input::Frame(message));
        }
        if !down {
            let message = self.to_client.remove(0);
            self.client(client::Input::Frame(message));
        }
        !(up && down)
    }

    fn settle(&mut self) {
        while self.step() {}
    }

    fn send_both(&mut self, body: &str) {
        let message = format!("<message xmlns='jabber:client'><body>{body}</body></message>");
        self.client(client::Input::Send(message.clone()));
        self.server(server::Input::Deliver(message));
    }

    /// The socket breaks, everything under way is lost, and the client
    /// connects again.
    fn break_and_come_back(&mut self) {
        self.to_client.clear();
        self.to_server.clear();
        self.client(client::Input::SocketClosed);
        self.server(server::Input::SocketClosed);
        self.parked = self.server.take_resumable().or(self.parked.take());
        self.client = new_client(self.client.take_resumption());
        self.server = new_server();
        self.client(client::Input::Opened);
    }
}

#[test]
fn a_break_anywhere_loses_and_repeats_nothing() {
    let bodies: Vec<String> = (0..6).map(|n| n.to_string()).collect();
    for steps in 0..12 {
        let mut line = Line::connected();
        for body in &bodies[..4] {
            line.send_both(body);
        }
        for _ in 0..steps {
            line.step();
        }
        line.break_and_come_back();
        line.settle();
        assert!(line.resumed, "after {steps}");
        for body in &bodies[4..] {
            line.send_both(body);
        }
        line.settle();
        assert_eq!(line.client_got, bodies, "after {steps}");
        assert_eq!(line.server_got, bodies, "after {steps}");
    }
}

#[test]
fn a_break_while_coming_back_changes_nothing() {
    for steps in 0..5 {
        let mut line = Line::connected();
        line.send_both("1");
        line.break_and_come_back();
        for _ in 0..steps {
            line.step();
        }
        line.break_and_come_back();
        line.settle();
        assert!(line.client.jid().is_some(), "after {steps}");
        line.send_both("2");
        line.settle();
        assert_eq!(line.client_got, ["1", "2"], "after {steps}");
        assert_eq!(line.server_got, ["1", "2"], "after {steps}");
    }
}

#[test]
fn a_server_that_has_forgotten_the_stream_begins_a_new_one() {
    let mut line = Line::connected();
    line.client(client::Input::SocketClosed);
    line.client = new_client(line.client.take_resumption());
    line.server = new_server();
    line.client(client::Input::Opened);
    line.settle();
    assert!(line.client.jid().is_some());
    assert!(!line.resumed);
    assert!(
        line.client.take_resumption().is_some(),
        "the new one can be resumed"
    );
}

#[test]
fn a_stream_that_ended_in_good_order_is_not_kept() {
    let mut line = Line::connected();
    line.client(client::Input::Disconnect);
    line.settle();
    assert!(line.server.take_resumable().is_none());
    assert!(line.client.take_resumption().is_none());
    let mut line = Line::connected();
    line.server(server::Input::Frame(framing::CLIENT_CLOSE.to_owned()));
    assert!(line.server.take_resumable().is_none());
}

#[test]
fn a_stream_that_fell_silent_is_kept_and_one_that_misbehaved_is_not() {
    use visavis_xmpp::StreamError::{ConnectionTimeout, PolicyViolation};
    for (error, kept) in [(ConnectionTimeout, true), (PolicyViolation, false)] {
        let mut line = Line::connected();
        line.server(server::Input::StreamFault(error));
        assert_eq!(line.server.take_resumable().is_some(), kept, "{error}");
    }
}

#[test]
fn without_an_offer_there_are_acknowledgments_alone() {
    let mut line = Line::connected();
    line.server = crate::common::server_at(crate::common::Progress::Bound);
    line.server(server::Input::Frame(
        "<enable xmlns='urn:xmpp:sm:3' resume='true'/>".to_owned(),
    ));
    line.server(server::Input::Frame("<presence/>".to_owned()));
    line.server(server::Input::Frame(
        "<r xmlns='urn:xmpp:sm:3'/>".to_owned(),
    ));
    assert_eq!(
        line.to_client,
        [
            "<enabled xmlns=\"urn:xmpp:sm:3\"/>",
            "<a h=\"1\" xmlns=\"urn:xmpp:sm:3\"/>"
        ]
    );
    line.server(server::Input::SocketClosed);
    assert!(line.server.take_resumable().is_none());
}

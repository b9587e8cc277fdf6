//! A client and a server stream, wired together.

use std::collections::VecDeque;

use visavis_xmpp::client::{self, ClientConfig, ClientStream};
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{self, ServerConfig, ServerStream};
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader};
use visavis_xmpp::xml::{Element, Limits};
use visavis_xmpp::{Jid, ns};

pub(crate) const DOMAIN: &str = "chat.qb.test";
pub(crate) const PASSWORD: &str = "pass101";

pub(crate) fn client() -> ClientStream {
    let user = "101-4242@chat.qb.test".parse().unwrap();
    ClientStream::new(ClientConfig {
        resource: Some("tab".to_owned()),
        ..ClientConfig::new(user, PASSWORD.into())
    })
}

pub(crate) fn server() -> ServerStream {
    ServerStream::new(server_config())
}

pub(crate) fn server_config() -> ServerConfig {
    ServerConfig::new(DOMAIN.parse().unwrap(), "stream".to_owned())
}

pub(crate) fn element(text: &str) -> Element {
    Element::parse(text, &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What an input makes the server do.
pub(crate) fn give(server: &mut ServerStream, input: server::Input) -> Vec<server::Output> {
    server.handle(input).collect()
}

/// What the server sends for a message.
pub(crate) fn say(server: &mut ServerStream, message: &str) -> Vec<String> {
    give(server, server::Input::Frame(message.to_owned()))
        .into_iter()
        .filter_map(|output| match output {
            server::Output::Send(sent) => Some(sent),
            _ => None,
        })
        .collect()
}

pub(crate) const OPEN: &str =
    r#"<open to="chat.qb.test" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#;
pub(crate) const AUTH: &str = r#"<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">ADEwMS00MjQyAHBhc3MxMDE=</auth>"#;
pub(crate) const BIND: &str = r#"<iq id="_bind_auth_2" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>"#;
pub(crate) const CLOSE: &str = r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />"#;

/// How far a server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    Nothing,
    Opened,
    Asked,
    Authenticated,
    Reopened,
    Bound,
}

/// A server that has come so far.
pub(crate) fn server_at(progress: Progress) -> ServerStream {
    let mut server = server();
    if progress >= Progress::Opened {
        say(&mut server, OPEN);
    }
    if progress >= Progress::Asked {
        say(&mut server, AUTH);
    }
    if progress >= Progress::Authenticated {
        give(
            &mut server,
            server::Input::Authenticated(Ok("101-4242".to_owned())),
        );
    }
    if progress >= Progress::Reopened {
        say(&mut server, OPEN);
    }
    if progress >= Progress::Bound {
        say(&mut server, BIND);
        give(
            &mut server,
            server::Input::Bound {
                resource: "tab".to_owned(),
            },
        );
        assert!(server.jid().is_some());
    }
    server
}

/// Both ends, with a shell that lets user 101 in, and what came out of them.
pub(crate) struct Pair {
    pub(crate) client: ClientStream,
    pub(crate) server: ServerStream,
    pub(crate) client_events: Vec<client::Output>,
    pub(crate) server_events: Vec<server::Output>,
}

impl Pair {
    pub(crate) fn new(client: ClientStream, server: ServerStream) -> Self {
        Self {
            client,
            server,
            client_events: Vec::new(),
            server_events: Vec::new(),
        }
    }

    pub(crate) fn connected() -> Self {
        let mut pair = Self::new(client(), server());
        pair.client(client::Input::Opened);
        assert!(pair.client.jid().is_some(), "{:?}", pair.client_events);
        pair.client_events.clear();
        pair.server_events.clear();
        pair
    }

    pub(crate) fn client(&mut self, input: client::Input) {
        self.run(Input::Client(input));
    }

    pub(crate) fn server(&mut self, input: server::Input) {
        self.run(Input::Server(input));
    }

    fn run(&mut self, first: Input) {
        let mut inputs = VecDeque::from([first]);
        while let Some(input) = inputs.pop_front() {
            match input {
                Input::Client(input) => {
                    for output in self.client.handle(input) {
                        match output {
                            client::Output::Send(sent) => {
                                inputs.push_back(Input::Server(server::Input::Frame(sent)));
                            }
                            event => self.client_events.push(event),
                        }
                    }
                }
                Input::Server(input) => {
                    for output in self.server.handle(input) {
                        match shell(output) {
                            Ok(input) => inputs.push_back(input),
                            Err(event) => self.server_events.push(*event),
                        }
                    }
                }
            }
        }
    }
}

/// What the server's shell answers to a request: there are no contacts, and it
/// knows of nothing else.
pub(crate) fn reply(header: &StanzaHeader, payload: &Element) -> server::Input {
    let jid: Jid = "101-4242@chat.qb.test/tab".parse().unwrap();
    let answer = if payload.namespace() == ns::ROSTER {
        stanza::iq_result(header, &jid, Some(payload.sibling("query")))
    } else {
        stanza::error_reply(header, StanzaError::ServiceUnavailable, &jid).unwrap()
    };
    server::Input::Deliver(answer)
}

enum Input {
    Client(client::Input),
    Server(server::Input),
}

/// What the server's shell answers, or what it keeps.
fn shell(output: server::Output) -> Result<Input, Box<server::Output>> {
    let answer = match output {
        server::Output::Send(sent) => return Ok(Input::Client(client::Input::Frame(sent))),
        server::Output::Authenticate { local, password } => {
            let known = local == "101-4242" && &*password == PASSWORD;
            let result = if known {
                Ok(local)
            } else {
                Err(SaslFailure::NotAuthorized)
            };
            server::Input::Authenticated(result)
        }
        server::Output::Bind { wanted } => server::Input::Bound {
            resource: wanted.unwrap_or_else(|| "given".to_owned()),
        },
        server::Output::Request { header, payload } => reply(&header, &payload),
        event => return Err(Box::new(event)),
    };
    Ok(Input::Server(answer))
}

//! Either end against a recorded login of another client at another server
//! (`vectors/login-plain.txt`).

use crate::common::{self, client, element, server};
use visavis_xmpp::client::Output::{Connected, Stanza};
use visavis_xmpp::client::{self, ClientConfig, ClientStream};
use visavis_xmpp::server::{self, Output};
use visavis_xmpp::{StreamError, ns};

const RECORD: &str = include_str!("../vectors/login-plain.txt");

/// The ids of the other client's requests.
const CARBONS_ID: &str = "34b9bc46-07c4-478d-8d27-3bca4eb688f2:enableCarbons";
const ROSTER_ID: &str = "9bb7e686-182c-4fca-8c49-02b80612ca7c:getRoster";

fn from_client() -> impl Iterator<Item = &'static str> {
    RECORD.lines().filter_map(|line| line.strip_prefix("C->S "))
}

fn from_server() -> impl Iterator<Item = &'static str> {
    RECORD.lines().filter_map(|line| line.strip_prefix("S->C "))
}

#[test]
fn our_server_answers_the_recorded_client() {
    let mut server = server();
    let mut sent = Vec::new();
    let mut events = Vec::new();
    for message in from_client() {
        let mut input = Some(server::Input::Frame(message.to_owned()));
        while let Some(next) = input.take() {
            for output in server.handle(next) {
                match output {
                    Output::Send(message) => sent.push(message),
                    Output::Authenticate { local, password } => {
                        assert_eq!((local.as_str(), &*password), ("101-4242", "pass101"));
                        input = Some(server::Input::Authenticated(Ok(local)));
                    }
                    Output::Bind { wanted } => {
                        assert_eq!(wanted, None);
                        input = Some(server::Input::Bound {
                            resource: "C3hBQe5OeXBF".to_owned(),
                        });
                    }
                    Output::Request { header, payload } => {
                        input = Some(common::reply(&header, &payload));
                    }
                    event => events.push(event),
                }
            }
        }
    }

    let recorded: Vec<_> = from_server().collect();
    // The other server also echoes the presence, which is not the stream's job.
    let recorded: Vec<_> = recorded
        .iter()
        .filter(|line| !line.starts_with("<presence"))
        .collect();
    assert_eq!(sent.len(), recorded.len() + 1, "{sent:#?}");
    for (ours, theirs) in sent.iter().zip(recorded) {
        let (ours, theirs) = (element(ours), element(theirs));
        assert_eq!(
            (ours.namespace(), ours.name()),
            (theirs.namespace(), theirs.name())
        );
        assert_eq!(
            (ours.attribute("id").is_some(), ours.attribute("type")),
            (theirs.attribute("id").is_some(), theirs.attribute("type"))
        );
        if ours.name() == "iq" {
            assert_eq!(ours.attribute("id"), theirs.attribute("id"));
            let payload = |iq: &visavis_xmpp::xml::Element| {
                iq.children()
                    .next()
                    .map(|child| (child.namespace().to_owned(), child.text()))
            };
            assert_eq!(payload(&ours), payload(&theirs));
        }
    }
    assert!(sent[0].starts_with("<open "));
    assert_eq!(sent.last().unwrap(), common::CLOSE);
    assert!(
        matches!(
            events.as_slice(),
            [
                Output::Ready { .. },
                Output::Carbons(true),
                Output::Stanza { .. },
                Output::Stanza { .. },
                Output::Close
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn our_client_logs_in_at_the_recorded_server() {
    let user = "101-4242@chat.qb.test".parse().unwrap();
    let mut client = ClientStream::new(ClientConfig::new(user, "pass101".into()));
    let mut sent: Vec<String> = Vec::new();
    let mut events = Vec::new();
    // Ours does not ask for the session, which that server calls optional.
    let answers = from_server()
        .filter(|message| !message.contains("_session_auth_2"))
        .map(|message| {
            let message = message
                .replace(CARBONS_ID, "enableCarbons")
                .replace(ROSTER_ID, "getRoster");
            client::Input::Frame(message)
        });
    for input in std::iter::once(client::Input::Opened).chain(answers) {
        for output in client.handle(input) {
            match output {
                client::Output::Send(message) => sent.push(message),
                event => events.push(event),
            }
        }
    }
    let recorded = from_client()
        .filter(|message| !message.contains(ns::SESSION))
        .map(|message| {
            let message = message.replace(CARBONS_ID, "enableCarbons");
            message.replace(ROSTER_ID, "getRoster")
        });
    let recorded: Vec<_> = recorded.collect();
    // The recorded client did not ask for the management it was offered.
    sent.retain(|message| !message.contains(ns::STREAM_MANAGEMENT));
    for (at, (ours, theirs)) in sent.iter().zip(&recorded).enumerate() {
        if matches!(at, 4 | 5) {
            // Only the order of the attributes differs.
            let (ours, theirs) = (element(ours), element(theirs));
            assert!(ours.children().eq(theirs.children()));
            for name in ["id", "type", "from"] {
                assert_eq!(ours.attribute(name), theirs.attribute(name), "{name}");
            }
        } else {
            assert_eq!(ours, theirs);
        }
    }
    assert_eq!(sent.len(), 7, "{sent:#?}");
    let [Connected { jid }, Stanza(presence), Stanza(pong)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(jid.to_string(), "101-4242@chat.qb.test/C3hBQe5OeXBF");
    assert_eq!((presence.name(), pong.name()), ("presence", "iq"));
}

#[test]
fn an_error_of_the_server_ends_the_recorded_login_at_any_point() {
    let replies: Vec<_> = from_server().collect();
    for cut in 0..7 {
        let mut client = client();
        let mut inputs = vec![client::Input::Opened];
        inputs.extend(
            replies[..cut]
                .iter()
                .map(|&message| client::Input::Frame(message.to_owned())),
        );
        for input in inputs {
            let _outputs = client.handle(input).count();
        }
        let error = client::Input::Frame(StreamError::Conflict.to_xml());
        let outputs: Vec<_> = client.handle(error).collect();
        let failed = client::Output::Failed(client::ConnectError::Stream(StreamError::Conflict));
        assert_eq!(outputs.last(), Some(&failed), "{cut}");
    }
}

//! Streams over TCP: framing and STARTTLS, at the server's end and at both.

use std::collections::VecDeque;

use crate::common::{AUTH, DOMAIN, element, give, server_config};
use visavis_xmpp::Jid;
use visavis_xmpp::client::{self, ClientConfig, ClientStream, ConnectError, StartTls};
use visavis_xmpp::framing::Open;
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Encryption, Framing, Input, Output, ServerConfig, ServerStream};
use visavis_xmpp::tcp::{CLOSE, Piece, TcpReader};

fn server(encryption: Encryption) -> ServerStream {
    ServerStream::new(ServerConfig {
        framing: Framing::Tcp,
        encryption,
        ..server_config()
    })
}

fn open(server: &mut ServerStream) -> Vec<Output> {
    let open = Open {
        to: Some(DOMAIN.to_owned()),
        version: Some("1.0".to_owned()),
        ..Open::default()
    };
    give(server, Input::Piece(Piece::Open(open)))
}

fn say(server: &mut ServerStream, text: &str) -> Vec<Output> {
    give(server, Input::Piece(Piece::Element(text.to_owned())))
}

/// The names of the features that are offered.
fn offered(outputs: &[Output]) -> Vec<String> {
    let [Output::Send(header), Output::Send(features)] = outputs else {
        panic!("{outputs:?}");
    };
    assert!(header.starts_with("<?xml version=\"1.0\"?><stream:stream "));
    let names = element(features);
    names
        .children()
        .map(|child| child.name().to_owned())
        .collect()
}

const START_TLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

#[test]
fn mechanisms_are_offered_where_nobody_listens_in() {
    assert_eq!(
        offered(&open(&mut server(Encryption::Private))),
        ["mechanisms"]
    );
    assert_eq!(
        offered(&open(&mut server(Encryption::Offered))),
        ["starttls", "mechanisms"]
    );
    assert_eq!(
        offered(&open(&mut server(Encryption::Required))),
        ["starttls"]
    );
}

#[test]
fn nobody_logs_in_before_tls_where_it_is_required() {
    let mut server = server(Encryption::Required);
    open(&mut server);
    assert_eq!(
        say(&mut server, AUTH),
        [Output::Send(SaslFailure::EncryptionRequired.to_xml())]
    );
}

#[test]
fn behind_tls_everything_begins_anew() {
    for encryption in [Encryption::Required, Encryption::Offered] {
        let mut server = server(encryption);
        open(&mut server);
        let outputs = say(&mut server, START_TLS);
        let [Output::Send(proceed), Output::StartTls] = &outputs[..] else {
            panic!("{outputs:?}");
        };
        assert!(element(proceed).is("urn:ietf:params:xml:ns:xmpp-tls", "proceed"));
        assert_eq!(offered(&open(&mut server)), ["mechanisms"]);
        let outputs = say(&mut server, AUTH);
        assert!(
            matches!(&outputs[..], [Output::Authenticate { .. }]),
            "{outputs:?}"
        );
    }
}

#[test]
fn tls_begins_once() {
    let mut server = server(Encryption::Private);
    open(&mut server);
    let outputs = say(&mut server, START_TLS);
    assert!(matches!(outputs.last(), Some(Output::Close)), "{outputs:?}");
}

#[test]
fn the_end_is_that_of_the_document() {
    let mut server = server(Encryption::Private);
    open(&mut server);
    assert_eq!(
        give(&mut server, Input::Piece(Piece::Close)),
        [Output::Send(CLOSE.to_owned()), Output::Close]
    );
}

/// Runs both ends over bytes until neither has anything to say; gives back
/// what the client made of it.
fn converse(client: &mut ClientStream, server: &mut ServerStream) -> Vec<client::Output> {
    let mut events = Vec::new();
    let mut readers = [(); 2].map(|()| TcpReader::new(100_000));
    let mut to_client = VecDeque::from([client::Input::Opened]);
    let mut to_server = VecDeque::new();
    loop {
        if let Some(input) = to_client.pop_front() {
            for output in client.handle(input) {
                match output {
                    client::Output::Send(text) => readers[0].push(text.as_bytes()),
                    // The server's part of TLS comes first.
                    client::Output::StartTls => to_client.push_back(client::Input::Encrypted),
                    event => events.push(event),
                }
            }
        } else if let Some(piece) = readers[0].next_piece().unwrap() {
            to_server.push_back(Input::Piece(piece));
        } else if let Some(piece) = readers[1].next_piece().unwrap() {
            to_client.push_back(client::Input::Piece(piece));
        } else if to_server.is_empty() {
            return events;
        }
        while let Some(input) = to_server.pop_front() {
            for output in server.handle(input) {
                match output {
                    Output::Send(text) => readers[1].push(text.as_bytes()),
                    Output::Authenticate { local, .. } => {
                        to_server.push_back(Input::Authenticated(Ok(local)));
                    }
                    Output::Bind { .. } => to_server.push_back(Input::Bound {
                        resource: "given".to_owned(),
                    }),
                    _ => {}
                }
            }
        }
    }
}

fn bare_client(start_tls: StartTls) -> ClientStream {
    let user = format!("101-4242@{DOMAIN}").parse().unwrap();
    ClientStream::new(ClientConfig {
        framing: Framing::Tcp,
        start_tls,
        bare: true,
        ..ClientConfig::new(user, "pass101".into())
    })
}

#[test]
fn our_client_logs_in_with_tls_and_without() {
    let jid: Jid = format!("101-4242@{DOMAIN}/given").parse().unwrap();
    for (wanted, offered) in [
        (StartTls::Never, Encryption::Private),
        (StartTls::Never, Encryption::Offered),
        (StartTls::IfOffered, Encryption::Private),
        (StartTls::IfOffered, Encryption::Offered),
        (StartTls::Required, Encryption::Required),
    ] {
        let mut client = bare_client(wanted);
        let events = converse(&mut client, &mut server(offered));
        let connected = client::Output::Connected { jid: jid.clone() };
        assert_eq!(events, [connected], "{wanted:?} {offered:?}");
    }
}

#[test]
fn our_client_does_not_log_in_without_the_tls_it_requires() {
    let mut client = bare_client(StartTls::Required);
    let events = converse(&mut client, &mut server(Encryption::Private));
    assert_eq!(events, [client::Output::Failed(ConnectError::NoTls)]);
}

#[test]
fn our_client_takes_its_leave_over_tcp() {
    let mut client = bare_client(StartTls::Never);
    let mut server = server(Encryption::Private);
    converse(&mut client, &mut server);
    let goodbye: Vec<_> = client.handle(client::Input::Disconnect).collect();
    let close = client::Output::Send(CLOSE.to_owned());
    assert_eq!(goodbye.last(), Some(&close));
    let closed: Vec<_> = client.handle(client::Input::Piece(Piece::Close)).collect();
    assert_eq!(closed, [client::Output::Closed]);
}

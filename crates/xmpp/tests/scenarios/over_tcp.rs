//! The server's end over TCP: framing and STARTTLS.

use crate::common::{AUTH, DOMAIN, element, give, server_config};
use visavis_xmpp::framing::Open;
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Encryption, Framing, Input, Output, ServerConfig, ServerStream};
use visavis_xmpp::tcp::{CLOSE, Piece};

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

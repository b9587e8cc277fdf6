//! Whatever reads a single text.

use visavis_xmpp::framing::{self, Frame};
use visavis_xmpp::sasl::{Plain, SaslFailure};
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader};
use visavis_xmpp::xml::{self, Element, Limits};
use visavis_xmpp::{Jid, StreamError, ns};

use crate::{DOMAIN, ROOMY, USER};

/// Reads `bytes` as everything that a peer can send: nothing is read as what it
/// is not, and what is written is read as what it is.
pub(crate) fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let limits = Limits::default();
    let element = Element::parse(text, &limits);
    assert_eq!(xml::check(text, &limits), element.clone().map(|_| ()));
    if let Ok(element) = &element {
        survives_writing(element);
        let _failure = SaslFailure::read(element);
        let _error = StreamError::read(element);
        let _error = StanzaError::read(element);
    }
    frame(text, &limits);
    address(text);
    if let Ok(plain) = Plain::decode(text) {
        assert_eq!(plain.encode().as_deref().map(Plain::decode), Ok(Ok(plain)));
    }
    header(text, element.as_ref().ok());
}

fn survives_writing(element: &Element) {
    let written = element.to_xml();
    let read = Element::parse(&written, &ROOMY);
    let again = read.as_ref().map(Element::to_xml);
    // Carriage returns become line feeds (XML 1.0 section 2.11).
    let normal = written.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(again, Ok(normal), "{written}");
}

fn frame(text: &str, limits: &Limits) {
    match Frame::read(text, limits) {
        Ok(Frame::Other(document)) => {
            assert!(text.contains(document) && !document.is_empty());
            // No document begins with a second declaration, but a text may.
            if !document.starts_with("<?xml") {
                assert_eq!(Frame::read(document, limits), Ok(Frame::Other(document)));
            }
        }
        Ok(Frame::Open(open)) => {
            let _ = open.is_supported();
            let id = open.id.unwrap_or_default();
            let written = framing::server_open(DOMAIN, &id);
            let Ok(Frame::Open(read)) = Frame::read(&written, limits) else {
                panic!("{written}");
            };
            assert_eq!(read.id, Some(id));
        }
        Ok(Frame::Close {
            see_other_uri: Some(uri),
        }) => {
            let written = framing::server_close_to(&uri);
            let read = Frame::Close {
                see_other_uri: Some(uri),
            };
            assert_eq!(Frame::read(&written, limits), Ok(read));
        }
        Ok(Frame::Blank | Frame::Close { .. }) | Err(_) => {}
    }
}

fn address(text: &str) {
    if let Ok(jid) = text.parse::<Jid>() {
        assert_eq!(jid.to_string().parse().as_ref(), Ok(&jid));
        assert_eq!(jid.bare().resource(), None);
    }
}

/// What is passed on says who it is from, whatever it said itself, and
/// otherwise says what it said.
fn header(text: &str, element: Option<&Element>) {
    let own = Jid::user(USER, DOMAIN)
        .and_then(|user| user.with_resource("<tab>"))
        .expect("an address");
    let stamped = stanza::stamp(text, &own, None);
    let Ok(header) = StanzaHeader::read(text) else {
        return;
    };
    let read = StanzaHeader::read(&stamped);
    let expected = StanzaHeader {
        from: Some(own.clone()),
        ..header.clone()
    };
    assert_eq!(read.as_ref(), Ok(&expected), "{stamped}");
    let Some(element) = element else {
        return;
    };
    let after = Element::parse(&stamped, &ROOMY).expect("a stamp breaks nothing");
    assert!(after.is(ns::CLIENT, header.kind.name()));
    let from = own.to_string();
    assert_eq!(after.attribute("from"), Some(from.as_str()));
    assert!(after.children().eq(element.children()));
    assert_eq!(after.text(), element.text());
    answers(&header, &own);
}

fn answers(header: &StanzaHeader, own: &Jid) {
    let result = stanza::iq_result(header, own, None);
    let error = stanza::error_reply(header, StanzaError::Forbidden, own);
    for (answer, type_) in [(Some(result), "result"), (error, "error")] {
        let Some(answer) = answer else { continue };
        let answer = Element::parse(&answer, &ROOMY).expect("an answer can be read");
        assert_eq!(answer.attribute("id"), header.id.as_deref());
        assert_eq!(answer.attribute("type"), Some(type_));
        assert_eq!(
            answer.attribute("to").map(str::parse),
            Some(Ok(own.clone()))
        );
    }
}

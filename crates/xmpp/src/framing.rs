//! Streams in WebSocket messages (RFC 7395): every message is one document,
//! streams begin with `<open/>` and end with `<close/>`.
//!
//! Reading is liberal: an XML declaration, white space around the document,
//! prefixes and any quotes are accepted. Writing is exact, because browsers'
//! clients compare strings: the server's reply begins with `<open `, and its
//! close is [`SERVER_CLOSE`] to the letter.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::ns;
use crate::tag::StartTag;
use crate::xml::{Element, Limits, XmlError};

/// The WebSocket subprotocol (RFC 7395 section 3.1).
pub const SUBPROTOCOL: &str = "xmpp";

/// How the server ends a stream. Clients recognize only this spelling.
pub const SERVER_CLOSE: &str = r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />"#;

/// How the client ends a stream.
pub const CLIENT_CLOSE: &str = r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#;

/// The version of the protocol that is spoken (RFC 6120 section 4.7.5).
const VERSION: &str = "1.0";

/// What carries a stream. Both ends have inputs for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// WebSocket messages (RFC 7395), by `Input::Frame`.
    WebSocket,
    /// A TCP connection (RFC 6120), by `Input::Piece`.
    Tcp,
}

/// What a WebSocket message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Nothing but white space.
    Blank,
    /// A stream begins.
    Open(Open),
    /// A stream ends.
    Close {
        /// Where to connect instead (RFC 7395 section 3.6.1).
        see_other_uri: Option<String>,
    },
    /// Anything else, not looked at: without XML declaration and white space
    /// around it.
    Other(&'a str),
}

/// The attributes of an `<open/>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The server that is meant.
    pub to: Option<String>,
    /// Who opens.
    pub from: Option<String>,
    /// The stream's name, given by the server.
    pub id: Option<String>,
    /// The version of the protocol.
    pub version: Option<String>,
}

impl<'a> Frame<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// [`XmlError`] when it looks like an `<open/>` or `<close/>` and is not
    /// well-formed.
    pub fn read(message: &'a str, limits: &Limits) -> Result<Self, XmlError> {
        let document = document(message);
        if document.is_empty() {
            return Ok(Frame::Blank);
        }
        let name = StartTag::scan(document)
            .ok()
            .and_then(|tag| document.get(tag.name().clone()))
            .map_or("", local_name);
        if !matches!(name, "open" | "close") {
            return Ok(Frame::Other(document));
        }
        let element = Element::parse(document, limits)?;
        let attribute = |name| element.attribute(name).map(ToOwned::to_owned);
        if element.is(ns::FRAMING, "open") {
            Ok(Frame::Open(Open {
                to: attribute("to"),
                from: attribute("from"),
                id: attribute("id"),
                version: attribute("version"),
            }))
        } else if element.is(ns::FRAMING, "close") {
            Ok(Frame::Close {
                see_other_uri: attribute("see-other-uri"),
            })
        } else {
            Ok(Frame::Other(document))
        }
    }
}

impl Open {
    /// Whether the version is one that is spoken here: 1.0 or later (RFC 6120
    /// section 4.7.5).
    pub fn is_supported(&self) -> bool {
        let version = self
            .version
            .as_deref()
            .and_then(|version| version.split_once('.'));
        let major = version.and_then(|(major, _)| major.parse::<u32>().ok());
        major.is_some_and(|major| major >= 1)
    }
}

/// The message by which a client begins a stream.
pub fn client_open(domain: &str) -> String {
    Element::new(ns::FRAMING, "open")
        .with_attribute("to", domain)
        .with_attribute("version", VERSION)
        .to_xml()
}

/// The message by which a server answers it.
pub fn server_open(domain: &str, id: &str) -> String {
    Element::new(ns::FRAMING, "open")
        .with_attribute("from", domain)
        .with_attribute("id", id)
        .with_attribute("version", VERSION)
        .with_attribute("xml:lang", "en")
        .to_xml()
}

/// The message by which a server sends a client elsewhere, before the stream
/// is negotiated (RFC 7395 section 3.6.1).
pub fn server_close_to(uri: &str) -> String {
    Element::new(ns::FRAMING, "close")
        .with_attribute("see-other-uri", uri)
        .to_xml()
}

/// The document without XML declaration and surrounding white space.
fn document(message: &str) -> &str {
    let message = message.trim_matches(is_space);
    match message.strip_prefix("<?xml") {
        Some(declaration) if declaration.starts_with(is_space) => declaration
            .split_once("?>")
            .map_or(message, |(_, document)| {
                document.trim_start_matches(is_space)
            }),
        _ => message,
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn local_name(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::borrow::ToOwned;

    use super::{
        CLIENT_CLOSE, Frame, Open, SERVER_CLOSE, client_open, server_close_to, server_open,
    };
    use crate::xml::{Limits, XmlError};

    fn read(message: &str) -> Result<Frame<'_>, XmlError> {
        Frame::read(message, &Limits::default())
    }

    #[test]
    fn writing_is_exact() {
        assert_eq!(
            client_open("chat.qb.test"),
            r#"<open to="chat.qb.test" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#
        );
        assert!(server_open("chat.qb.test", "1").starts_with("<open "));
        assert_eq!(
            server_close_to("wss://b/?x&y"),
            r#"<close see-other-uri="wss://b/?x&amp;y" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let open = server_open("a.b", "<7>");
        let Frame::Open(open) = read(&open).unwrap() else {
            panic!("{open}")
        };
        assert_eq!(
            (open.from.as_deref(), open.id.as_deref()),
            (Some("a.b"), Some("<7>"))
        );
        assert!(open.is_supported());
        for close in [CLIENT_CLOSE, SERVER_CLOSE] {
            assert_eq!(
                read(close),
                Ok(Frame::Close {
                    see_other_uri: None
                })
            );
        }
        let elsewhere = server_close_to("wss://b/?x&y");
        let uri = Some("wss://b/?x&y".to_owned());
        assert_eq!(read(&elsewhere), Ok(Frame::Close { see_other_uri: uri }));
    }

    #[test]
    fn reading_is_liberal() {
        let open = "<?xml version='1.0'?>\n<f:open xmlns:f='urn:ietf:params:xml:ns:xmpp-framing'  to='a' ></f:open>\n";
        assert_eq!(
            read(open),
            Ok(Frame::Open(Open {
                to: Some("a".to_owned()),
                ..Open::default()
            }))
        );
        assert_eq!(read(" \r\n"), Ok(Frame::Blank));
        assert_eq!(read(" <presence/>\n"), Ok(Frame::Other("<presence/>")));
        assert_eq!(
            read("<open xmlns='urn:x'/>"),
            Ok(Frame::Other("<open xmlns='urn:x'/>"))
        );
        assert_eq!(read("no xml"), Ok(Frame::Other("no xml")));
        assert_eq!(read("<open a='1' a='1'/>"), Err(XmlError::NotWellFormed));
    }

    #[test]
    fn versions_before_the_first_are_not_supported() {
        for (version, supported) in [
            ("1.0", true),
            ("1.1", true),
            ("2.0", true),
            ("0.9", false),
            ("1", false),
            ("", false),
        ] {
            let open = Open {
                version: Some(version.to_owned()),
                ..Open::default()
            };
            assert_eq!(open.is_supported(), supported, "{version}");
        }
        assert!(!Open::default().is_supported());
    }
}

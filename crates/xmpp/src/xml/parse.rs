//! Reading one element, within bounds.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rxml::error::{EndOrError, Error};
use rxml::{Event, Parse, Parser};

use super::element::Element;
use super::plain::is_plain;
use crate::ns;

/// How much one document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text: 256 KiB by default.
    pub max_bytes: usize,
    /// Elements inside each other: 16 by default.
    pub max_depth: usize,
    /// Elements and texts together: 4096 by default.
    pub max_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024,
            max_depth: 16,
            max_nodes: 4096,
        }
    }
}

/// Why a text was not read as one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed XML.
    #[error("not well-formed XML")]
    NotWellFormed,
    /// XML of a kind that chat forbids: comments, processing instructions and
    /// document types (RFC 6120 section 11.1).
    #[error("XML that is not allowed in chat")]
    Restricted,
    /// The document ends too early.
    #[error("the XML ends too early")]
    Truncated,
    /// More than [`Limits::max_bytes`].
    #[error("the XML is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::max_depth`].
    #[error("the XML is nested deeper than {limit} elements")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More than [`Limits::max_nodes`].
    #[error("the XML holds more than {limit} elements and texts")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
}

impl Element {
    /// Reads exactly one element. Where the root declares no namespace it is
    /// taken to be [`ns::CLIENT`], as inside a stream.
    ///
    /// # Errors
    /// [`XmlError`]: not well-formed, or beyond `limits`.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, XmlError> {
        let mut tree = Tree::default();
        read(text, limits, |event| tree.add(event))?;
        tree.root.ok_or(XmlError::Truncated)
    }
}

/// Whether `text` is one well-formed element within `limits`, without keeping it.
///
/// # Errors
/// The same as [`Element::parse`].
pub fn check(text: &str, limits: &Limits) -> Result<(), XmlError> {
    if is_plain(text, limits) {
        return Ok(());
    }
    read(text, limits, |_| Ok(()))
}

/// What an element stands in, whose default namespace it has if it declares none.
const STREAM: &[u8] = b"<s xmlns='jabber:client'>";

/// Hands over one event after the other, as long as the bounds are kept.
fn read(
    text: &str,
    limits: &Limits,
    mut take: impl FnMut(Event) -> Result<(), XmlError>,
) -> Result<(), XmlError> {
    if text.len() > limits.max_bytes {
        return Err(XmlError::TooLong {
            limit: limits.max_bytes,
        });
    }
    // The parser takes some characters behind a carriage return for the end of an attribute.
    let normal = text.contains('\r').then(|| with_line_feeds(text));
    let text = normal.as_deref().unwrap_or(text);
    let mut parser = Parser::new();
    let mut stream = STREAM;
    parser
        .parse(&mut stream, false)
        .map_err(|error| refusal(&error))?;
    let mut rest = text.trim_start_matches(is_space).as_bytes();
    let (mut depth, mut nodes, mut in_text) = (0_usize, 0_usize, false);
    loop {
        let event = parser.parse(&mut rest, true).map_err(|error| {
            let read = text.len() - rest.len();
            if declares(text.as_bytes().get(..read).unwrap_or_default()) {
                XmlError::Restricted
            } else {
                refusal(&error)
            }
        })?;
        let Some(event) = event else {
            return Err(XmlError::Truncated);
        };
        let is_text = matches!(event, Event::Text(..));
        match event {
            Event::StartElement(..) => {
                depth += 1;
                nodes += 1;
            }
            // What stands beside the element, or ends what it stands in.
            _ if depth == 0 => return Err(XmlError::NotWellFormed),
            Event::EndElement(..) => depth -= 1,
            // A long text comes in pieces.
            Event::Text(..) if !in_text => nodes += 1,
            Event::Text(..) | Event::XmlDeclaration(..) => {}
        }
        in_text = is_text;
        if depth > limits.max_depth {
            return Err(XmlError::TooDeep {
                limit: limits.max_depth,
            });
        }
        if nodes > limits.max_nodes {
            return Err(XmlError::TooManyNodes {
                limit: limits.max_nodes,
            });
        }
        take(event)?;
        if depth == 0 {
            let alone = rest.iter().all(|&byte| is_space(char::from(byte)));
            return alone.then_some(()).ok_or(XmlError::NotWellFormed);
        }
    }
}

/// The text with its ends of lines as they have to be read (XML 1.0 section 2.11).
fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Whether what could not be read is a declaration of a document type (XML 1.0
/// section 2.8): the parser knows of none, and calls it not well-formed.
fn declares(read: &[u8]) -> bool {
    let start = read.iter().rposition(|&byte| byte == b'<');
    let tag = start
        .and_then(|start| read.get(start..))
        .unwrap_or_default();
    matches!(tag, [b'<', b'!', letter] if letter.is_ascii_uppercase())
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

const fn refusal(error: &EndOrError) -> XmlError {
    match error {
        EndOrError::NeedMoreData | EndOrError::Error(Error::InvalidEof(_)) => XmlError::Truncated,
        EndOrError::Error(Error::RestrictedXml(_)) => XmlError::Restricted,
        EndOrError::Error(_) => XmlError::NotWellFormed,
    }
}

/// The elements that are open, outermost first.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn add(&mut self, event: Event) -> Result<(), XmlError> {
        match event {
            Event::XmlDeclaration(..) => {}
            Event::StartElement(_, (namespace, name), attributes) => {
                let mut element = Element::new("", name.as_str());
                element.namespace = self.namespace(namespace.as_str());
                for ((namespace, name), value) in attributes {
                    let mut full = String::new();
                    match namespace.as_str() {
                        "" => {}
                        ns::XML => full.push_str("xml:"),
                        // Attributes of other namespaces mean nothing here.
                        _ => continue,
                    }
                    full.push_str(name.as_str());
                    element.attributes.push((full, value));
                }
                self.open.push(element);
            }
            Event::Text(_, text) => {
                let Some(parent) = self.open.last_mut() else {
                    return Err(XmlError::NotWellFormed);
                };
                parent.push_text(&text);
            }
            Event::EndElement(_) => {
                let Some(element) = self.open.pop() else {
                    return Err(XmlError::NotWellFormed);
                };
                match self.open.last_mut() {
                    Some(parent) => parent.push(element),
                    None => self.root = Some(element),
                }
            }
        }
        Ok(())
    }

    /// Children mostly share their parent's namespace: one allocation serves
    /// them all.
    fn namespace(&self, namespace: &str) -> Arc<str> {
        match self.open.last() {
            Some(parent) if *parent.namespace == *namespace => Arc::clone(&parent.namespace),
            _ => namespace.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Element, Limits, XmlError, check, is_plain};
    use crate::ns;

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text, &Limits::default())
    }

    #[test]
    fn ends_of_lines_in_attributes_are_read_like_others() {
        for value in ["\r\"", "\r\u{200e}", "a\r\n\r`\r\r\"\n"] {
            let text = format!("<a b='{value}'/>");
            let limits = Limits::default();
            assert_eq!(check(&text, &limits), Ok(()), "{value:?}");
            assert!(parse(&text).is_ok(), "{value:?}");
        }
    }

    #[test]
    fn an_element_is_read_and_written_alike() {
        let text = r#"<message id="1" to="a@b" xmlns="jabber:client"><x xmlns="urn:x"><y>1 &lt; 2</y><z/></x></message>"#;
        let element = parse(text).unwrap();
        assert_eq!(
            element
                .child_ns("urn:x", "x")
                .unwrap()
                .child("y")
                .unwrap()
                .text(),
            "1 < 2"
        );
        assert_eq!(element.to_xml(), text);
    }

    #[test]
    fn elements_of_the_reserved_namespace_keep_its_prefix() {
        let text = r#"<a xmlns="urn:a"><xml:b xml:lang="de"><c/></xml:b></a>"#;
        let element = Element::parse(text, &Limits::default()).unwrap();
        assert_eq!(element.to_xml(), text);
        let root = Element::parse("<xml:b/>", &Limits::default()).unwrap();
        assert_eq!(root.to_xml(), "<xml:b/>");
    }

    #[test]
    fn a_stanza_without_namespace_is_a_clients() {
        let element = parse("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>").unwrap();
        assert!(element.is(ns::CLIENT, "iq"));
        assert!(element.child("ping").unwrap().is(ns::PING, "ping"));
    }

    #[test]
    fn no_namespace_is_assumed_below_a_root_that_has_one() {
        let text = r#"<a xmlns="urn:x"><b xmlns=""/></a>"#;
        let element = parse(text).unwrap();
        assert_eq!(element.child("b").unwrap().namespace(), "");
        assert_eq!(element.to_xml(), text);
    }

    #[test]
    fn no_namespace_is_not_the_streams() {
        let element = parse("<iq><x xmlns=''/><y/></iq>").unwrap();
        assert_eq!(element.child("x").unwrap().namespace(), "");
        assert_eq!(element.child("y").unwrap().namespace(), ns::CLIENT);
        assert_eq!(parse("<iq xmlns=''/>").unwrap().namespace(), "");
    }

    /// Every element with one byte left out, doubled or replaced.
    #[test]
    fn what_is_plain_can_be_parsed() {
        let limits = Limits {
            max_nodes: 9,
            ..Limits::default()
        };
        let mut plain = 0;
        for text in [
            "<message to='a' xmlns=\"b\"><c d='&lt;&amp;'>x&gt;]]</c ><e/></message>",
            "<a xmlns='http://www.w3.org/x' b='&quot;'><b><c><d>\u{7f}\u{85}é</d></c></b>\r\n</a>",
            " <iq id = '1'\tx='\n'>&apos;<xml xmlx='a'/></iq>\n",
        ] {
            for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
                let (before, behind) = text.split_at(at);
                let rest = behind
                    .chars()
                    .next()
                    .map_or(behind, |c| &behind[c.len_utf8()..]);
                let mut changed: Vec<String> = "<>&;/='\" \t]:!?-._1ax\u{1}\u{80}\u{fffd}\u{ffff}"
                    .chars()
                    .flat_map(|c| [format!("{before}{c}{rest}"), format!("{before}{c}{behind}")])
                    .collect();
                changed.push(format!("{before}{rest}"));
                for changed in changed {
                    if is_plain(&changed, &limits) {
                        plain += 1;
                        let parsed = Element::parse(&changed, &limits);
                        assert!(parsed.is_ok(), "{changed}: {parsed:?}");
                    }
                }
            }
        }
        assert!(plain > 1000, "{plain}");
    }

    #[test]
    fn what_an_element_stands_in_cannot_be_left() {
        for text in [
            "</s>",
            "</s><s>",
            "<a/></s>",
            "x<a/>",
            "<a/>x",
            "<a></s></a>",
        ] {
            assert_eq!(parse(text), Err(XmlError::NotWellFormed), "{text}");
        }
        assert!(parse(" \r\n<a/>\t ").is_ok());
    }

    #[test]
    fn a_long_text_is_one_node() {
        let long = "x".repeat(100_000);
        let limits = Limits {
            max_nodes: 2,
            ..Limits::default()
        };
        let element = Element::parse(&alloc::format!("<a>{long}</a>"), &limits).unwrap();
        assert_eq!(element.text(), long);
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced_when_written() {
        let text = Element::new("urn:x", "a")
            .with_attribute("b", "\u{0}")
            .with_text("\u{1}\u{fffe}\r\n")
            .to_xml();
        assert_eq!(
            text,
            "<a b=\"\u{fffd}\" xmlns=\"urn:x\">\u{fffd}\u{fffd}\r\n</a>"
        );
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn line_ends_are_normalized() {
        assert_eq!(parse("<a>v=0\r\ns=-\r\n</a>").unwrap().text(), "v=0\ns=-\n");
    }

    #[test]
    fn every_bound_is_named() {
        let limits = Limits {
            max_bytes: 40,
            max_depth: 2,
            max_nodes: 3,
        };
        let parse = |text: &str| Element::parse(text, &limits);
        assert_eq!(parse(&"x".repeat(41)), Err(XmlError::TooLong { limit: 40 }));
        assert_eq!(
            parse("<a><b><c/></b></a>"),
            Err(XmlError::TooDeep { limit: 2 })
        );
        assert_eq!(
            parse("<a><b/><b/><b/></a>"),
            Err(XmlError::TooManyNodes { limit: 3 })
        );
    }

    #[test]
    fn truncation_and_forbidden_xml_are_told_apart() {
        let text = "<a b='c'><d>&amp;</d></a>";
        for cut in 0..text.len() {
            assert!(parse(&text[..cut]).is_err(), "{cut}");
        }
        assert_eq!(parse("<a><b></a>"), Err(XmlError::NotWellFormed));
        assert_eq!(parse("<a/><b/>"), Err(XmlError::NotWellFormed));
        for text in [
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a><!DOCTYPE a></a>",
            "<a>é<b/><!ENTITY x 'y'></a>",
        ] {
            assert_eq!(parse(text), Err(XmlError::Restricted), "{text}");
        }
        for text in ["<a><![CDATX[]]></a>", "<a><!x></a>", "<a b='<!D'/>"] {
            assert_eq!(parse(text), Err(XmlError::NotWellFormed), "{text}");
        }
        assert_eq!(parse("<p:a/>"), Err(XmlError::NotWellFormed));
        assert_eq!(parse("<a><!-- b --></a>"), Err(XmlError::Restricted));
        assert_eq!(parse("<a><?b c?></a>"), Err(XmlError::Restricted));
    }
}

//! Reading one element, within bounds.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rxml::{Event, Parse, Parser};

use super::element::{Element, Node};
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
        Self { max_bytes: 256 * 1024, max_depth: 16, max_nodes: 4096 }
    }
}

/// Why a text was not read as one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed XML, or XML of a kind that chat forbids (RFC 6120 section 11.1).
    #[error("not well-formed XML")]
    NotWellFormed,
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
        if text.len() > limits.max_bytes {
            return Err(XmlError::TooLong { limit: limits.max_bytes });
        }
        let mut parser = Parser::new();
        let mut rest = text.as_bytes();
        let mut tree = Tree::new(*limits);
        while let Some(event) = parser.parse(&mut rest, true).map_err(|error| match error {
            rxml::error::EndOrError::NeedMoreData => XmlError::Truncated,
            rxml::error::EndOrError::Error(_) => XmlError::NotWellFormed,
        })? {
            tree.add(event)?;
        }
        tree.root.ok_or(XmlError::Truncated)
    }
}

/// The elements that are open, outermost first.
struct Tree {
    limits: Limits,
    nodes: usize,
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    const fn new(limits: Limits) -> Self {
        Self { limits, nodes: 0, open: Vec::new(), root: None }
    }

    fn add(&mut self, event: Event) -> Result<(), XmlError> {
        match event {
            Event::XmlDeclaration(..) => {}
            Event::StartElement(_, (namespace, name), attributes) => {
                self.count()?;
                if self.open.len() == self.limits.max_depth {
                    return Err(XmlError::TooDeep { limit: self.limits.max_depth });
                }
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
                let Some(parent) = self.open.last_mut() else { return Err(XmlError::NotWellFormed) };
                if !matches!(parent.children.last(), Some(Node::Text(_))) {
                    self.nodes += 1;
                    if self.nodes > self.limits.max_nodes {
                        return Err(XmlError::TooManyNodes { limit: self.limits.max_nodes });
                    }
                }
                parent.push_text(&text);
            }
            Event::EndElement(_) => {
                let Some(element) = self.open.pop() else { return Err(XmlError::NotWellFormed) };
                match self.open.last_mut() {
                    Some(parent) => parent.push(element),
                    None => self.root = Some(element),
                }
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(XmlError::TooManyNodes { limit: self.limits.max_nodes });
        }
        Ok(())
    }

    /// Children mostly share their parent's namespace: one allocation serves
    /// them all.
    fn namespace(&self, namespace: &str) -> Arc<str> {
        match self.open.last() {
            Some(parent) if namespace.is_empty() || *parent.namespace == *namespace => Arc::clone(&parent.namespace),
            None if namespace.is_empty() => ns::CLIENT.into(),
            _ => namespace.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Element, Limits, XmlError};
    use crate::ns;

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text, &Limits::default())
    }

    #[test]
    fn an_element_is_read_and_written_alike() {
        let text = r#"<message id="1" to="a@b" xmlns="jabber:client"><x xmlns="urn:x"><y>1 &lt; 2</y><z/></x></message>"#;
        let element = parse(text).unwrap();
        assert_eq!(element.child_ns("urn:x", "x").unwrap().child("y").unwrap().text(), "1 < 2");
        assert_eq!(element.to_xml(), text);
    }

    #[test]
    fn a_stanza_without_namespace_is_a_clients() {
        let element = parse("<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>").unwrap();
        assert!(element.is(ns::CLIENT, "iq"));
        assert!(element.child("ping").unwrap().is(ns::PING, "ping"));
    }

    #[test]
    fn line_ends_are_normalized() {
        assert_eq!(parse("<a>v=0\r\ns=-\r\n</a>").unwrap().text(), "v=0\ns=-\n");
    }

    #[test]
    fn every_bound_is_named() {
        let limits = Limits { max_bytes: 40, max_depth: 2, max_nodes: 3 };
        let parse = |text: &str| Element::parse(text, &limits);
        assert_eq!(parse(&"x".repeat(41)), Err(XmlError::TooLong { limit: 40 }));
        assert_eq!(parse("<a><b><c/></b></a>"), Err(XmlError::TooDeep { limit: 2 }));
        assert_eq!(parse("<a><b/><b/><b/></a>"), Err(XmlError::TooManyNodes { limit: 3 }));
    }

    #[test]
    fn truncation_and_forbidden_xml_are_told_apart() {
        let text = "<a b='c'><d>&amp;</d></a>";
        for cut in 0..text.len() {
            assert!(parse(&text[..cut]).is_err(), "{cut}");
        }
        assert_eq!(parse("<a><b></a>"), Err(XmlError::NotWellFormed));
        assert_eq!(parse("<a/><b/>"), Err(XmlError::NotWellFormed));
        assert_eq!(parse("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), Err(XmlError::NotWellFormed));
        assert_eq!(parse("<p:a/>"), Err(XmlError::NotWellFormed));
    }
}

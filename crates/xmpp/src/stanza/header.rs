//! What the start tag of a stanza says.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;

use crate::stream_error::StreamError;
use crate::tag::StartTag;
use crate::xml::{Limits, Tag, XmlError};
use crate::{Jid, ns};

/// The three kinds of stanzas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StanzaKind {
    /// `<message/>`: pushed to somebody.
    Message,
    /// `<presence/>`: published.
    Presence,
    /// `<iq/>`: asked and answered.
    Iq,
}

impl StanzaKind {
    /// The element's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
        }
    }
}

/// The attributes that all stanzas have (RFC 6120 section 8.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaHeader {
    /// Which kind it is.
    pub kind: StanzaKind,
    /// What an answer refers to.
    pub id: Option<String>,
    /// Who the sender says he is. A server does not believe it, so an address
    /// that is none is read as none.
    pub from: Option<Jid>,
    /// Whom it is for; nobody in particular if there is none.
    pub to: Option<Jid>,
    /// What it is for, by kind: `headline`, `unavailable`, `get`, …
    pub type_: Option<String>,
}

/// Why a text has no stanza header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It does not begin with a well-formed start tag.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The element has a prefix (RFC 6120 section 4.8.5 requires the default
    /// namespace).
    #[error("a stanza with a namespace prefix")]
    Prefixed,
    /// The element is of another namespace than [`ns::CLIENT`].
    #[error("not of the namespace of stanzas")]
    Namespace,
    /// The element is none of the three kinds.
    #[error("neither message nor presence nor iq")]
    Kind,
    /// `to` is no address. The rest of the header is good, for an answer.
    #[error("the stanza is for somebody who can have no such address")]
    Address(Box<StanzaHeader>),
}

impl StanzaHeader {
    /// Reads the start tag that `raw` begins with, and nothing behind it.
    ///
    /// # Errors
    /// [`HeaderError`]: it is not the start tag of a stanza, or is not for
    /// anybody.
    pub fn read(raw: &str) -> Result<Self, HeaderError> {
        if let Some(tag) = Tag::read(raw) {
            return Self::new(
                tag.name,
                tag.attribute("xmlns").unwrap_or(ns::CLIENT),
                |name| tag.attribute(name),
            );
        }
        let tag = StartTag::scan(raw)?;
        let element = tag.element(raw, &Limits::default())?;
        if raw
            .get(tag.name().clone())
            .is_some_and(|name| name.contains(':'))
        {
            return Err(HeaderError::Prefixed);
        }
        Self::new(element.name(), element.namespace(), |name| {
            element.attribute(name)
        })
    }

    fn new<'a>(
        name: &str,
        namespace: &str,
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, HeaderError> {
        if namespace != ns::CLIENT {
            return Err(HeaderError::Namespace);
        }
        let kind = match name {
            "message" => StanzaKind::Message,
            "presence" => StanzaKind::Presence,
            "iq" => StanzaKind::Iq,
            _ => return Err(HeaderError::Kind),
        };
        let mut header = Self {
            kind,
            id: attribute("id").map(ToOwned::to_owned),
            from: attribute("from").and_then(|from| from.parse().ok()),
            to: None,
            type_: attribute("type").map(ToOwned::to_owned),
        };
        match attribute("to").map(str::parse) {
            None => Ok(header),
            Some(Ok(to)) => {
                header.to = Some(to);
                Ok(header)
            }
            Some(Err(_)) => Err(HeaderError::Address(Box::new(header))),
        }
    }

    /// Whether the stanza is an iq that has to be answered.
    pub fn is_request(&self) -> bool {
        self.kind == StanzaKind::Iq && matches!(self.type_.as_deref(), Some("get" | "set"))
    }
}

impl From<HeaderError> for StreamError {
    /// How a stream answers an element that is no stanza.
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Xml(error) => error.into(),
            HeaderError::Prefixed => Self::BadNamespacePrefix,
            HeaderError::Namespace => Self::InvalidNamespace,
            HeaderError::Kind => Self::UnsupportedStanzaType,
            HeaderError::Address(_) => Self::ImproperAddressing,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{HeaderError, StanzaHeader, StanzaKind};
    use crate::xml::XmlError;

    #[test]
    fn the_start_tag_is_read_and_nothing_else() {
        let raw = "<message to='102-4242@h/a&lt;b' type=\"headline\" id='1'><from x='";
        let header = StanzaHeader::read(raw).unwrap();
        assert_eq!(header.kind, StanzaKind::Message);
        assert_eq!(header.to, Some("102-4242@h/a<b".parse().unwrap()));
        assert_eq!(
            (header.type_.as_deref(), header.id.as_deref()),
            (Some("headline"), Some("1"))
        );
        assert_eq!(header.from, None);
        assert!(!header.is_request());
        assert!(
            StanzaHeader::read("<iq type='set' from='@'/>")
                .unwrap()
                .is_request()
        );
    }

    #[test]
    fn what_is_no_stanza_is_told_apart() {
        let refused = |raw| StanzaHeader::read(raw).unwrap_err();
        assert_eq!(refused("<message"), HeaderError::Xml(XmlError::Truncated));
        assert_eq!(
            refused("message"),
            HeaderError::Xml(XmlError::NotWellFormed)
        );
        assert_eq!(
            refused("<message to='<'/>"),
            HeaderError::Xml(XmlError::NotWellFormed)
        );
        assert_eq!(
            refused("<c:iq xmlns:c='jabber:client'/>"),
            HeaderError::Prefixed
        );
        assert_eq!(
            refused("<iq xmlns='jabber:server'/>"),
            HeaderError::Namespace
        );
        assert_eq!(refused("<body/>"), HeaderError::Kind);
    }

    #[test]
    fn a_bad_address_can_be_answered() {
        let HeaderError::Address(header) = StanzaHeader::read("<iq id='1' to='a@'/>").unwrap_err()
        else {
            panic!("the address is good");
        };
        assert_eq!((header.id.as_deref(), &header.to), (Some("1"), &None));
    }
}

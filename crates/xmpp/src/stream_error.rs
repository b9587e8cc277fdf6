//! The errors that end a stream (RFC 6120 section 4.9.3).

use alloc::string::String;
use core::fmt;

use crate::ns;
use crate::xml::{Element, XmlError};

/// Why a stream is ended. The names are those of RFC 6120 section 4.9.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the RFC defines them under these names")]
pub enum StreamError {
    BadFormat,
    BadNamespacePrefix,
    Conflict,
    ConnectionTimeout,
    HostGone,
    HostUnknown,
    ImproperAddressing,
    InternalServerError,
    InvalidFrom,
    InvalidNamespace,
    InvalidXml,
    NotAuthorized,
    NotWellFormed,
    PolicyViolation,
    RemoteConnectionFailed,
    Reset,
    ResourceConstraint,
    RestrictedXml,
    SeeOtherHost,
    SystemShutdown,
    UndefinedCondition,
    UnsupportedEncoding,
    UnsupportedFeature,
    UnsupportedStanzaType,
    UnsupportedVersion,
}

const NAMES: [(StreamError, &str); 25] = [
    (StreamError::BadFormat, "bad-format"),
    (StreamError::BadNamespacePrefix, "bad-namespace-prefix"),
    (StreamError::Conflict, "conflict"),
    (StreamError::ConnectionTimeout, "connection-timeout"),
    (StreamError::HostGone, "host-gone"),
    (StreamError::HostUnknown, "host-unknown"),
    (StreamError::ImproperAddressing, "improper-addressing"),
    (StreamError::InternalServerError, "internal-server-error"),
    (StreamError::InvalidFrom, "invalid-from"),
    (StreamError::InvalidNamespace, "invalid-namespace"),
    (StreamError::InvalidXml, "invalid-xml"),
    (StreamError::NotAuthorized, "not-authorized"),
    (StreamError::NotWellFormed, "not-well-formed"),
    (StreamError::PolicyViolation, "policy-violation"),
    (
        StreamError::RemoteConnectionFailed,
        "remote-connection-failed",
    ),
    (StreamError::Reset, "reset"),
    (StreamError::ResourceConstraint, "resource-constraint"),
    (StreamError::RestrictedXml, "restricted-xml"),
    (StreamError::SeeOtherHost, "see-other-host"),
    (StreamError::SystemShutdown, "system-shutdown"),
    (StreamError::UndefinedCondition, "undefined-condition"),
    (StreamError::UnsupportedEncoding, "unsupported-encoding"),
    (StreamError::UnsupportedFeature, "unsupported-feature"),
    (
        StreamError::UnsupportedStanzaType,
        "unsupported-stanza-type",
    ),
    (StreamError::UnsupportedVersion, "unsupported-version"),
];

impl StreamError {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(error, _)| *error == self)
            .map_or("undefined-condition", |(_, name)| name)
    }

    /// The message that tells the other side. A close has to follow.
    pub fn to_xml(self) -> String {
        let mut xml = String::from(r#"<stream:error xmlns:stream=""#);
        xml.push_str(ns::STREAMS);
        xml.push_str(r#"">"#);
        Element::new(ns::STREAM_ERRORS, self.name()).write(&mut xml);
        xml.push_str("</stream:error>");
        xml
    }

    /// The error that a message tells, if it tells one. A condition that is
    /// not known is [`UndefinedCondition`](Self::UndefinedCondition).
    pub fn read(element: &Element) -> Option<Self> {
        if !element.is(ns::STREAMS, "error") {
            return None;
        }
        let known = element
            .children()
            .filter(|child| child.namespace() == ns::STREAM_ERRORS)
            .find_map(|child| NAMES.iter().find(|(_, name)| *name == child.name()));
        Some(known.map_or(Self::UndefinedCondition, |(error, _)| *error))
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for StreamError {}

impl From<XmlError> for StreamError {
    /// How a message that cannot be read is answered: exceeded bounds are a
    /// matter of policy (RFC 6120 section 13.12).
    fn from(error: XmlError) -> Self {
        match error {
            XmlError::NotWellFormed | XmlError::Truncated => Self::NotWellFormed,
            XmlError::Restricted => Self::RestrictedXml,
            XmlError::TooLong { .. } | XmlError::TooDeep { .. } | XmlError::TooManyNodes { .. } => {
                Self::PolicyViolation
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{NAMES, StreamError};
    use crate::xml::{Element, Limits};

    #[test]
    fn every_error_is_read_as_it_is_written() {
        for (error, name) in NAMES {
            let xml = error.to_xml();
            assert!(xml.contains(name), "{xml}");
            let element = Element::parse(&xml, &Limits::default()).unwrap();
            assert_eq!(StreamError::read(&element), Some(error));
        }
    }

    #[test]
    fn the_message_is_well_formed_by_itself() {
        assert_eq!(
            StreamError::Conflict.to_xml(),
            "<stream:error xmlns:stream=\"http://etherx.jabber.org/streams\">\
             <conflict xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/></stream:error>"
        );
    }

    #[test]
    fn an_unknown_condition_is_undefined() {
        let xml =
            "<e:error xmlns:e='http://etherx.jabber.org/streams'><new xmlns='urn:x'/></e:error>";
        let element = Element::parse(xml, &Limits::default()).unwrap();
        assert_eq!(
            StreamError::read(&element),
            Some(StreamError::UndefinedCondition)
        );
        assert_eq!(StreamError::read(&Element::new("urn:x", "error")), None);
    }
}

//! Answers to stanzas: results and errors (RFC 6120 sections 8.2.3 and 8.3).

use alloc::string::{String, ToString};
use core::fmt;

use super::header::{StanzaHeader, StanzaKind};
use crate::xml::Element;
use crate::{Jid, ns};

/// Why a stanza is refused. The names are those of RFC 6120 section 8.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the RFC defines them under these names")]
pub enum StanzaError {
    BadRequest,
    Conflict,
    FeatureNotImplemented,
    Forbidden,
    Gone,
    InternalServerError,
    ItemNotFound,
    JidMalformed,
    NotAcceptable,
    NotAllowed,
    NotAuthorized,
    PolicyViolation,
    RecipientUnavailable,
    Redirect,
    RegistrationRequired,
    RemoteServerNotFound,
    RemoteServerTimeout,
    ResourceConstraint,
    ServiceUnavailable,
    SubscriptionRequired,
    UndefinedCondition,
    UnexpectedRequest,
}

/// Error, name on the wire, and type: what the sender may do about it.
const ERRORS: [(StanzaError, &str, &str); 22] = [
    (StanzaError::BadRequest, "bad-request", "modify"),
    (StanzaError::Conflict, "conflict", "cancel"),
    (
        StanzaError::FeatureNotImplemented,
        "feature-not-implemented",
        "cancel",
    ),
    (StanzaError::Forbidden, "forbidden", "auth"),
    (StanzaError::Gone, "gone", "cancel"),
    (
        StanzaError::InternalServerError,
        "internal-server-error",
        "cancel",
    ),
    (StanzaError::ItemNotFound, "item-not-found", "cancel"),
    (StanzaError::JidMalformed, "jid-malformed", "modify"),
    (StanzaError::NotAcceptable, "not-acceptable", "modify"),
    (StanzaError::NotAllowed, "not-allowed", "cancel"),
    (StanzaError::NotAuthorized, "not-authorized", "auth"),
    (StanzaError::PolicyViolation, "policy-violation", "modify"),
    (
        StanzaError::RecipientUnavailable,
        "recipient-unavailable",
        "wait",
    ),
    (StanzaError::Redirect, "redirect", "modify"),
    (
        StanzaError::RegistrationRequired,
        "registration-required",
        "auth",
    ),
    (
        StanzaError::RemoteServerNotFound,
        "remote-server-not-found",
        "cancel",
    ),
    (
        StanzaError::RemoteServerTimeout,
        "remote-server-timeout",
        "wait",
    ),
    (
        StanzaError::ResourceConstraint,
        "resource-constraint",
        "wait",
    ),
    (
        StanzaError::ServiceUnavailable,
        "service-unavailable",
        "cancel",
    ),
    (
        StanzaError::SubscriptionRequired,
        "subscription-required",
        "auth",
    ),
    (
        StanzaError::UndefinedCondition,
        "undefined-condition",
        "cancel",
    ),
    (StanzaError::UnexpectedRequest, "unexpected-request", "wait"),
];

impl StanzaError {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The type on the wire: `modify`, `cancel`, `auth` or `wait`.
    pub fn type_(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str) {
        const UNDEFINED: &(StanzaError, &str, &str) = &ERRORS[20];
        ERRORS
            .iter()
            .find(|(error, ..)| *error == self)
            .unwrap_or(UNDEFINED)
    }

    /// The error that a stanza of type `error` tells. One that is not known
    /// is [`UndefinedCondition`](Self::UndefinedCondition).
    pub fn read(stanza: &Element) -> Self {
        let named = stanza.child("error").and_then(|error| {
            error
                .children()
                .find_map(|child| ERRORS.iter().find(|(_, name, _)| *name == child.name()))
        });
        named.map_or(Self::UndefinedCondition, |(error, ..)| *error)
    }

    pub(crate) fn to_element(self) -> Element {
        Element::new(ns::CLIENT, "error")
            .with_attribute("type", self.type_())
            .with_child(Element::new(ns::STANZA_ERRORS, self.name()))
    }
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for StanzaError {}

/// The answer to `to`, who sent the stanza, that it was refused: from whom it
/// was meant for. Errors and results are never answered (RFC 6120 section
/// 8.3.1): there is none for them.
pub fn error_reply(header: &StanzaHeader, error: StanzaError, to: &Jid) -> Option<String> {
    let answered = match header.kind {
        // An iq whose type is missing or unknown is a bad request.
        StanzaKind::Iq => !matches!(header.type_.as_deref(), Some("result" | "error")),
        StanzaKind::Message | StanzaKind::Presence => header.type_.as_deref() != Some("error"),
    };
    answered.then(|| {
        reply(header, "error", to)
            .with_child(error.to_element())
            .to_xml()
    })
}

/// The answer to `to`, who sent the request, from whom it was meant for.
pub fn iq_result(header: &StanzaHeader, to: &Jid, payload: Option<Element>) -> String {
    let mut result = reply(header, "result", to);
    if let Some(payload) = payload {
        result.push(payload);
    }
    result.to_xml()
}

fn reply(header: &StanzaHeader, type_: &str, to: &Jid) -> Element {
    let mut reply = Element::new(ns::CLIENT, header.kind.name()).with_attribute("type", type_);
    if let Some(id) = &header.id {
        reply.set_attribute("id", id);
    }
    if let Some(from) = &header.to {
        reply.set_attribute("from", &from.to_string());
    }
    reply.with_attribute("to", &to.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{ERRORS, StanzaError, StanzaHeader, error_reply, iq_result};
    use crate::xml::{Element, Limits};
    use crate::{Jid, ns};

    fn sender() -> Jid {
        "101-4242@h/tab".parse().unwrap()
    }

    #[test]
    fn answers_go_back_the_way_the_stanza_came() {
        let header = StanzaHeader::read("<iq id='&lt;1' type='get' to='h'/>").unwrap();
        assert_eq!(
            iq_result(&header, &sender(), None),
            "<iq type=\"result\" id=\"&lt;1\" from=\"h\" to=\"101-4242@h/tab\" xmlns=\"jabber:client\"/>"
        );
        let result = iq_result(&header, &sender(), Some(Element::new(ns::ROSTER, "query")));
        assert!(
            result.ends_with("><query xmlns=\"jabber:iq:roster\"/></iq>"),
            "{result}"
        );
    }

    #[test]
    fn every_error_is_read_as_it_is_written() {
        let header = StanzaHeader::read("<message to='a@h'/>").unwrap();
        for (error, ..) in ERRORS {
            let reply = error_reply(&header, error, &sender()).unwrap();
            let reply = Element::parse(&reply, &Limits::default()).unwrap();
            assert_eq!(reply.attribute("type"), Some("error"));
            assert_eq!(
                reply.child("error").unwrap().attribute("type"),
                Some(error.type_())
            );
            assert_eq!(StanzaError::read(&reply), error);
        }
    }

    #[test]
    fn answers_are_not_answered() {
        for raw in [
            "<message type='error'/>",
            "<iq type='result'/>",
            "<iq type='error'/>",
        ] {
            let header = StanzaHeader::read(raw).unwrap();
            assert_eq!(
                error_reply(&header, StanzaError::BadRequest, &sender()),
                None,
                "{raw}"
            );
        }
    }
}

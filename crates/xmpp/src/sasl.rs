//! Authentication: SASL PLAIN (RFC 4616) in the messages of RFC 6120 section 6.
//!
//! Passwords pass through and are never looked at, kept or shown. PLAIN must
//! only be used over TLS or within one machine; whoever opens the socket
//! sees to that.

use alloc::string::{String, ToString};
use core::fmt;
use core::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::ns;
use crate::xml::{Element, escape_text};

/// The mechanism's name.
pub const PLAIN: &str = "PLAIN";

/// What stands for an empty response (RFC 6120 section 6.4.2).
const EMPTY: &str = "=";

/// A password or token. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(password.to_string())
    }
}

impl Deref for Password {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The message of PLAIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// On whose behalf; empty for the user's own.
    pub authorization: String,
    /// Who: the local part of the user's address.
    pub local: String,
    /// With what proof.
    pub password: Password,
}

/// Why credentials cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    /// The name or the password is empty.
    #[error("the name or the password is empty")]
    Empty,
    /// The name or the password holds a NUL, which separates them.
    #[error("the name or the password holds a NUL character")]
    Nul,
}

impl Plain {
    /// The message in base64.
    ///
    /// # Errors
    /// [`PlainError`] when the credentials cannot be sent by PLAIN.
    pub fn encode(&self) -> Result<String, PlainError> {
        if self.local.is_empty() || self.password.is_empty() {
            return Err(PlainError::Empty);
        }
        let parts = [self.authorization.as_str(), &self.local, &self.password];
        if parts.iter().any(|part| part.contains('\0')) {
            return Err(PlainError::Nul);
        }
        Ok(STANDARD.encode(parts.join("\0")))
    }

    /// Reads what [`encode`](Self::encode) writes.
    ///
    /// # Errors
    /// The failure to answer with: [`SaslFailure::IncorrectEncoding`] or
    /// [`SaslFailure::MalformedRequest`].
    pub fn decode(base64: &str) -> Result<Self, SaslFailure> {
        let base64 = if base64 == EMPTY { "" } else { base64 };
        let bytes = STANDARD
            .decode(base64)
            .map_err(|_| SaslFailure::IncorrectEncoding)?;
        let text = String::from_utf8(bytes).map_err(|_| SaslFailure::MalformedRequest)?;
        let mut parts = text.split('\0');
        let (Some(authorization), Some(local), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SaslFailure::MalformedRequest);
        };
        if local.is_empty() || password.is_empty() {
            return Err(SaslFailure::MalformedRequest);
        }
        Ok(Self {
            authorization: authorization.to_string(),
            local: local.to_string(),
            password: password.into(),
        })
    }
}

/// Why authentication fails. The names are those of RFC 6120 section 6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the RFC defines them under these names")]
pub enum SaslFailure {
    Aborted,
    AccountDisabled,
    CredentialsExpired,
    EncryptionRequired,
    IncorrectEncoding,
    InvalidAuthzid,
    InvalidMechanism,
    MalformedRequest,
    MechanismTooWeak,
    NotAuthorized,
    TemporaryAuthFailure,
}

/// Failure, name on the wire, and the text for a person.
const FAILURES: [(SaslFailure, &str, &str); 11] = [
    (SaslFailure::Aborted, "aborted", "Aborted"),
    (
        SaslFailure::AccountDisabled,
        "account-disabled",
        "The account is disabled",
    ),
    (
        SaslFailure::CredentialsExpired,
        "credentials-expired",
        "The token has expired",
    ),
    (
        SaslFailure::EncryptionRequired,
        "encryption-required",
        "TLS is required",
    ),
    (
        SaslFailure::IncorrectEncoding,
        "incorrect-encoding",
        "Not base64",
    ),
    (
        SaslFailure::InvalidAuthzid,
        "invalid-authzid",
        "Only for the own account",
    ),
    (
        SaslFailure::InvalidMechanism,
        "invalid-mechanism",
        "Only PLAIN is offered",
    ),
    (
        SaslFailure::MalformedRequest,
        "malformed-request",
        "Not a message of PLAIN",
    ),
    (
        SaslFailure::MechanismTooWeak,
        "mechanism-too-weak",
        "The mechanism is too weak",
    ),
    // The text that existing clients know.
    (
        SaslFailure::NotAuthorized,
        "not-authorized",
        "Password not verified",
    ),
    (
        SaslFailure::TemporaryAuthFailure,
        "temporary-auth-failure",
        "Try again later",
    ),
];

impl SaslFailure {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str) {
        const NOT_AUTHORIZED: &(SaslFailure, &str, &str) = &FAILURES[9];
        FAILURES
            .iter()
            .find(|(failure, ..)| *failure == self)
            .unwrap_or(NOT_AUTHORIZED)
    }

    /// The message that tells the client.
    pub fn to_xml(self) -> String {
        let (_, name, text) = self.entry();
        let mut xml = String::from(r#"<failure xmlns=""#);
        xml.push_str(ns::SASL);
        xml.push_str(r#""><"#);
        xml.push_str(name);
        xml.push_str("/><text xml:lang='en'>");
        escape_text(text, &mut xml);
        xml.push_str("</text></failure>");
        xml
    }

    /// The failure that a message tells, with its text. A condition that is
    /// not known is [`NotAuthorized`](Self::NotAuthorized).
    pub fn read(element: &Element) -> Option<(Self, Option<String>)> {
        if !element.is(ns::SASL, "failure") {
            return None;
        }
        let known = element
            .children()
            .find_map(|child| FAILURES.iter().find(|(_, name, _)| *name == child.name()));
        let failure = known.map_or(Self::NotAuthorized, |(failure, ..)| *failure);
        Some((failure, element.child("text").map(Element::text)))
    }
}

impl fmt::Display for SaslFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl core::error::Error for SaslFailure {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::string::{String, ToString};

    use base64::Engine;

    use super::{FAILURES, Plain, PlainError, STANDARD, SaslFailure};
    use crate::xml::{Element, Limits};

    fn plain(local: &str, password: &str) -> Plain {
        Plain {
            authorization: String::new(),
            local: local.to_string(),
            password: password.into(),
        }
    }

    #[test]
    fn the_recorded_message() {
        let plain = plain("101-4242", "pass101");
        assert_eq!(plain.encode().unwrap(), "ADEwMS00MjQyAHBhc3MxMDE=");
        assert_eq!(Plain::decode("ADEwMS00MjQyAHBhc3MxMDE="), Ok(plain));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert_eq!(plain("", "x").encode(), Err(PlainError::Empty));
        assert_eq!(plain("x", "").encode(), Err(PlainError::Empty));
        assert_eq!(plain("x", "y\0z").encode(), Err(PlainError::Nul));
    }

    #[test]
    fn what_is_no_message_of_plain_is_refused() {
        for text in ["", "a", "a\0b", "\0\0b", "\0a\0", "\0a\0b\0", "\0a\0b\0c"] {
            let refused = Plain::decode(&STANDARD.encode(text));
            assert_eq!(refused, Err(SaslFailure::MalformedRequest), "{text:?}");
        }
        assert_eq!(Plain::decode("="), Err(SaslFailure::MalformedRequest));
        assert_eq!(
            Plain::decode(&STANDARD.encode(b"\0a\0\xff")),
            Err(SaslFailure::MalformedRequest)
        );
        for text in ["AGEA\n", "AGEA===", "*", "AGE"] {
            assert_eq!(
                Plain::decode(text),
                Err(SaslFailure::IncorrectEncoding),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        assert!(!alloc::format!("{:?}", plain("a", "hunter2")).contains("hunter2"));
    }

    #[test]
    fn the_documented_failure() {
        assert_eq!(
            SaslFailure::NotAuthorized.to_xml(),
            "<failure xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\"><not-authorized/>\
             <text xml:lang='en'>Password not verified</text></failure>"
        );
    }

    #[test]
    fn every_failure_is_read_as_it_is_written() {
        for (failure, name, text) in FAILURES {
            let element = Element::parse(&failure.to_xml(), &Limits::default()).unwrap();
            assert_eq!(
                SaslFailure::read(&element),
                Some((failure, Some(text.to_string())))
            );
            assert_eq!(failure.name(), name);
        }
        assert_eq!(SaslFailure::read(&Element::new("urn:x", "failure")), None);
    }
}

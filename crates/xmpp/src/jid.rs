//! Addresses of chat: `local@domain/resource` (RFC 7622).

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// The longest part of an address, in bytes (RFC 7622 section 3.1).
pub const MAX_PART_BYTES: usize = 1023;

/// An address: a server, a user, or one device of a user.
///
/// Local part and domain are compared as ASCII without case; other characters
/// are taken as they are (no PRECIS mapping), which is exact for the numeric
/// user addresses of this system.
///
/// Clones share one text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jid {
    text: Arc<str>,
    /// Where the domain begins in it, and where it ends.
    domain_start: u16,
    domain_end: u16,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JidError {
    /// A part that must be there is empty.
    #[error("an address part is empty")]
    EmptyPart,
    /// A part is longer than [`MAX_PART_BYTES`].
    #[error("an address part is longer than {MAX_PART_BYTES} bytes")]
    TooLong,
    /// A part holds a character that it may not hold (RFC 7622 section 3.3.1).
    #[error("an address part holds a forbidden character")]
    Forbidden,
}

impl Jid {
    /// The address of a server.
    ///
    /// # Errors
    /// [`JidError`] when `domain` cannot be one.
    pub fn server(domain: &str) -> Result<Self, JidError> {
        Self::build(None, domain, None)
    }

    /// The address of a user.
    ///
    /// # Errors
    /// [`JidError`] when a part cannot be one.
    pub fn user(local: &str, domain: &str) -> Result<Self, JidError> {
        Self::build(Some(local), domain, None)
    }

    /// This address with `resource` in place of its own.
    ///
    /// # Errors
    /// [`JidError`] when `resource` cannot be one.
    pub fn with_resource(&self, resource: &str) -> Result<Self, JidError> {
        check(resource, char::is_control)?;
        Ok(Self::join(self.local(), self.domain(), Some(resource)))
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> Self {
        match self.resource() {
            Some(_) => Self::join(self.local(), self.domain(), None),
            None => self.clone(),
        }
    }

    /// The same user and device at another server.
    #[must_use]
    pub fn at(&self, server: &Self) -> Self {
        Self::join(self.local(), server.domain(), self.resource())
    }

    /// The address of the server alone.
    #[must_use]
    pub fn server_of(&self) -> Self {
        Self::join(None, self.domain(), None)
    }

    /// The part before `@`.
    pub fn local(&self) -> Option<&str> {
        let end = usize::from(self.domain_start).checked_sub(1)?;
        self.text.get(..end)
    }

    /// The server.
    pub fn domain(&self) -> &str {
        let domain = usize::from(self.domain_start)..usize::from(self.domain_end);
        self.text.get(domain).unwrap_or_default()
    }

    /// The device.
    pub fn resource(&self) -> Option<&str> {
        self.text.get(usize::from(self.domain_end) + 1..)
    }

    /// Whether the address names one device.
    pub fn is_full(&self) -> bool {
        self.resource().is_some()
    }

    /// The address as one text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn build(local: Option<&str>, domain: &str, resource: Option<&str>) -> Result<Self, JidError> {
        if let Some(local) = local {
            check(local, |c| {
                c.is_control() || c.is_whitespace() || "\"&'/:<>@".contains(c)
            })?;
        }
        check(domain, |c| {
            c.is_control() || c.is_whitespace() || "\"&'/<>@".contains(c)
        })?;
        if let Some(resource) = resource {
            check(resource, char::is_control)?;
        }
        Ok(Self::join(local, domain, resource))
    }

    /// The parts have been checked.
    fn join(local: Option<&str>, domain: &str, resource: Option<&str>) -> Self {
        let mut text = String::with_capacity(
            local.map_or(0, |local| local.len() + 1)
                + domain.len()
                + resource.map_or(0, |resource| resource.len() + 1),
        );
        if let Some(local) = local {
            text.push_str(local);
            text.push('@');
        }
        let start = text.len();
        text.push_str(domain);
        let end = text.len();
        text.make_ascii_lowercase();
        if let Some(resource) = resource {
            text.push('/');
            text.push_str(resource);
        }
        Self {
            text: text.into(),
            // A part is shorter than `MAX_PART_BYTES`.
            domain_start: start as u16,
            domain_end: end as u16,
        }
    }
}

fn check(part: &str, forbidden: impl Fn(char) -> bool) -> Result<(), JidError> {
    if part.is_empty() {
        return Err(JidError::EmptyPart);
    }
    if part.len() > MAX_PART_BYTES {
        return Err(JidError::TooLong);
    }
    if part.chars().any(forbidden) {
        return Err(JidError::Forbidden);
    }
    Ok(())
}

impl FromStr for Jid {
    type Err = JidError;

    fn from_str(text: &str) -> Result<Self, JidError> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        Self::build(local, domain, resource)
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jid({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::string::ToString;

    use super::{Jid, JidError, MAX_PART_BYTES};

    #[test]
    fn an_address_has_three_parts() {
        let jid: Jid = "101-4242@Chat.Example/a/b@c".parse().unwrap();
        assert_eq!(
            (jid.local(), jid.domain(), jid.resource()),
            (Some("101-4242"), "chat.example", Some("a/b@c"))
        );
        assert_eq!(jid.to_string(), "101-4242@chat.example/a/b@c");
        assert_eq!(jid.bare().to_string(), "101-4242@chat.example");
        assert_eq!(jid.bare().with_resource("a/b@c"), Ok(jid.clone()));
        assert_eq!(jid.at(&Jid::server("x").unwrap()).domain(), "x");
        assert_eq!(jid.server_of().to_string(), "chat.example");
        let server = jid.server_of();
        assert_eq!((server.local(), server.resource()), (None, None));
        assert_eq!(
            "chat.example".parse::<Jid>().unwrap(),
            Jid::server("chat.example").unwrap()
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "@x", "a@", "a@b/", "/r"] {
            assert_eq!(text.parse::<Jid>(), Err(JidError::EmptyPart), "{text}");
        }
        assert_eq!("a b@c".parse::<Jid>(), Err(JidError::Forbidden));
        assert_eq!("a@b\u{1}".parse::<Jid>(), Err(JidError::Forbidden));
        let long = "x".repeat(MAX_PART_BYTES + 1);
        assert_eq!(long.parse::<Jid>(), Err(JidError::TooLong));
    }
}

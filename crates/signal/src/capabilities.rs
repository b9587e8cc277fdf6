//! The extensions that a peer understands.

use alloc::collections::BTreeSet;
use alloc::string::String;

use crate::limits::{MAX_CAPABILITIES, MAX_CAPABILITY_BYTES};

/// The names of the extensions that the sender of a `call` or `accept`
/// understands.
///
/// On the wire this is one child without attributes or inner elements,
/// `<capabilities>hold ringing</capabilities>`: names of lower-case letters,
/// digits and hyphens, sorted, with one space between them; no child when
/// there are none. Clients that do not know it ignore it. A reader takes any
/// order and any white space, skips what is not a name, and keeps names it
/// does not know.
///
/// A peer that announced nothing is a client of the documented system, and
/// is sent nothing beyond it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Capabilities {
    names: BTreeSet<String>,
}

impl Capabilities {
    /// No extensions.
    pub const fn new() -> Self {
        Self {
            names: BTreeSet::new(),
        }
    }

    /// A list of these names.
    ///
    /// # Errors
    /// As [`Capabilities::insert`].
    pub fn from_names<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, CapabilityError> {
        let mut capabilities = Self::new();
        for name in names {
            capabilities.insert(name.as_ref())?;
        }
        Ok(capabilities)
    }

    /// Adds a name; a known one changes nothing.
    ///
    /// # Errors
    /// [`CapabilityError`] when it is not a name, or the list is full.
    pub fn insert(&mut self, name: &str) -> Result<(), CapabilityError> {
        if !is_name(name) {
            return Err(CapabilityError::InvalidName);
        }
        if !self.contains(name) {
            if self.names.len() == MAX_CAPABILITIES {
                return Err(CapabilityError::TooMany);
            }
            self.names.insert(name.into());
        }
        Ok(())
    }

    /// Whether the peer understands that extension.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Reads the text of the element. The one error is
    /// [`CapabilityError::TooMany`].
    pub(crate) fn from_wire(text: &str) -> Result<Self, CapabilityError> {
        Self::from_names(text.split_ascii_whitespace().filter(|name| is_name(name)))
    }

    /// The text of the element.
    pub(crate) fn wire(&self) -> String {
        let mut text = String::new();
        for name in &self.names {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(name);
        }
        text
    }
}

fn is_name(text: &str) -> bool {
    (1..=MAX_CAPABILITY_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Why a name cannot be announced. The caller of the function has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// Not a capability name.
    #[error("a capability is 1 to {MAX_CAPABILITY_BYTES} lower-case letters, digits and hyphens")]
    InvalidName,
    /// There are [`MAX_CAPABILITIES`] names already.
    #[error("a peer announces at most {MAX_CAPABILITIES} capabilities")]
    TooMany,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use alloc::format;

    use super::*;

    #[test]
    fn text_is_sorted_and_read_in_any_order() {
        let written = Capabilities::from_names(["ringing", "hold", "ringing"]).unwrap();
        assert_eq!(written.wire(), "hold ringing");
        assert!(written.contains("hold") && !written.contains("glare"));
        assert_eq!(Capabilities::from_wire(" ringing\n hold "), Ok(written));
    }

    #[test]
    fn what_is_not_a_name_is_skipped() {
        let read = Capabilities::from_wire("Hold a/b später x-1").unwrap();
        assert!(read.iter().eq(["x-1"]));
        assert!(
            Capabilities::from_wire(&"x".repeat(MAX_CAPABILITY_BYTES + 1))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn lists_are_bounded() {
        let names = (0..=MAX_CAPABILITIES).map(|n| format!("x{n}"));
        assert_eq!(
            Capabilities::from_names(names),
            Err(CapabilityError::TooMany)
        );
        let full = (0..MAX_CAPABILITIES).chain([0]).map(|n| format!("x{n}"));
        assert!(Capabilities::from_names(full).is_ok());
        assert_eq!(
            Capabilities::from_names([""]),
            Err(CapabilityError::InvalidName)
        );
    }
}

//! What an app attaches to a signal.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::limits::{MAX_USER_INFO_BYTES, MAX_USER_INFO_ENTRIES};
use crate::text;

/// The key under which a bandwidth limit travels; see
/// [`Signal::bandwidth`](crate::Signal::bandwidth).
pub(crate) const BANDWIDTH_KEY: &str = "bandwidth";

/// A small map of texts that the app of one side hands to the app of the
/// other, in the order of insertion.
///
/// Each entry becomes an XML element, so a key has to be a valid element
/// name. There are at most [`MAX_USER_INFO_ENTRIES`] entries of
/// [`MAX_USER_INFO_BYTES`] in all.
///
/// Some clients send maps inside the map. On decoding these are flattened:
/// the value of `b` inside `a` has the key `a.b`.
///
/// `Debug` shows the keys alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    entries: Vec<(String, String)>,
}

impl UserInfo {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// A map of these entries. A key that comes twice keeps its first place
    /// and its last value.
    ///
    /// # Errors
    /// As [`UserInfo::insert`].
    pub fn from_entries<K, V>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, UserInfoError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut info = Self::new();
        for (key, value) in entries {
            info.insert(key.as_ref(), value.as_ref())?;
        }
        Ok(info)
    }

    /// Sets an entry and hands back the value it had. In a value CR LF and CR
    /// become LF, as XML does (XML 1.0 §2.11).
    ///
    /// # Errors
    /// [`UserInfoError`] names the rule that the entry breaks; the map is
    /// then unchanged.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<Option<String>, UserInfoError> {
        if key == BANDWIDTH_KEY {
            return Err(UserInfoError::ReservedKey);
        }
        if !text::is_name(key) {
            return Err(UserInfoError::InvalidKey);
        }
        if !value.chars().all(text::is_allowed) {
            return Err(UserInfoError::InvalidValue);
        }
        let value = text::with_plain_line_ends(value);
        let known = self.entries.iter_mut().position(|(known, _)| known == key);
        let replaced = known.map_or(0, |at| key.len() + self.entries[at].1.len());
        if self.bytes() - replaced + key.len() + value.len() > MAX_USER_INFO_BYTES {
            return Err(UserInfoError::TooLong);
        }
        if let Some(at) = known {
            return Ok(Some(core::mem::replace(
                &mut self.entries[at].1,
                value.into_owned(),
            )));
        }
        if self.entries.len() == MAX_USER_INFO_ENTRIES {
            return Err(UserInfoError::TooManyEntries);
        }
        self.entries.push((key.into(), value.into_owned()));
        Ok(None)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Keys and values in the order of insertion.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn bytes(&self) -> usize {
        self.entries
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum()
    }
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserInfo ")?;
        f.debug_set()
            .entries(self.iter().map(|(key, _)| key))
            .finish()
    }
}

/// Why an entry cannot go into a [`UserInfo`]. The app has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserInfoError {
    /// The key is not a valid XML element name.
    #[error("a user info key must be a valid XML element name without a colon")]
    InvalidKey,
    /// The key belongs to the signaling itself.
    #[error("the user info key `{BANDWIDTH_KEY}` is reserved: use the call's bandwidth limit")]
    ReservedKey,
    /// The value holds a character that XML cannot carry.
    #[error("a user info value must not hold control characters")]
    InvalidValue,
    /// There are [`MAX_USER_INFO_ENTRIES`] entries already.
    #[error("user info holds at most {MAX_USER_INFO_ENTRIES} entries")]
    TooManyEntries,
    /// All keys and values would exceed [`MAX_USER_INFO_BYTES`].
    #[error("user info holds at most {MAX_USER_INFO_BYTES} bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use alloc::format;

    use super::*;

    #[test]
    fn keeps_the_order_of_insertion() {
        let mut info = UserInfo::from_entries([("name", "Alice"), ("k", "v"), ("a", "")]).unwrap();
        assert_eq!(info.insert("k", "w\r\n"), Ok(Some("v".into())));
        assert!(info.iter().eq([("name", "Alice"), ("k", "w\n"), ("a", "")]));
        assert_eq!(info.get("name"), Some("Alice"));
        assert_eq!(info.get("b"), None);
    }

    #[test]
    fn refuses_what_xml_cannot_carry() {
        let mut info = UserInfo::new();
        assert_eq!(info.insert("a key", ""), Err(UserInfoError::InvalidKey));
        assert_eq!(
            info.insert("bandwidth", "1"),
            Err(UserInfoError::ReservedKey)
        );
        assert_eq!(info.insert("a", "\0"), Err(UserInfoError::InvalidValue));
        assert!(info.is_empty());
    }

    #[test]
    fn limits_hold_and_replacing_frees_room() {
        let mut info = UserInfo::new();
        for n in 0..MAX_USER_INFO_ENTRIES {
            info.insert(&format!("k{n}"), "").unwrap();
        }
        assert_eq!(
            info.insert("one-more", ""),
            Err(UserInfoError::TooManyEntries)
        );

        let mut info = UserInfo::new();
        let full = "x".repeat(MAX_USER_INFO_BYTES - 1);
        info.insert("k", &full).unwrap();
        info.insert("k", &full).unwrap();
        assert_eq!(info.insert("l", ""), Err(UserInfoError::TooLong));
        assert_eq!(
            info.insert("k", &format!("{full}x")),
            Err(UserInfoError::TooLong)
        );
        assert_eq!(info.len(), 1);
    }

    #[test]
    fn debug_tells_no_values() {
        let info = UserInfo::from_entries([("name", "Alice")]).unwrap();
        assert_eq!(format!("{info:?}"), r#"UserInfo {"name"}"#);
    }
}

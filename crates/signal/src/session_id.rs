//! Which call a signal belongs to.

use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt::{self, Write as _};
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// Length of a UUID in text: 32 digits and four hyphens.
const TEXT_BYTES: usize = 36;

/// The id of one call: a UUID in its usual text form (RFC 9562 §4).
///
/// Some platforms write it in upper case. It is kept, and echoed, exactly as
/// it was read; comparing, ordering and hashing ignore the case.
#[derive(Clone)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Reads an id of the form 8-4-4-4-12 hexadecimal digits, in any case.
    ///
    /// # Errors
    /// [`SessionIdError`] when the text has any other form.
    pub fn parse(text: &str) -> Result<Self, SessionIdError> {
        let well_formed = text.len() == TEXT_BYTES
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if well_formed {
            Ok(Self(text.into()))
        } else {
            Err(SessionIdError)
        }
    }

    /// Makes a new id out of sixteen random bytes: a version 4 UUID
    /// (RFC 9562 §5.4) in lower case. Six of the bits are overwritten.
    pub fn from_bytes(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = String::with_capacity(TEXT_BYTES);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text.into())
    }

    /// The id exactly as it was read.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn folded(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        Self::parse(text)
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for SessionId {}

impl PartialOrd for SessionId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SessionId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().for_each(|byte| state.write_u8(byte));
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.0)
    }
}

/// The text is not a session id. Whoever wrote it has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id: expected a UUID of the form 8-4-4-4-12")]
pub struct SessionIdError;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    extern crate std;

    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::ToString;
    use std::hash::{BuildHasher, RandomState};

    use super::*;

    const LOWER: &str = "17bff4c0-9275-4273-a84b-bd247e1ad652";
    const UPPER: &str = "17BFF4C0-9275-4273-A84B-BD247E1AD652";

    #[test]
    fn cases_compare_equal_and_stay_as_written() {
        let (lower, upper) = (
            SessionId::parse(LOWER).unwrap(),
            SessionId::parse(UPPER).unwrap(),
        );
        assert_eq!(lower, upper);
        assert_eq!(lower.cmp(&upper), Ordering::Equal);
        assert_eq!(upper.to_string(), UPPER);
        let random = RandomState::new();
        assert_eq!(random.hash_one(&lower), random.hash_one(&upper));
        assert_eq!(format!("{upper:?}"), format!("SessionId({UPPER})"));
        let known = BTreeSet::from([lower]);
        assert!(known.contains(&upper));
    }

    #[test]
    fn orders_by_value() {
        let small = SessionId::parse("0A000000-0000-4000-8000-000000000000").unwrap();
        let large = SessionId::parse("0b000000-0000-4000-8000-000000000000").unwrap();
        assert!(small < large);
        assert_ne!(small, large);
        let random = RandomState::new();
        assert_ne!(random.hash_one(&small), random.hash_one(&large));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "17bff4c092754273a84bbd247e1ad652",
            "{17bff4c0-9275-4273-a84b-bd247e1ad652}",
            "17bff4c0-9275-4273-a84b-bd247e1ad65g",
            "17bff4c09-275-4273-a84b-bd247e1ad652",
            "17bff4c0-9275-4273-a84b-bd247e1ad6522",
            "é7bff4c0-9275-4273-a84b-bd247e1ad65",
        ] {
            assert_eq!(SessionId::parse(text), Err(SessionIdError), "{text}");
        }
    }

    #[test]
    fn new_ids_are_version_four_in_lower_case() {
        assert_eq!(
            SessionId::from_bytes([0xff; 16]).as_str(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            SessionId::from_bytes([0; 16]).as_str(),
            "00000000-0000-4000-8000-000000000000"
        );
    }
}

//! Who somebody is.

use core::fmt;
use core::str::FromStr;

use visavis_xmpp::Jid;

/// A user of an application: the number that its server gave the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserId(pub u32);

impl UserId {
    /// Reads the user out of a chat address, whose localpart is
    /// `<user>-<application>`: the number before the first `-`.
    ///
    /// # Errors
    /// [`UserIdError`] when there is no localpart, or it does not start with
    /// a user id. Such an address belongs to the server or to a room.
    pub fn of(jid: &Jid) -> Result<Self, UserIdError> {
        Self::from_localpart(jid.local().unwrap_or_default())
    }

    /// Like [`UserId::of`] for a bare localpart.
    ///
    /// # Errors
    /// [`UserIdError`] when the localpart does not start with a user id.
    pub fn from_localpart(localpart: &str) -> Result<Self, UserIdError> {
        localpart.split('-').next().unwrap_or_default().parse()
    }
}

/// Decimal digits in their one usual form, so that no two spellings name the
/// same user: no sign, no leading zero, at most 4294967295.
impl FromStr for UserId {
    type Err = UserIdError;

    fn from_str(text: &str) -> Result<Self, UserIdError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || (text.len() > 1 && text.starts_with('0')) {
            return Err(UserIdError);
        }
        text.parse().map(Self).map_err(|_| UserIdError)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a user id. Whoever wrote it has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a user id: expected a whole number up to 4294967295")]
pub struct UserIdError;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn localpart_names_user_and_application() {
        assert_eq!(UserId::from_localpart("102-4242"), Ok(UserId(102)));
        assert_eq!(UserId::from_localpart("7-1-2"), Ok(UserId(7)));
        assert_eq!(UserId::from_localpart("102"), Ok(UserId(102)));
    }

    #[test]
    fn other_localparts_are_nobody() {
        for localpart in [
            "",
            "-",
            "-4242",
            "room-4242",
            "+1-2",
            " 1-2",
            "1 -2",
            "0102-4242",
            "4294967296-1",
        ] {
            assert_eq!(
                UserId::from_localpart(localpart),
                Err(UserIdError),
                "{localpart}"
            );
        }
    }

    #[test]
    fn displays_as_it_parses() {
        for id in [0, 1, 101, u32::MAX] {
            assert_eq!(UserId(id).to_string().parse(), Ok(UserId(id)));
        }
    }
}

//! Why a client rejected or left a call by itself, for the other side to read.
//!
//! The reason travels in the user info of the `reject` or `hangUp`, under one key, because every
//! client hands that on to its app.

use visavis_signal::UserInfo;

/// The key in the user info.
pub const KEY: &str = "reason";

/// Rejected: the user is in another call.
pub const BUSY: &str = "busy";

/// Rejected: too many calls are ringing already.
pub const TOO_MANY_CALLS: &str = "too-many-calls";

/// Rejected or left: the session description cannot be used.
pub const UNUSABLE_DESCRIPTION: &str = "unusable-description";

/// Left: nobody answered in time.
pub const NOT_ANSWERED: &str = "not-answered";

/// Left: no connection could be made, or it did not come back.
pub const NO_CONNECTION: &str = "no-connection";

/// Left: the call was taken on another device of the same user.
pub const ACCEPTED_ELSEWHERE: &str = "accepted-elsewhere";

/// Left: both called each other, and go on with the other call.
pub const GLARE: &str = "glare";

/// All of them.
pub const ALL: [&str; 7] = [
    BUSY,
    TOO_MANY_CALLS,
    UNUSABLE_DESCRIPTION,
    NOT_ANSWERED,
    NO_CONNECTION,
    ACCEPTED_ELSEWHERE,
    GLARE,
];

pub(crate) fn user_info(reason: &str) -> UserInfo {
    UserInfo::from_entries([(KEY, reason)]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_into_user_info() {
        for reason in ALL {
            assert_eq!(user_info(reason).get(KEY), Some(reason));
        }
    }
}

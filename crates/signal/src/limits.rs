//! The sizes beyond which a signal is refused.
//!
//! Lengths are bytes of UTF-8 after XML unescaping. They leave a wide margin
//! over what clients send (offers of 5 to 8 KB, sixteen candidates, a handful
//! of user info entries) and keep a decoded signal below the size of a
//! stanza.

/// Opponents in one call, the initiator not counted.
pub const MAX_OPPONENTS: usize = 64;

/// Entries of one user info map.
pub const MAX_USER_INFO_ENTRIES: usize = 64;

/// Keys and values of one user info map together.
pub const MAX_USER_INFO_BYTES: usize = 16 * 1024;

/// One session description.
pub const MAX_SDP_BYTES: usize = 64 * 1024;

/// Candidates in one `iceCandidates`.
pub const MAX_CANDIDATES: usize = 128;

/// One candidate line.
pub const MAX_CANDIDATE_BYTES: usize = 1024;

/// Any other single value: a media id, an offer id, a platform, a reason.
pub const MAX_VALUE_BYTES: usize = 128;

/// Names in one capability list.
pub const MAX_CAPABILITIES: usize = 32;

/// One capability name.
pub const MAX_CAPABILITY_BYTES: usize = 32;

//! The extensions of this version, by the names under which they are announced.

/// Descriptions are exchanged again over the connection that is there: for an
/// ICE restart, or for other media.
pub const RENEGOTIATE: &str = "renegotiate";

/// The callee says when a device of his rings.
pub const RINGING: &str = "ringing";

/// Peers say whether they can be heard and seen, and whether they hold the
/// call.
pub const MEDIA_STATE: &str = "media-state";

/// Users can be called into a call that goes on, and come back to one they
/// lost.
pub const PARTICIPANTS: &str = "participants";

/// Of two calls between the same two users that cross, the one with the
/// smaller session id stays.
pub const GLARE: &str = "glare";

/// All of them.
pub const ALL: [&str; 5] = [RENEGOTIATE, RINGING, MEDIA_STATE, PARTICIPANTS, GLARE];

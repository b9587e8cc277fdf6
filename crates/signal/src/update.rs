//! What an `update` says: the documented system's own, and our extensions.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::{SessionDescription, UserId};

/// What an `update` says besides the user info.
///
/// Only [`Data`](Self::Data) and [`Reconnect`](Self::Reconnect) belong to the
/// documented system. The others go to peers that announced the
/// [capability](crate::capability) named with each; a reader that does not
/// know one takes it for data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Update {
    /// Nothing of the call's own: what counts is the user info.
    Data {
        /// A reason that means nothing here. One line.
        reason: Option<Arc<str>>,
    },
    /// The connection was lost, and this describes the next one.
    Reconnect(SessionDescription),
    /// The connection stays and changes: other media, or new paths by an ICE
    /// restart (RFC 8839 §4.4). The signal's call type is the one that is
    /// wanted. Needs [`RENEGOTIATE`](crate::capability::RENEGOTIATE).
    Renegotiate(SessionDescription),
    /// A device of the callee rings. Needs [`RINGING`](crate::capability::RINGING).
    Ringing,
    /// What the sender sends from now on. Needs
    /// [`MEDIA_STATE`](crate::capability::MEDIA_STATE).
    Media(MediaState),
    /// To the one who keeps the list: call this user into the call, too.
    /// Needs [`PARTICIPANTS`](crate::capability::PARTICIPANTS), like all that follow.
    Add {
        /// Whom.
        user: UserId,
    },
    /// The answer to [`Add`](Self::Add) when that cannot be.
    AddRefused {
        /// Who will not be called.
        user: UserId,
        /// Why.
        cause: AddRefusal,
    },
    /// A user has been called into the call. The signal's opponents are the
    /// list as it is now.
    Added {
        /// Whom.
        user: UserId,
        /// How often he was called into this call, this time included: at
        /// least 1. Tells a further invitation from one that is told again.
        invitation: u32,
        /// Participants who cannot be told, and so have no connection with him.
        unreachable: Vec<UserId>,
    },
    /// The sender was in this call, lost it, and wants to be called again.
    Rejoin {
        /// How often he was called into this call before: 0 for one who was
        /// in it from the beginning. Tells a request from one that was
        /// granted.
        invitation: u32,
    },
}

impl Default for Update {
    fn default() -> Self {
        Self::Data { reason: None }
    }
}

impl Update {
    /// Its `reason` on the wire.
    pub fn reason(&self) -> Option<&str> {
        Some(match self {
            Self::Data { reason } => return reason.as_deref(),
            Self::Reconnect(_) => reason::RECONNECT,
            Self::Renegotiate(_) => reason::RENEGOTIATE,
            Self::Ringing => reason::RINGING,
            Self::Media(_) => reason::MEDIA_STATE,
            Self::Add { .. } => reason::ADD,
            Self::AddRefused { .. } => reason::ADD_REFUSED,
            Self::Added { .. } => reason::ADDED,
            Self::Rejoin { .. } => reason::REJOIN,
        })
    }
}

/// The reasons on the wire.
pub(crate) mod reason {
    pub(crate) const RECONNECT: &str = "reconnect";
    pub(crate) const RENEGOTIATE: &str = "renegotiate";
    pub(crate) const RINGING: &str = "ringing";
    pub(crate) const MEDIA_STATE: &str = "media-state";
    pub(crate) const ADD: &str = "add";
    pub(crate) const ADD_REFUSED: &str = "add-refused";
    pub(crate) const ADDED: &str = "added";
    pub(crate) const REJOIN: &str = "rejoin";
}

/// What a participant sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MediaState {
    /// Whether he can be heard.
    pub audio: bool,
    /// Whether he can be seen.
    pub video: bool,
    /// Whether he holds the call: he neither sends nor listens.
    pub held: bool,
}

/// Why a user is not called into a call that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AddRefusal {
    /// The call has as many participants as it may have.
    Full,
    /// He is in the call, or being called.
    Present,
}

impl AddRefusal {
    pub(crate) fn from_wire(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "present" => Some(Self::Present),
            _ => None,
        }
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Present => "present",
        }
    }
}

/// What a `call` into a call that goes on says besides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Join {
    /// How often this user was called into this call, this time included: at
    /// least 1. A call that he left rings again only for a higher number.
    pub invitation: u32,
    /// Participants with whom he will have no connection, because their
    /// clients do not know how to let somebody in.
    pub unreachable: Vec<UserId>,
}

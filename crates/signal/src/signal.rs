//! The six signals.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use visavis_xmpp::xml::Element;

use crate::decode;
use crate::{
    CallType, Candidate, Capabilities, Description, Join, Platform, SessionId, Update, UserId,
    UserInfo,
};

/// One signal, from one peer of a call to another.
///
/// Who sent it is not in here: the stanza's `from` says that, and the server
/// vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signal {
    /// The call it belongs to.
    pub session: SessionId,
    /// Audio or video. Always there on `call`.
    pub call_type: Option<CallType>,
    /// The user who started the session; not necessarily the sender. Always
    /// there on `call`.
    pub caller: Option<UserId>,
    /// Everybody who was called, each once: the same list for all of them,
    /// without the caller. Never empty on `call`.
    pub opponents: Vec<UserId>,
    /// What the sender's app attached.
    pub user_info: UserInfo,
    /// The sender's limit for video, in kbit/s. It travels inside the user
    /// info but is not the app's.
    ///
    /// `Some(0)`: the sender says that there is no limit, which clients of
    /// the documented system do on every `call`. `None`: it says nothing,
    /// which means the same and is what our own senders use. A limit that is
    /// not a number of kbit/s is read as `None`.
    pub bandwidth: Option<u32>,
    /// What the sender is.
    pub platform: Option<Platform>,
    /// The extensions that the sender understands. Meant for `call` and
    /// `accept`; empty from clients of the documented system.
    pub capabilities: Capabilities,
    /// Which of its user's devices the sender is, by a name of its own that
    /// stays the same when chat gives it another one; an extension. Never
    /// there from clients of the documented system, nor meant for them: once
    /// it is known what a peer is, only those of our own are told.
    pub device: Option<Arc<str>>,
    /// On a `call` into a call that goes on; an extension.
    pub join: Option<Join>,
    /// What it says.
    pub body: Body,
}

impl Signal {
    /// A signal of this SDK ([`Platform::Rust`]) with nothing but its body.
    pub fn new(session: SessionId, body: Body) -> Self {
        Self {
            session,
            call_type: None,
            caller: None,
            opponents: Vec::new(),
            user_info: UserInfo::new(),
            bandwidth: None,
            platform: Some(Platform::Rust),
            capabilities: Capabilities::new(),
            device: None,
            join: None,
            body,
        }
    }

    /// Which of the six it is.
    pub fn kind(&self) -> SignalKind {
        match self.body {
            Body::Call { .. } => SignalKind::Call,
            Body::Accept { .. } => SignalKind::Accept,
            Body::Reject => SignalKind::Reject,
            Body::HangUp => SignalKind::HangUp,
            Body::IceCandidates(_) => SignalKind::IceCandidates,
            Body::Update(_) => SignalKind::Update,
        }
    }
}

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Body {
    /// I call you, or: we are both in this call, connect to me.
    Call {
        /// The sender's offer. A repeated `call` carries a newer one.
        offer: Description,
    },
    /// I take the call.
    Accept {
        /// The answer to the offer.
        answer: Description,
    },
    /// I do not take the call. (A busy browser echoes the caller's offer in
    /// it; that is dropped on decoding.)
    Reject,
    /// I leave the call.
    HangUp,
    /// I can be reached here, too. May be empty: marks for the end of
    /// candidates are dropped on decoding.
    IceCandidates(Vec<Candidate>),
    /// Something about the call changed.
    Update(Update),
}

/// Which of the six signals. There are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SignalKind {
    /// `call`
    Call,
    /// `accept`
    Accept,
    /// `reject`
    Reject,
    /// `hangUp`
    HangUp,
    /// `iceCandidates`
    IceCandidates,
    /// `update`
    Update,
}

impl SignalKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Call,
        Self::Accept,
        Self::Reject,
        Self::HangUp,
        Self::IceCandidates,
        Self::Update,
    ];

    /// The kind of the signal in a message, without reading the rest: for
    /// those who pass signals on. `None` under the conditions under which
    /// [`Signal::decode`] finds no signal, or when the kind is unknown.
    pub fn peek(message: &Element) -> Option<Self> {
        decode::kind(decode::parameters(message)?)
    }

    /// The signal of that name; names are case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::HangUp => "hangUp",
            Self::IceCandidates => "iceCandidates",
            Self::Update => "update",
        }
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

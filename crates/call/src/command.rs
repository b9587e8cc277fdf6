//! What the app asks for, and why it may be refused.

use alloc::vec::Vec;

use thiserror::Error;
use visavis_signal::{CallType, SessionId, UserId, UserInfo};

/// A wish of the app. A refused one changes nothing. Exhaustive, as [`Input`](crate::Input).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Deliver calls from now on. Harmless when they are delivered already.
    StartProcessing,
    /// Make a session, without sending anything.
    Create {
        /// A new id.
        session: SessionId,
        /// Whom to call.
        opponents: Vec<UserId>,
        /// With or without video.
        call_type: CallType,
    },
    /// Call the opponents of a session.
    Start {
        /// Which.
        session: SessionId,
        /// What to attach; the opponents see it while the call rings.
        user_info: UserInfo,
    },
    /// Take an incoming call.
    Accept {
        /// Which.
        session: SessionId,
        /// What to attach.
        user_info: UserInfo,
    },
    /// Decline an incoming call.
    Reject {
        /// Which.
        session: SessionId,
        /// What to attach.
        user_info: UserInfo,
    },
    /// Leave a call: cancels one that is not answered yet and declines one that rings here.
    HangUp {
        /// Which.
        session: SessionId,
        /// What to attach.
        user_info: UserInfo,
    },
    /// Send something to the apps of the others during a call.
    Update {
        /// Which.
        session: SessionId,
        /// To whom; `None` means everybody in the call.
        to: Option<UserId>,
        /// What to send.
        user_info: UserInfo,
    },
    /// Say whether we can be heard and seen.
    SetMedia {
        /// Which call.
        session: SessionId,
        /// Whether we send sound.
        audio: bool,
        /// Whether we send pictures.
        video: bool,
    },
    /// Put a call on hold: nothing is sent and nothing is played until
    /// [`Resume`](Self::Resume).
    Hold {
        /// Which.
        session: SessionId,
    },
    /// Come back to a call that was put on hold.
    Resume {
        /// Which.
        session: SessionId,
    },
    /// Make of an audio call a video call, or the other way. Peers whose clients cannot do that
    /// stay as they are.
    Upgrade {
        /// Which.
        session: SessionId,
        /// What it is to be.
        call_type: CallType,
    },
    /// Call somebody into a call that goes on.
    Add {
        /// Which.
        session: SessionId,
        /// Whom.
        user: UserId,
        /// What to attach; he sees it while the call rings.
        user_info: UserInfo,
    },
    /// Come back to a call that closed here less than ten minutes ago and goes on elsewhere. It
    /// begins as a new session with the same id, already accepted.
    Rejoin {
        /// Which.
        session: SessionId,
    },
    /// Leave every call and deliver no further ones. Harmless when repeated. The sessions still
    /// need their transports' [`Closed`](crate::TransportEvent::Closed) or the clock to finish.
    Destroy,
}

/// Why a command was refused. In every case it is the app that has to act.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum CommandError {
    /// [`Command::StartProcessing`] has to come first.
    #[error("calls are not being processed")]
    NotProcessing,
    /// There is no session with this id, and there was none lately.
    #[error("there is no such session")]
    UnknownSession,
    /// The session is closing or closed.
    #[error("the session is closed")]
    SessionClosed,
    /// The id of a new session was used before.
    #[error("a session with this id exists already")]
    SessionExists,
    /// A call needs somebody to call.
    #[error("the list of opponents is empty")]
    NoOpponents,
    /// One cannot call oneself.
    #[error("the own user is among the opponents")]
    OwnUserAmongOpponents,
    /// A user can be called once in a call.
    #[error("user {} is among the opponents twice", .user.0)]
    DuplicateOpponent {
        /// Who.
        user: UserId,
    },
    /// More opponents than [`CallConfig::max_opponents`](crate::CallConfig::max_opponents).
    #[error("{given} opponents are more than the {limit} that are allowed")]
    TooManyOpponents {
        /// How many were given.
        given: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An incoming call cannot be started.
    #[error("only the caller can start a call")]
    NotCaller,
    /// Our own call cannot be accepted or rejected by us.
    #[error("only a callee can accept or reject a call")]
    NotCallee,
    /// The call was started before.
    #[error("the call was started already")]
    AlreadyStarted,
    /// The call was accepted before.
    #[error("the call was accepted already")]
    AlreadyAccepted,
    /// Whoever it is meant for has not been called yet.
    #[error("nobody has been called yet")]
    NotStarted,
    /// There is no such user in the call, or he has left it.
    #[error("user {} is not in the call", .user.0)]
    NotInCall {
        /// Who.
        user: UserId,
    },
    /// He is in the call, or being called.
    #[error("user {} is in the call", .user.0)]
    AlreadyInCall {
        /// Who.
        user: UserId,
    },
    /// No client in the call can change it between audio and video.
    #[error("nobody in the call can change its type")]
    NobodyUpgrades,
    /// Nobody can be called while chat is lost.
    #[error("chat is not connected")]
    ChatLost,
}

//! What the app asks for, and why it may be refused.

use alloc::vec::Vec;

use thiserror::Error;
use visavis_signal::{CallType, SessionId, UserId, UserInfo};

/// A wish of the app. A refused one changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// Leave every call and deliver no further ones. Harmless when repeated. The sessions still
    /// need their transports' [`Closed`](crate::TransportEvent::Closed) or the clock to finish.
    Destroy,
}

/// Why a command was refused. In every case it is the app that has to act.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// [`Command::StartProcessing`] has to come first.
    #[error("calls are not being processed")]
    NotProcessing,
    /// There is no session with this id.
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
    /// Nobody can be called while chat is lost.
    #[error("chat is not connected")]
    ChatLost,
}

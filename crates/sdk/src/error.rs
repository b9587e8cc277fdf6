//! Why a verb was refused; each variant says who has to act.

use visavis_call::{CommandError, ConfigError};
use visavis_signal::UserId;

use crate::engine::Refused;
use crate::local_media::SourceError;
use crate::tls::TlsError;

/// Why a call could not be created, started, answered or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No signaling is attached: call [`CallClient::attach`](crate::CallClient::attach) first.
    #[error("no signaling is attached: nothing can be called before chat is connected")]
    NotAttached,
    /// Chat is down: connect it, or wait until it is back.
    #[error("chat is not connected")]
    ChatNotConnected,
    /// Calls are not processed yet, or no longer: call
    /// [`CallClient::start_processing`](crate::CallClient::start_processing) first.
    #[error("calls are not being processed")]
    NotProcessing,
    /// The list of opponents is empty: name somebody.
    #[error("the list of opponents is empty")]
    NoOpponents,
    /// Our own user is among the opponents: nobody calls himself.
    #[error("the own user is among the opponents")]
    OwnUser,
    /// Somebody is among the opponents twice.
    #[error("user {user} is among the opponents twice")]
    DuplicateOpponent {
        /// Who.
        user: UserId,
    },
    /// More opponents than [`CallConfig::max_opponents`](crate::CallConfig::max_opponents).
    #[error("{given} opponents are more than the {limit} that are allowed")]
    TooManyOpponents {
        /// How many were given.
        given: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Only the caller starts a call.
    #[error("only the caller can start a call")]
    NotCaller,
    /// Only a callee accepts or rejects a call.
    #[error("only a callee can accept or reject a call")]
    NotCallee,
    /// The call was started already.
    #[error("the call was started already")]
    AlreadyStarted,
    /// The call was accepted already.
    #[error("the call was accepted already")]
    AlreadyAccepted,
    /// The call was not started yet.
    #[error("the call was not started yet")]
    NotStarted,
    /// The addressee is not in the call.
    #[error("user {user} is not in the call")]
    NotInCall {
        /// Who.
        user: UserId,
    },
    /// He is in the call, or being called.
    #[error("user {user} is in the call")]
    AlreadyInCall {
        /// Who.
        user: UserId,
    },
    /// Nobody in the call has a client that can change it between audio and video.
    #[error("nobody in the call can change its type")]
    NobodyUpgrades,
    /// The call is over.
    #[error("the session is closed")]
    Closed,
    /// A camera, microphone or file cannot be used: the user.
    #[error("a source cannot be opened")]
    Source(#[source] SourceError),
    /// Call control refuses for a reason of its own.
    #[error("the call cannot do that")]
    Other(#[source] CommandError),
}

impl From<Refused> for CallError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotAttached => Self::NotAttached,
            Refused::NotConnected | Refused::Command(CommandError::ChatLost) => {
                Self::ChatNotConnected
            }
            Refused::Command(error) => match error {
                CommandError::NotProcessing => Self::NotProcessing,
                CommandError::NoOpponents => Self::NoOpponents,
                CommandError::OwnUserAmongOpponents => Self::OwnUser,
                CommandError::DuplicateOpponent { user } => Self::DuplicateOpponent { user },
                CommandError::TooManyOpponents { given, limit } => {
                    Self::TooManyOpponents { given, limit }
                }
                CommandError::NotCaller => Self::NotCaller,
                CommandError::NotCallee => Self::NotCallee,
                CommandError::AlreadyStarted => Self::AlreadyStarted,
                CommandError::AlreadyAccepted => Self::AlreadyAccepted,
                CommandError::NotStarted => Self::NotStarted,
                CommandError::NotInCall { user } => Self::NotInCall { user },
                CommandError::AlreadyInCall { user } => Self::AlreadyInCall { user },
                CommandError::NobodyUpgrades => Self::NobodyUpgrades,
                CommandError::UnknownSession | CommandError::SessionClosed => Self::Closed,
                other => Self::Other(other),
            },
        }
    }
}

/// Why a client could not be attached to a transport: the settings are out of
/// range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum SettingsError {
    /// A number out of its range.
    Range(#[from] ConfigError),
    /// The extra root certificates.
    Tls(#[from] TlsError),
}

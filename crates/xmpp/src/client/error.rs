//! Why a stream ended.

use alloc::string::String;

use crate::sasl::{PlainError, SaslFailure};
use crate::stanza::StanzaError;
use crate::stream_error::StreamError;
use crate::xml::XmlError;

/// Why there is no connection, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Name and password do not fit together, or the token is not valid: the
    /// user has to log in again.
    #[error("the server does not accept the name and the password or token")]
    NotAuthorized {
        /// The server's words.
        text: Option<String>,
    },
    /// The server does not let the user in for another reason.
    #[error("the server refuses the login: {0}")]
    Refused(SaslFailure),
    /// The name or password cannot be sent at all: the app has to correct it.
    #[error(transparent)]
    Credentials(#[from] PlainError),
    /// The server does not take passwords: its operator has to allow PLAIN.
    #[error("the server does not offer PLAIN authentication")]
    NoPlain,
    /// TLS was required and is not to be had: the server's operator has to
    /// offer it.
    #[error("the server does not offer TLS")]
    NoTls,
    /// The server gives no resource, for example because the user has too many.
    #[error("the server refuses the resource: {0}")]
    BindRefused(StanzaError),
    /// The server ended the stream with an error.
    #[error("the server ended the stream: {0}")]
    Stream(StreamError),
    /// The server wants to be reached elsewhere (RFC 7395 section 3.6.1).
    #[error("the server refers to {uri}")]
    SeeOtherUri {
        /// Where. Not to be followed from a secure to an insecure place.
        uri: String,
    },
    /// The server ended the stream without an error.
    #[error("the server closed the stream")]
    ClosedByServer,
    /// The socket is gone: it is worth trying again.
    #[error("the connection was lost")]
    ConnectionLost,
    /// The server does not speak the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

/// What the server did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// It sent XML that cannot be read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It sent something else than the next step of the login.
    #[error("the server did not answer {step:?} as it should")]
    Unexpected {
        /// The step that was waited for.
        step: Step,
    },
}

/// The steps of a login that the server has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// `<open/>`, the first or second time.
    Open,
    /// The features before authentication.
    Features,
    /// The password.
    Authentication,
    /// The features after authentication.
    NewFeatures,
    /// The wish to come back to a stream.
    Resumption,
    /// The resource.
    Bind,
}

//! Why a server does not start.

use std::io;
use std::net::SocketAddr;

use crate::admin::TokenError;
use crate::store::{OpenError, PasswordError, StoreError};
use crate::tls::TlsError;

/// Smallest frame limit that lets a stream be opened at all.
pub(crate) const MIN_FRAME_BYTES: usize = 1024;

/// Why a server does not start. The operator has to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens there already.
    #[error("{address} is in use: stop the other program, or choose another port")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The system does not let this program listen there.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Neither HTTP nor HTTPS is to be served.
    #[error("nothing to serve: give an address for http or https")]
    NothingToServe,
    /// An encrypted listener has nothing to prove its identity with.
    #[error("{address} needs a certificate and its key")]
    NoCertificate {
        /// The listener's address.
        address: SocketAddr,
    },
    /// The domain cannot be part of a chat address.
    #[error("the domain has to be a host name such as chat.example.org")]
    Domain,
    /// The name by which the outside finds the server is none.
    #[error("the public name has to be a host name such as calls.example.org, or an IPv4 address")]
    PublicName,
    /// The frame limit is too small for chat.
    #[error("the frame limit has to be {MIN_FRAME_BYTES} bytes or more")]
    FrameLimit,
    /// The data folder or the database in it cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// The certificate or the key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no token for the admin interface.
    #[error(transparent)]
    AdminToken(#[from] TokenError),
    /// The command line cannot be told where the server is.
    #[error("the file for the command line cannot be written to the data folder: {0}")]
    Notice(#[source] io::Error),
    /// Passwords cannot be hashed: no memory, or no random numbers.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The database fails already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

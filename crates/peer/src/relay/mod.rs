//! Relays for a connection: TURN over UDP, TCP and TLS (RFC 8656).
//!
//! [`RelayPath`] is one allocation with its socket, for whoever needs just that. Connections have
//! `Relays`: for each server the first way that works, for as long as the connection lives.

mod path;
mod pool;
mod race;
mod url;
mod wire;

pub use path::{RelayAccess, RelayError, RelayPath};
pub(crate) use pool::{RelayNews, Relays};
pub use url::{RelayTransport, RelayUrl};
pub use visavis_turn::client::{Credentials, Failure, Families};

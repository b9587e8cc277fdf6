//! The server: a state machine without I/O.
//!
//! The [`Relay`] is fed with packets ([`Input`]) and hands back what has to be sent, opened and
//! closed ([`Output`]). Time and the secret come from the shell around it.
//!
//! ```text
//!           Input::FromClient                 Output::ToPeer
//!   client ──────────────────►┌───────┐──────────────────────► peer
//!                             │ Relay │
//!   client ◄──────────────────└───────┘◄────────────────────── peer
//!      Output::Reply, ToClient    ▲           Input::FromPeer
//!                                 └── Input::Timeout, at `next_timeout`
//! ```
//!
//! # Who may use it
//!
//! Whoever has [`Credentials`] (RFC 8489 section 9.2): a user name that says until when it holds
//! and for whom, and the password that the shared secret makes of it. The relay keeps no list of
//! users. A nonce is sealed for one client and ends after a while, so the relay keeps no list of
//! nonces either; what strangers can make it remember is nothing.
//!
//! # Whom it reaches
//!
//! Public addresses, and live allocations of its own: a relay must not be a way into the network
//! it stands in ([`PeerRules`]). Data between two of its own allocations never leaves it.
//!
//! # What it costs
//!
//! A packet costs a few look-ups in hash tables by client and by relayed address, and no memory:
//! data is handed on as the slice it came in. Every table has a bound ([`RelayLimits`]).
//!
//! # What it does not do
//!
//! Fragmentation is the network's business: DONT-FRAGMENT is answered as unknown (RFC 8656 section
//! 7.2), as the specification wants it. TCP to peers (RFC 6062) is answered with 442. ICMP errors
//! are not passed on.

mod allocate;
mod allocation;
mod authentication;
mod binding;
mod budget;
mod channel;
mod client;
mod config;
mod counters;
mod credentials;
mod input;
mod network;
mod nonce;
mod output;
mod permission;
mod policy;
mod refresh;
mod refusal;
mod relay;
mod request;
mod throttle;
mod traffic;
mod user;

pub use client::{Client, Path};
pub use config::{Config, PeerRules, RelayLimits, Secret};
pub use counters::Counters;
pub use credentials::Credentials;
pub use input::Input;
pub use network::{Network, NetworkError};
pub(crate) use nonce::hmac_sha1;
pub use output::{Family, Output, Outputs, PortWish, RelayId};
pub use relay::Relay;

/// Hashes with a seed that comes from the secret: what clients choose does not make tables slow.
type Hashing = foldhash::quality::FixedState;

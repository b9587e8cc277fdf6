//! One peer connection: candidates, ICE, DTLS, SRTP and the sockets below.
//!
//! [`Connection`] is the connection without I/O: packets, commands and the
//! time go in, packets and events come out. [`PeerConnection`] is the handle
//! of a task that owns the sockets and drives one `Connection`.
//!
//! The engine is str0m; gathering (RFC 8445 section 5.1), server-reflexive
//! discovery on the media socket (RFC 8489), relays ([`relay`], RFC 8656), early candidates (RFC
//! 8838) and the watch over the other side are ours. This crate never encodes or decodes
//! media and never decides about a call.
#![forbid(unsafe_code)]

mod candidate;
mod config;
mod connection;
mod description;
mod driver;
mod event;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod handle;
mod interfaces;
mod mdns;
mod media;
mod pacing;
mod reflexive;
pub mod relay;
mod sockets;
mod stats;
mod unverified;
mod watch;

pub use candidate::IceCandidate;
pub use config::{IcePolicy, IceServer, PeerConfig};
pub use connection::{Connection, Poll};
pub use description::DescriptionFault;
pub use event::{FailCause, PeerEvent};
pub use handle::PeerConnection;
pub use media::{IncomingAudio, IncomingVideo, OutgoingAudio, OutgoingVideo};
pub use reflexive::mapped_address;
pub use stats::{CandidateKind, PeerStats};

/// Does once what a first connection would wait for: initializes the crypto
/// provider and generates a certificate.
pub fn warm_up() {
    let _ = connection::engine(&PeerConfig::default(), std::time::Instant::now());
}

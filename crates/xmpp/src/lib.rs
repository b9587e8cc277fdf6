//! Chat's protocol, both ends of it, without any I/O.
//!
//! Streams (RFC 6120) over TCP and in WebSocket messages (RFC 7395),
//! authentication by SASL PLAIN (RFC 4616), stanza headers, stream management
//! (XEP-0198), and the two state machines that drive a connection: [`client::ClientStream`] and [`server::ServerStream`].
//!
//! This crate never opens a socket, reads a clock or makes up an identifier,
//! and it never looks into a message's payload.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod client;
pub mod framing;
mod jid;
mod ledger;
pub mod ns;
mod outputs;
pub mod sasl;
pub mod server;
pub mod stanza;
mod stream_error;
mod tag;
pub mod tcp;
pub mod xml;

pub use jid::{Jid, JidError, MAX_PART_BYTES};
pub use ledger::UnackedLimits;
pub use outputs::Outputs;
pub use stream_error::StreamError;

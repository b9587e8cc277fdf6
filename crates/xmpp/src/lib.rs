//! Chat's protocol, both ends of it, without any I/O.
//!
//! Streams (RFC 6120) in WebSocket messages (RFC 7395), authentication by SASL
//! PLAIN (RFC 4616), stanza headers, and the two state machines that drive a
//! connection: [`client::ClientStream`] and [`server::ServerStream`].
//!
//! This crate never opens a socket, reads a clock or makes up an identifier,
//! and it never looks into a message's payload.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod client;
pub mod framing;
mod jid;
pub mod ns;
mod outputs;
pub mod sasl;
pub mod server;
pub mod stanza;
mod stream_error;
mod tag;
pub mod xml;

pub use jid::{Jid, JidError, MAX_PART_BYTES};
pub use outputs::Outputs;
pub use stream_error::StreamError;

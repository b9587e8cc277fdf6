//! Chat's protocol, both ends of it, without any I/O.
//!
//! Streams (RFC 6120) in WebSocket frames (RFC 7395), authentication by SASL
//! PLAIN (RFC 4616), stanza headers, and the two state machines that drive a
//! connection: [`client::ClientStream`] and [`server::ServerStream`].
//!
//! This crate never opens a socket, reads a clock or makes up an identifier,
//! and it never looks into a message's payload.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod jid;
pub mod ns;
pub mod xml;

pub use jid::{Jid, JidError, MAX_PART_BYTES};

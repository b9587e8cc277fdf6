//! The relay for calls that find no direct way: TURN (RFC 8656, RFC 6156) and STUN Binding (RFC
//! 8489), without any I/O.
//!
//! [`server`] decides everything that there is to decide about a relay, [`client`] is one user of
//! one. Neither reads a clock, opens a socket or draws a random number: time, random bytes and the
//! secret come from the shells. Written down, the inputs of a run replay to the same outputs.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod client;
mod frame;
pub mod server;

pub use frame::{Frame, NoMessage, frame_length};

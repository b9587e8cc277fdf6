//! Connections without I/O in virtual time over a network that exists only here, and
//! connections with real sockets.
#![allow(clippy::unwrap_used)]

mod candidates;
mod congestion;
mod descriptions;
mod early_encryption;
mod leaving;
mod loss_and_return;
mod media_flows;
mod offer_and_answer;
mod reflexive_discovery;
mod relay_only;
mod sockets;
mod stage;
mod trust;

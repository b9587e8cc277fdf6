//! Load for TURN servers (RFC 8656) over UDP: allocations, and packets that are relayed by channel
//! data or by indications, to a peer that sends them back or from one allocation to another.
//!
//! Every packet says which way it goes and which one it is, and has a checksum: what is lost,
//! doubled or damaged is counted ([`Packets::failures`]). At saturation every packet that arrives
//! lets the next one go; at a rate each is sent at its moment, whatever became of the others.

mod client;
mod packet;
mod plan;
mod report;
mod sockets;
mod traffic;
mod user;
mod way;

pub use packet::{MAX_PACKET, MIN_PACKET};
pub use plan::{Method, Pace, Plan, Route, run};
pub use report::{Allocations, Packets, Report};
pub use user::RelayUsers;

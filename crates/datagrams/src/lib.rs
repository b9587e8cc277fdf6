//! UDP datagrams in batches: one system call receives or sends many (`recvmmsg`, `sendmmsg`).
//!
//! Memory is taken once, when an [`Inbox`] or an [`Outbox`] is made, and none for what goes through
//! it. Nothing here waits: sockets are non-blocking, and who owns them knows when they are ready.

#![forbid(unsafe_code)]

mod family;
mod inbox;
mod outbox;

pub use family::Family;
pub use inbox::{Arrival, Inbox};
pub use outbox::{Outbox, Parcel};

/// Datagrams in a batch at most.
pub const BATCH: usize = 64;
/// A batch where few are expected.
const SMALL_BATCH: usize = 8;
/// The largest datagram, in bytes.
pub const MAX_DATAGRAM: usize = 65_535;

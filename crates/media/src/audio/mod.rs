//! Between the network and the ear: what makes an uneven stream of packets into
//! an even stream of sound.
//!
//! Nothing here has a thread or a clock; the time is always an argument.

mod delay;
mod extension;
mod jitter_buffer;
mod packets;
mod resample;
mod stats;
mod stretch;

use std::sync::Arc;
use std::time::Instant;

pub use jitter_buffer::JitterBuffer;
pub(crate) use resample::Resampler;
pub use stats::JitterStats;

/// One received Opus packet.
#[derive(Debug, Clone)]
pub struct AudioPacket {
    /// RTP sequence number (RFC 3550 §5.1), extended so that it never wraps.
    pub sequence: u64,
    /// RTP timestamp in ticks of 48 kHz (RFC 7587 §4.1), extended likewise.
    pub timestamp: u64,
    /// The payload.
    pub data: Arc<[u8]>,
    /// When it came off the network.
    pub received: Instant,
}

//! What is sent and received: encoded frames, not packets.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An encoded VP8 picture to send.
#[derive(Clone)]
pub struct OutgoingVideo {
    /// The encoded picture.
    pub data: Arc<[u8]>,
    /// Media time since the source began.
    pub timestamp: Duration,
    /// When it was captured.
    pub captured: Instant,
    /// Whether it is a key frame.
    pub key: bool,
}

/// An encoded Opus packet to send.
#[derive(Clone)]
pub struct OutgoingAudio {
    /// The packet.
    pub data: Arc<[u8]>,
    /// Media time since the source began.
    pub timestamp: Duration,
    /// When it was captured.
    pub captured: Instant,
}

/// An encoded picture that arrived.
#[derive(Clone)]
pub struct IncomingVideo {
    /// The encoded picture.
    pub data: Arc<[u8]>,
    /// Media time, from an origin of the sender's.
    pub timestamp: Duration,
    /// Whether nothing is missing between this one and the one before.
    pub contiguous: bool,
    /// When its first packet arrived.
    pub received: Instant,
}

/// A packet of encoded sound that arrived.
#[derive(Clone)]
pub struct IncomingAudio {
    /// RTP sequence number, extended so that it never wraps.
    pub sequence: u64,
    /// RTP timestamp in samples at 48 kHz, extended so that it never wraps.
    pub timestamp: u64,
    /// The packet.
    pub data: Arc<[u8]>,
    /// When it arrived.
    pub received: Instant,
}

macro_rules! debug_without_data {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("timestamp", &self.timestamp)
                    .field("bytes", &self.data.len())
                    .finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_data!(OutgoingVideo, OutgoingAudio, IncomingVideo, IncomingAudio);

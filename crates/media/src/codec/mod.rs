//! Encoders and decoders, one stream each, and what travels between them.

pub mod opus;
pub mod vp8;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use opus::{OpusDecoder, OpusEncoder, OpusError, OpusTuning};
pub use vp8::{VideoDecodeError, VideoEncodeError, Vp8Config, Vp8Decoder, Vp8Encoder};

/// One compressed picture.
#[derive(Debug, Clone)]
pub struct EncodedVideo {
    /// The whole VP8 frame (RFC 6386).
    pub data: Arc<[u8]>,
    /// It can be decoded without any picture before it.
    pub key: bool,
    /// Position in the stream, from the source's origin.
    pub timestamp: Duration,
    /// When the picture was taken.
    pub captured: Instant,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// 20 ms of compressed sound.
#[derive(Debug, Clone)]
pub struct EncodedAudio {
    /// One Opus packet (RFC 6716).
    pub data: Arc<[u8]>,
    /// Position in the stream, from the source's origin.
    pub timestamp: Duration,
    /// When the sound was taken.
    pub captured: Instant,
}

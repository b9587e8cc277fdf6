//! VP8 (RFC 6386) for conversation: a small safe wrapper over libvpx.
//!
//! The encoder is set up as conversation needs it: constant bit rate, no look-ahead,
//! key frames only on request, every picture handed in comes out. The decoder takes
//! whole frames and hands out I420 planes.
//!
//! This is the only crate of visavis with unsafe code. It never starts a thread of
//! its own (libvpx does when asked for more than one) and never touches a file.

mod decoder;
mod encoder;
mod error;
mod ffi;
mod header;
mod picture;

use std::ffi::CStr;

pub use decoder::{DecodeError, Decoder, DecoderConfig};
pub use encoder::{EncodeError, Encoder, EncoderConfig, Packet};
pub use error::VpxError;
pub use header::FrameHeader;
pub use picture::{I420, PictureError};

/// Ticks a second of the presentation times given to [`Encoder::encode`].
pub const TICKS_PER_SECOND: u32 = 90_000;

/// The version of the libvpx that is linked, such as `v1.12.0`.
#[must_use]
pub fn library_version() -> &'static str {
    // SAFETY: libvpx returns a pointer to a constant, zero-terminated string.
    let version = unsafe { CStr::from_ptr(ffi::visavis_vpx_version()) };
    version.to_str().unwrap_or("unknown")
}

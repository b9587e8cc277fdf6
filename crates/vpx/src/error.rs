//! libvpx's own error codes.

use std::ffi::c_int;

/// What libvpx answered (`vpx_codec_err_t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VpxError {
    /// Something that libvpx does not specify.
    #[error("libvpx failed without a reason")]
    Unspecified,
    /// Out of memory.
    #[error("libvpx is out of memory")]
    Memory,
    /// The headers of the build do not belong to the linked library.
    #[error("libvpx was built for other headers")]
    AbiMismatch,
    /// The library was built without VP8.
    #[error("this libvpx was built without what is needed")]
    Incapable,
    /// Not a stream that this decoder knows.
    #[error("not a VP8 stream")]
    UnsupportedBitstream,
    /// A part of VP8 that libvpx does not do.
    #[error("a feature of this VP8 stream is not supported")]
    UnsupportedFeature,
    /// The frame is damaged, or pictures it builds on are missing.
    #[error("the frame is damaged or builds on a missing one")]
    CorruptFrame,
    /// A setting is out of libvpx's range.
    #[error("libvpx refused a setting")]
    InvalidParameter,
}

/// Turns a return value of the shim into a result.
pub(crate) fn check(status: c_int) -> Result<(), VpxError> {
    Err(match status {
        0 => return Ok(()),
        2 => VpxError::Memory,
        3 => VpxError::AbiMismatch,
        4 => VpxError::Incapable,
        5 => VpxError::UnsupportedBitstream,
        6 => VpxError::UnsupportedFeature,
        7 => VpxError::CorruptFrame,
        8 => VpxError::InvalidParameter,
        _ => VpxError::Unspecified,
    })
}

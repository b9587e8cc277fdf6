//! The decoder.

use std::ptr::{self, NonNull};

use crate::error::{VpxError, check};
use crate::ffi;
use crate::header::FrameHeader;
use crate::picture::I420;

/// How to decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecoderConfig {
    /// Wider pictures are refused before anything is allocated for them, in pixels.
    pub max_width: u32,
    /// Higher pictures are refused, in pixels.
    pub max_height: u32,
    /// Threads that one frame is decoded with.
    pub threads: u32,
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self {
            max_width: 4096,
            max_height: 4096,
            threads: 1,
        }
    }
}

/// Why a frame was not decoded. After any of them only a key frame helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not the beginning of a VP8 frame.
    #[error("not a VP8 frame")]
    NotVp8,
    /// The sender's picture is larger than allowed.
    #[error("picture of {width}x{height} is larger than the {max_width}x{max_height} allowed")]
    TooLarge {
        /// Width of the picture, in pixels.
        width: u32,
        /// Height of the picture, in pixels.
        height: u32,
        /// Largest width that is allowed, in pixels.
        max_width: u32,
        /// Largest height that is allowed, in pixels.
        max_height: u32,
    },
    /// A stream begins with a key frame.
    #[error("the stream does not begin with a key frame")]
    NoKeyFrameYet,
    /// libvpx refused.
    #[error(transparent)]
    Library(#[from] VpxError),
}

/// A VP8 decoder for one stream.
#[derive(Debug)]
pub struct Decoder {
    raw: NonNull<ffi::RawDecoder>,
    config: DecoderConfig,
    started: bool,
}

// SAFETY: the context is reached through `&mut self` only, and libvpx does not tie
// a context to the thread that made it.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Sets a decoder up.
    ///
    /// # Errors
    /// When libvpx has no memory or no VP8.
    pub fn new(config: DecoderConfig) -> Result<Self, VpxError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the out pointer is valid for the call and set on success only.
        check(unsafe { ffi::visavis_decoder_new(config.threads, &raw mut raw) })?;
        let raw = NonNull::new(raw).ok_or(VpxError::Memory)?;
        Ok(Self {
            raw,
            config,
            started: false,
        })
    }

    /// Decodes one whole frame. Nothing comes back for a frame that is not shown
    /// (RFC 6386 section 9.1, `show_frame`). The picture lives until the next call.
    ///
    /// # Errors
    /// When the bytes are no VP8 frame, too large, damaged, or before any key frame.
    pub fn decode(&mut self, frame: &[u8]) -> Result<Option<I420<'_>>, DecodeError> {
        match FrameHeader::parse(frame).ok_or(DecodeError::NotVp8)? {
            FrameHeader::Key { width, height } => self.check_size(width, height)?,
            FrameHeader::Delta if !self.started => return Err(DecodeError::NoKeyFrameYet),
            FrameHeader::Delta => {}
        }
        let len = u32::try_from(frame.len()).map_err(|_| DecodeError::NotVp8)?;
        let mut planes = ffi::Planes {
            y: ptr::null(),
            u: ptr::null(),
            v: ptr::null(),
            y_stride: 0,
            u_stride: 0,
            v_stride: 0,
            width: 0,
            height: 0,
        };
        // SAFETY: `raw` is alive, `frame` is readable for `len` bytes and `planes` is
        // writable for the call.
        let status = unsafe {
            ffi::visavis_decoder_decode(self.raw.as_ptr(), frame.as_ptr(), len, &raw mut planes)
        };
        check(status)?;
        self.started = true;
        if planes.y.is_null() {
            return Ok(None);
        }
        // SAFETY: libvpx keeps these planes, with rows as long as their strides, until
        // the next decode, which needs `&mut self` and so ends this borrow.
        let picture = unsafe { I420::from_planes(&planes) };
        Ok(Some(picture.map_err(|_| VpxError::UnsupportedBitstream)?))
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        let DecoderConfig {
            max_width,
            max_height,
            ..
        } = self.config;
        if width == 0 || height == 0 {
            return Err(DecodeError::NotVp8);
        }
        if width > max_width || height > max_height {
            return Err(DecodeError::TooLarge {
                width,
                height,
                max_width,
                max_height,
            });
        }
        Ok(())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: `raw` came from visavis_decoder_new and is freed once.
        unsafe { ffi::visavis_decoder_free(self.raw.as_ptr()) }
    }
}

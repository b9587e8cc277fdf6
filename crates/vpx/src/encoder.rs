//! The encoder.

use std::ptr::{self, NonNull};

use crate::error::{VpxError, check};
use crate::ffi;
use crate::picture::I420;

/// How to encode. The defaults suit a conversation at 720p.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Target, in bits a second; libvpx counts in thousands.
    pub bitrate_bps: u32,
    /// Speed: −16 (fastest, adapts the least) to −1 (slowest).
    pub cpu_used: i32,
    /// Threads that one picture is encoded with.
    pub threads: u32,
    /// Largest key frame, in percent of the share of the bit rate that one picture has.
    /// 300 keeps the first picture of a 720p call at some 10 kB.
    pub max_intra_pct: u32,
    /// Finest quantizer, 0–63.
    pub min_quantizer: u32,
    /// Coarsest quantizer, 0–63.
    pub max_quantizer: u32,
    /// Every frame resets its entropy coding, so that a decoder survives a lost one
    /// with damage. Costs some compression.
    pub error_resilient: bool,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            bitrate_bps: 1_500_000,
            cpu_used: -8,
            threads: 1,
            max_intra_pct: 300,
            min_quantizer: 2,
            max_quantizer: 56,
            error_resilient: true,
        }
    }
}

/// Why a picture was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoder was made for another size: [`Encoder::resize`] first.
    #[error("picture of {width}x{height} given to an encoder for another size")]
    OtherSize {
        /// Width of the picture, in pixels.
        width: u32,
        /// Height of the picture, in pixels.
        height: u32,
    },
    /// libvpx refused.
    #[error(transparent)]
    Library(#[from] VpxError),
}

/// One compressed picture, borrowed from the encoder until it encodes the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The whole frame.
    pub data: &'a [u8],
    /// It builds on no other.
    pub key: bool,
}

/// A VP8 encoder for one stream.
#[derive(Debug)]
pub struct Encoder {
    raw: NonNull<ffi::RawEncoder>,
    config: EncoderConfig,
}

// SAFETY: the context is reached through `&mut self` only, and libvpx does not tie
// a context to the thread that made it.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Sets an encoder up; the first frame will be a key frame.
    ///
    /// # Errors
    /// When libvpx refuses a setting or has no memory.
    pub fn new(config: EncoderConfig) -> Result<Self, VpxError> {
        let settings = ffi::EncoderSettings {
            width: config.width,
            height: config.height,
            bitrate_kbps: kbps(config.bitrate_bps),
            cpu_used: config.cpu_used,
            threads: config.threads,
            max_intra_pct: config.max_intra_pct,
            min_quantizer: config.min_quantizer,
            max_quantizer: config.max_quantizer,
            error_resilient: config.error_resilient.into(),
        };
        let mut raw = ptr::null_mut();
        // SAFETY: both pointers are valid for the call; `raw` is set on success only.
        check(unsafe { ffi::visavis_encoder_new(&raw const settings, &raw mut raw) })?;
        let raw = NonNull::new(raw).ok_or(VpxError::Memory)?;
        Ok(Self { raw, config })
    }

    /// How it is set up now.
    #[must_use]
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Encodes one picture. `pts` and `duration` count
    /// [`TICKS_PER_SECOND`](crate::TICKS_PER_SECOND); `pts` has to grow.
    /// Nothing comes back when libvpx spends no frame on it, which it does not by itself.
    ///
    /// # Errors
    /// When the picture has another size or libvpx fails.
    pub fn encode(
        &mut self,
        picture: &I420<'_>,
        pts: i64,
        duration: u32,
        force_key: bool,
    ) -> Result<Option<Packet<'_>>, EncodeError> {
        if (picture.width(), picture.height()) != (self.config.width, self.config.height) {
            let (width, height) = (picture.width(), picture.height());
            return Err(EncodeError::OtherSize { width, height });
        }
        let planes = picture.planes();
        let raw = self.raw.as_ptr();
        // SAFETY: `raw` is alive, the planes are valid for the size they name, and
        // libvpx copies them before it returns (no look-ahead, but a copy all the same).
        check(unsafe {
            ffi::visavis_encoder_encode(raw, &raw const planes, pts, duration, force_key.into())
        })?;
        let (mut data, mut len, mut key) = (ptr::null(), 0, 0);
        // SAFETY: `raw` is alive and the three out pointers are valid for the call.
        let found =
            unsafe { ffi::visavis_encoder_packet(raw, &raw mut data, &raw mut len, &raw mut key) };
        if found == 0 || data.is_null() {
            return Ok(None);
        }
        // SAFETY: libvpx keeps `len` bytes at `data` until the next encode, which
        // needs `&mut self` and so ends this borrow.
        let data = unsafe { std::slice::from_raw_parts(data, len) };
        Ok(Some(Packet {
            data,
            key: key != 0,
        }))
    }

    /// Aims at another bit rate from the next picture on, in bits a second.
    ///
    /// # Errors
    /// When libvpx refuses it.
    pub fn set_bitrate(&mut self, bps: u32) -> Result<(), VpxError> {
        // SAFETY: `raw` is alive.
        check(unsafe { ffi::visavis_encoder_set_bitrate(self.raw.as_ptr(), kbps(bps)) })?;
        self.config.bitrate_bps = bps;
        Ok(())
    }

    /// Starts over with pictures of another size; the next frame is a key frame.
    ///
    /// # Errors
    /// When libvpx refuses the size or has no memory; the encoder then stays as it was.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<(), VpxError> {
        *self = Self::new(EncoderConfig {
            width,
            height,
            ..self.config.clone()
        })?;
        Ok(())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: `raw` came from visavis_encoder_new and is freed once.
        unsafe { ffi::visavis_encoder_free(self.raw.as_ptr()) }
    }
}

fn kbps(bps: u32) -> u32 {
    (bps / 1000).max(1)
}

//! VP8 over libvpx, with pictures in and frames out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use visavis_vpx as vpx;

use super::EncodedVideo;
use crate::frame::{FrameError, MAX_DIMENSION, VideoFrame};
use crate::frame_pool::FramePool;

/// How to encode; what is left out is set up for conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vp8Config {
    /// Target at the beginning, in bits a second.
    pub bitrate: u32,
    /// Speed, −16 (fastest) to −1.
    pub cpu_used: i32,
    /// Threads that one picture is encoded with.
    pub threads: u32,
    /// Largest key frame, in percent of one picture's share of the bit rate.
    pub max_intra_pct: u32,
}

impl Default for Vp8Config {
    fn default() -> Self {
        Self {
            bitrate: 1_000_000,
            cpu_used: -8,
            threads: 1,
            max_intra_pct: 300,
        }
    }
}

/// Why a picture was not encoded. The next one, as a key frame, may still succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VideoEncodeError {
    /// libvpx refused.
    #[error(transparent)]
    Codec(#[from] vpx::EncodeError),
    /// The picture is not one that VP8 can express.
    #[error(transparent)]
    Picture(#[from] vpx::PictureError),
}

impl From<vpx::VpxError> for VideoEncodeError {
    fn from(error: vpx::VpxError) -> Self {
        Self::Codec(error.into())
    }
}

/// Why a frame could not be decoded. Only a key frame helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VideoDecodeError {
    /// The sender's frame is damaged, not VP8, or builds on what was lost.
    #[error(transparent)]
    Codec(#[from] vpx::DecodeError),
    /// The sender's picture is smaller or larger than any frame here.
    #[error(transparent)]
    Picture(#[from] FrameError),
}

/// Encodes one stream; every picture comes out, the size may change on the way.
pub struct Vp8Encoder {
    encoder: vpx::Encoder,
    cadence: Cadence,
}

impl Vp8Encoder {
    /// Gets ready for pictures of this size.
    ///
    /// # Errors
    /// When libvpx refuses the size or a setting, or has no memory.
    pub fn new(config: &Vp8Config, width: u32, height: u32) -> Result<Self, VideoEncodeError> {
        let encoder = vpx::Encoder::new(vpx::EncoderConfig {
            width,
            height,
            bitrate_bps: config.bitrate,
            cpu_used: config.cpu_used,
            threads: config.threads,
            max_intra_pct: config.max_intra_pct,
            ..vpx::EncoderConfig::default()
        })?;
        Ok(Self {
            encoder,
            cadence: Cadence::default(),
        })
    }

    /// Encodes one picture, as a key frame when asked to, at the beginning, and when the
    /// size changes. `captured` is passed on. Nothing comes back when the codec spends no
    /// frame on it.
    ///
    /// # Errors
    /// When libvpx fails; nothing was encoded then.
    pub fn encode(
        &mut self,
        frame: &VideoFrame,
        captured: Instant,
        key: bool,
    ) -> Result<Option<EncodedVideo>, VideoEncodeError> {
        let (width, height) = (frame.width(), frame.height());
        if (width, height) != (self.encoder.config().width, self.encoder.config().height) {
            self.encoder.resize(width, height)?;
        }
        let planes = [frame.y(), frame.u(), frame.v()];
        let (stride, chroma_stride) = (width as usize, frame.chroma_width() as usize);
        let picture = vpx::I420::new((width, height), planes, stride, chroma_stride)?;
        let (pts, duration) = self.cadence.next(frame.timestamp());
        let packet = self.encoder.encode(&picture, pts, duration, key)?;
        Ok(packet.map(|packet| EncodedVideo {
            data: Arc::from(packet.data),
            key: packet.key,
            timestamp: frame.timestamp(),
            captured,
            width,
            height,
        }))
    }

    /// The target, in bits a second.
    #[must_use]
    pub fn bitrate(&self) -> u32 {
        self.encoder.config().bitrate_bps
    }

    /// Aims at another bit rate from the next picture on, in bits a second.
    ///
    /// # Errors
    /// When libvpx refuses it.
    pub fn set_bitrate(&mut self, bps: u32) -> Result<(), VideoEncodeError> {
        Ok(self.encoder.set_bitrate(bps)?)
    }
}

/// The time line that rate control sees: gapless, with the mean distance of pictures.
///
/// libvpx takes the distance of two pictures for the frame rate and gives each picture
/// its share of the bit rate by it. A picture sent twice in a row, or the first one after
/// a pause, must not look like a thousand or one a second.
#[derive(Debug, Default)]
struct Cadence {
    pts: i64,
    last: Option<Duration>,
    mean: Option<Duration>,
}

impl Cadence {
    const SHORTEST: Duration = Duration::from_millis(16);
    const LONGEST: Duration = Duration::from_millis(200);
    const USUAL: Duration = Duration::from_nanos(33_333_333);

    /// Presentation time and duration for the picture at `timestamp`, in ticks.
    fn next(&mut self, timestamp: Duration) -> (i64, u32) {
        let step = self.last.and_then(|last| timestamp.checked_sub(last));
        self.last = Some(timestamp);
        // Pauses and repeats tell nothing about the pace.
        let usable = step.filter(|step| (Self::SHORTEST..=4 * Self::LONGEST).contains(step));
        let mean = match (self.mean, usable) {
            (Some(mean), Some(step)) => (mean * 7 + step.min(Self::LONGEST)) / 8,
            (None, Some(step)) => step.min(Self::LONGEST),
            (Some(mean), None) => mean,
            (None, None) => Self::USUAL,
        };
        if usable.is_some() {
            self.mean = Some(mean);
        }
        let ticks = mean.as_nanos() * u128::from(vpx::TICKS_PER_SECOND) / 1_000_000_000;
        let duration = u32::try_from(ticks).unwrap_or(1).max(1);
        let pts = self.pts;
        self.pts += i64::from(duration);
        (pts, duration)
    }
}

/// Decodes one stream.
pub struct Vp8Decoder {
    decoder: vpx::Decoder,
    pool: FramePool,
}

impl Vp8Decoder {
    /// Gets ready for a stream of pictures of at most [`MAX_DIMENSION`] a side.
    ///
    /// # Errors
    /// When libvpx has no memory.
    pub fn new() -> Result<Self, VideoDecodeError> {
        let config = vpx::DecoderConfig {
            max_width: MAX_DIMENSION,
            max_height: MAX_DIMENSION,
            ..vpx::DecoderConfig::default()
        };
        let decoder = vpx::Decoder::new(config).map_err(vpx::DecodeError::from)?;
        Ok(Self {
            decoder,
            pool: FramePool::default(),
        })
    }

    /// Decodes one whole frame; nothing comes back for one that is not to be shown.
    ///
    /// # Errors
    /// When the frame is damaged, no VP8, of a size that is not handled, or builds on
    /// one that was never decoded.
    pub fn decode(
        &mut self,
        data: &[u8],
        timestamp: Duration,
    ) -> Result<Option<VideoFrame>, VideoDecodeError> {
        let Some(picture) = self.decoder.decode(data)? else {
            return Ok(None);
        };
        let size = (picture.width(), picture.height());
        let frame = self
            .pool
            .frame(size, timestamp, |bytes| picture.copy_to(bytes))?;
        Ok(Some(frame))
    }
}

/// Whether a VP8 frame can be decoded without any before it (RFC 6386 section 9.1).
#[must_use]
pub fn is_key_frame(data: &[u8]) -> bool {
    matches!(
        vpx::FrameHeader::parse(data),
        Some(vpx::FrameHeader::Key { .. })
    )
}

/// Runs the codec once, so that its tables are built and its code is in memory.
pub(crate) fn warm_up() {
    let attempt = || -> Option<()> {
        let frame = crate::source::black_frame(64, 64, Duration::ZERO).ok()?;
        let mut encoder = Vp8Encoder::new(&Vp8Config::default(), 64, 64).ok()?;
        let mut decoder = Vp8Decoder::new().ok()?;
        for _ in 0..2 {
            let encoded = encoder.encode(&frame, Instant::now(), false).ok()??;
            decoder.decode(&encoded.data, encoded.timestamp).ok()?;
        }
        Some(())
    };
    if attempt().is_none() {
        tracing::warn!("VP8 does not work with this libvpx");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(stamps_ms: &[u64]) -> Vec<u32> {
        let mut cadence = Cadence::default();
        stamps_ms
            .iter()
            .map(|&ms| cadence.next(Duration::from_millis(ms)).1)
            .collect()
    }

    #[test]
    fn the_pace_follows_the_source() {
        assert_eq!(pace(&[0, 100, 200]), [2999, 9000, 9000]);
        let slower: Vec<u64> = (0..100).map(|n| n * 150).collect();
        assert_eq!(pace(&slower).last(), Some(&13_500));
    }

    #[test]
    fn repeats_and_pauses_leave_the_pace_alone() {
        assert_eq!(
            pace(&[0, 40, 41, 81, 60_000, 60_040]),
            [2999, 3600, 3600, 3600, 3600, 3600]
        );
        assert_eq!(pace(&[50, 20]), [2999, 2999]);
    }

    #[test]
    fn presentation_time_always_grows() {
        let mut cadence = Cadence::default();
        let times: Vec<i64> = (0..50)
            .map(|n| cadence.next(Duration::from_millis(n % 3)).0)
            .collect();
        assert!(times.is_sorted_by(|a, b| a < b));
    }
}

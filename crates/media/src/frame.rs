//! The two kinds of raw media: pictures and 20 ms of sound.
//!
//! Both are cheap to clone (the samples are shared) and never change once made.

use std::sync::Arc;
use std::time::Duration;

/// Smallest picture width and height, in pixels.
pub const MIN_DIMENSION: u32 = 16;
/// Largest picture width and height, in pixels.
pub const MAX_DIMENSION: u32 = 4096;
/// Samples per second of every [`AudioFrame`].
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples in an audio frame of the usual 20 ms.
pub const SAMPLES_PER_FRAME: usize = 960;

/// A picture in I420: one luma plane at full size and two chroma planes at half
/// the width and height (rounded up), BT.601 limited range.
#[derive(Clone)]
pub struct VideoFrame {
    width: u32,
    height: u32,
    data: Arc<[u8]>,
    timestamp: Duration,
}

/// Why samples could not become a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Width or height is outside [`MIN_DIMENSION`]..=[`MAX_DIMENSION`].
    #[error(
        "picture of {width}x{height} is outside {MIN_DIMENSION}..={MAX_DIMENSION} pixels a side"
    )]
    Dimensions {
        /// Width asked for, in pixels.
        width: u32,
        /// Height asked for, in pixels.
        height: u32,
    },
    /// The three planes together have a fixed number of bytes for each size.
    #[error("picture has {found} bytes, {expected} are needed")]
    Length {
        /// Bytes an I420 picture of this size has.
        expected: usize,
        /// Bytes that were given.
        found: usize,
    },
}

impl VideoFrame {
    /// Takes three tightly packed planes, Y then U then V.
    ///
    /// # Errors
    /// When the size is out of bounds or the number of bytes does not fit it.
    pub fn new(
        width: u32,
        height: u32,
        data: impl Into<Arc<[u8]>>,
        timestamp: Duration,
    ) -> Result<Self, FrameError> {
        let expected = Self::byte_len(width, height)?;
        let data = data.into();
        if data.len() != expected {
            return Err(FrameError::Length {
                expected,
                found: data.len(),
            });
        }
        Ok(Self {
            width,
            height,
            data,
            timestamp,
        })
    }

    /// Bytes of an I420 picture of this size.
    ///
    /// # Errors
    /// When the size is out of bounds.
    pub fn byte_len(width: u32, height: u32) -> Result<usize, FrameError> {
        let allowed = MIN_DIMENSION..=MAX_DIMENSION;
        if !allowed.contains(&width) || !allowed.contains(&height) {
            return Err(FrameError::Dimensions { width, height });
        }
        let chroma = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
        Ok(width as usize * height as usize + 2 * chroma)
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width of the chroma planes in samples.
    #[must_use]
    pub fn chroma_width(&self) -> u32 {
        self.width.div_ceil(2)
    }

    /// Height of the chroma planes in samples.
    #[must_use]
    pub fn chroma_height(&self) -> u32 {
        self.height.div_ceil(2)
    }

    /// Position in the stream it belongs to, from the stream's own origin.
    #[must_use]
    pub fn timestamp(&self) -> Duration {
        self.timestamp
    }

    /// The same picture at another position in the stream.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Duration) -> Self {
        Self { timestamp, ..self }
    }

    /// All three planes, as they are laid out in memory.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Luma, `width` bytes a row.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.data[..self.luma_len()]
    }

    /// Blue chroma, [`chroma_width`](Self::chroma_width) bytes a row.
    #[must_use]
    pub fn u(&self) -> &[u8] {
        let luma = self.luma_len();
        &self.data[luma..luma + self.chroma_len()]
    }

    /// Red chroma, [`chroma_width`](Self::chroma_width) bytes a row.
    #[must_use]
    pub fn v(&self) -> &[u8] {
        &self.data[self.luma_len() + self.chroma_len()..]
    }

    fn luma_len(&self) -> usize {
        self.width as usize * self.height as usize
    }

    fn chroma_len(&self) -> usize {
        self.chroma_width() as usize * self.chroma_height() as usize
    }
}

impl std::fmt::Debug for VideoFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoFrame")
            .field("width", &self.width)
            .field("height", &self.height)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// Mono sound at 48 kHz; [`SAMPLES_PER_FRAME`] samples unless stated otherwise.
#[derive(Clone)]
pub struct AudioFrame {
    samples: Arc<[i16]>,
    timestamp: Duration,
}

impl AudioFrame {
    /// Takes mono samples at [`SAMPLE_RATE`].
    #[must_use]
    pub fn new(samples: impl Into<Arc<[i16]>>, timestamp: Duration) -> Self {
        Self {
            samples: samples.into(),
            timestamp,
        }
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Position of the first sample in the stream it belongs to.
    #[must_use]
    pub fn timestamp(&self) -> Duration {
        self.timestamp
    }

    /// The same sound at another position in the stream.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Duration) -> Self {
        Self { timestamp, ..self }
    }

    /// How long it sounds.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }
}

impl std::fmt::Debug for AudioFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioFrame")
            .field("samples", &self.samples.len())
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn odd_sizes_round_chroma_up() {
        let frame = VideoFrame::new(17, 19, vec![0; 17 * 19 + 2 * 9 * 10], Duration::ZERO).unwrap();
        assert_eq!((frame.chroma_width(), frame.chroma_height()), (9, 10));
        assert_eq!(
            (frame.y().len(), frame.u().len(), frame.v().len()),
            (323, 90, 90)
        );
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert_eq!(
            VideoFrame::new(15, 16, vec![0; 400], Duration::ZERO).unwrap_err(),
            FrameError::Dimensions {
                width: 15,
                height: 16
            }
        );
        assert_eq!(
            VideoFrame::new(16, 4097, vec![0; 400], Duration::ZERO).unwrap_err(),
            FrameError::Dimensions {
                width: 16,
                height: 4097
            }
        );
        assert_eq!(
            VideoFrame::new(16, 16, vec![0; 383], Duration::ZERO).unwrap_err(),
            FrameError::Length {
                expected: 384,
                found: 383
            }
        );
    }

    #[test]
    fn audio_frames_know_their_length() {
        let frame = AudioFrame::new(vec![0; SAMPLES_PER_FRAME], Duration::ZERO);
        assert_eq!(frame.duration(), Duration::from_millis(20));
    }
}

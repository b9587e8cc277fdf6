//! Nothing to see: black pictures at a steady pace.

use std::time::Duration;

use super::{Next, Pacer, VideoFormat, VideoSource};
use crate::frame::{FrameError, VideoFrame};

/// Black in BT.601 limited range.
const BLACK: [u8; 3] = [16, 128, 128];

/// A black picture.
///
/// # Errors
/// When no frame can have this size.
pub fn black_frame(width: u32, height: u32, timestamp: Duration) -> Result<VideoFrame, FrameError> {
    VideoFrame::filled(width, height, BLACK, timestamp)
}

/// A source that shows black.
pub struct Black {
    frame: VideoFrame,
    pacer: Pacer,
}

impl Black {
    /// Begins at the first read.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn new(format: VideoFormat) -> Result<Self, FrameError> {
        let frame = black_frame(format.width, format.height, Duration::ZERO)?;
        Ok(Self {
            frame,
            pacer: Pacer::new(format.fps, Duration::ZERO),
        })
    }
}

impl VideoSource for Black {
    fn format(&self) -> VideoFormat {
        let (width, height) = (self.frame.width(), self.frame.height());
        VideoFormat {
            width,
            height,
            fps: self.pacer.rate(),
        }
    }

    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame> {
        match self.pacer.tick(wait) {
            Some(index) => {
                let timestamp = self.pacer.rate().time_of(index);
                Next::Frame(self.frame.clone().with_timestamp(timestamp))
            }
            None => Next::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FrameRate;

    #[test]
    fn it_is_black() {
        let format = VideoFormat {
            width: 17,
            height: 16,
            fps: FrameRate::whole(5),
        };
        let mut source = Black::new(format).unwrap();
        assert_eq!(source.format(), format);
        let Next::Frame(frame) = source.next_frame(Duration::ZERO) else {
            panic!("due at once")
        };
        assert!(frame.y().iter().all(|&y| y == 16));
        assert!(frame.u().iter().chain(frame.v()).all(|&c| c == 128));
    }
}

//! A landscape at dusk that says which frame it is.
//!
//! Every picture is a pure function of its [`Mark`] (counter and clock), which is also
//! written into it in light and dark cells. Whoever receives a picture can read the
//! mark, paint the very same picture again, and know how much was lost on the way.

mod canvas;
mod code;
mod digits;
mod layer;
mod scene;
mod shape;
mod sprite;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use code::Mark;

use super::{Next, Pacer, VideoFormat, VideoSource};
use crate::frame::{FrameError, VideoFrame};
use crate::frame_pool::FramePool;
use canvas::Canvas;
use scene::Scene;

/// A reader that comes later than this loses the frames it missed.
const ALLOWED_LATENESS: Duration = Duration::from_millis(100);

/// Smallest width at which a received picture can be read reliably, in pixels.
pub const READABLE_WIDTH: u32 = 320;

/// Paints pictures of one size; keeps what they have in common.
pub struct PatternPainter {
    width: u32,
    height: u32,
    scene: Scene,
    pool: FramePool,
}

impl PatternPainter {
    /// Prepares the scenery.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn new(width: u32, height: u32) -> Result<Self, FrameError> {
        VideoFrame::byte_len(width, height)?;
        Ok(Self {
            width,
            height,
            scene: Scene::new(width, height),
            pool: FramePool::default(),
        })
    }

    /// The picture of `mark`.
    ///
    /// # Errors
    /// None in practice: the size was checked when the painter was made.
    pub fn paint(&mut self, mark: Mark, timestamp: Duration) -> Result<VideoFrame, FrameError> {
        let (width, height, scene) = (self.width, self.height, &self.scene);
        self.pool.frame((width, height), timestamp, |pixels| {
            pixels.copy_from_slice(scene.backdrop());
            scene.paint(&mut Canvas::new(width, height, pixels), mark);
        })
    }
}

/// The source: frames are counted from 0, the clock is Unix time in milliseconds.
pub struct TestPattern {
    painter: PatternPainter,
    format: VideoFormat,
    pacer: Pacer,
    epoch_ms: Option<u64>,
    counter: u32,
}

impl TestPattern {
    /// Begins at the first read.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn new(format: VideoFormat) -> Result<Self, FrameError> {
        Ok(Self {
            painter: PatternPainter::new(format.width, format.height)?,
            format,
            pacer: Pacer::new(format.fps, ALLOWED_LATENESS),
            epoch_ms: None,
            counter: 0,
        })
    }

    /// The picture with this counter and clock, from nothing. To paint many, use a
    /// [`PatternPainter`].
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn render(
        counter: u32,
        clock_ms: u64,
        width: u32,
        height: u32,
    ) -> Result<VideoFrame, FrameError> {
        PatternPainter::new(width, height)?.paint(Mark { counter, clock_ms }, Duration::ZERO)
    }

    /// What a picture, perhaps compressed and scaled, says about itself; nothing when it
    /// is not of this pattern or too damaged.
    #[must_use]
    pub fn read(frame: &VideoFrame) -> Option<Mark> {
        code::read(frame)
    }
}

impl VideoSource for TestPattern {
    fn format(&self) -> VideoFormat {
        self.format
    }

    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame> {
        let Some(index) = self.pacer.tick(wait) else {
            return Next::NotYet;
        };
        let timestamp = self.pacer.rate().time_of(index);
        let epoch_ms = *self.epoch_ms.get_or_insert_with(unix_ms);
        let clock_ms = epoch_ms + u64::try_from(timestamp.as_millis()).unwrap_or(u64::MAX / 2);
        let mark = Mark {
            counter: self.counter,
            clock_ms,
        };
        self.counter = self.counter.wrapping_add(1);
        match self.painter.paint(mark, timestamp) {
            Ok(frame) => Next::Frame(frame),
            Err(_) => Next::Ended,
        }
    }
}

fn unix_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FrameRate;

    #[test]
    fn a_picture_says_what_it_was_painted_from() {
        for (width, height) in [
            (1280, 720),
            (640, 360),
            (320, 180),
            (322, 243),
            (1920, 1080),
            (720, 1280),
        ] {
            let frame = TestPattern::render(7_654_321, 1_795_406_399_950, width, height).unwrap();
            let mark = Mark {
                counter: 7_654_321,
                clock_ms: 1_795_406_399_950,
            };
            assert_eq!(TestPattern::read(&frame), Some(mark), "{width}x{height}");
        }
    }

    #[test]
    fn every_size_can_be_painted() {
        for (width, height) in [(16, 16), (17, 600), (600, 17), (99, 101)] {
            let mut painter = PatternPainter::new(width, height).unwrap();
            for clock_ms in [0, 1, 7_777, u64::MAX] {
                let mark = Mark {
                    counter: u32::MAX,
                    clock_ms,
                };
                assert!(painter.paint(mark, Duration::ZERO).is_ok());
            }
        }
        assert!(PatternPainter::new(8, 8).is_err());
    }

    #[test]
    fn painting_is_pure() {
        let mut painter = PatternPainter::new(320, 180).unwrap();
        let mark = Mark {
            counter: 5,
            clock_ms: 12_345,
        };
        painter
            .paint(
                Mark {
                    counter: 4,
                    clock_ms: 99,
                },
                Duration::ZERO,
            )
            .unwrap();
        let first = painter.paint(mark, Duration::ZERO).unwrap();
        let again = TestPattern::render(5, 12_345, 320, 180).unwrap();
        assert_eq!(first.data(), again.data());
        let other = TestPattern::render(5, 12_445, 320, 180).unwrap();
        assert_ne!(first.data(), other.data());
    }

    #[test]
    fn other_pictures_are_not_read() {
        for value in [0, 16, 128, 235, 255] {
            let frame =
                VideoFrame::new(320, 180, vec![value; 320 * 180 * 3 / 2], Duration::ZERO).unwrap();
            assert_eq!(TestPattern::read(&frame), None);
        }
    }

    #[test]
    fn the_source_counts_from_zero() {
        let format = VideoFormat {
            width: 64,
            height: 48,
            fps: FrameRate::whole(1000),
        };
        let mut source = TestPattern::new(format).unwrap();
        let mut stamps = Vec::new();
        while stamps.len() < 3 {
            if let Next::Frame(frame) = source.next_frame(Duration::from_secs(1)) {
                stamps.push(frame.timestamp());
            }
        }
        assert_eq!(stamps[0], Duration::ZERO);
        assert!(stamps.is_sorted());
        assert_eq!(source.counter, 3);
    }
}

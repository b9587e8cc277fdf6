//! Reads received pictures of the test pattern and says how good they are.
//!
//! Every picture names the frame it was painted from, so the very same frame is painted
//! again and compared. Works picture by picture and keeps a few bytes of each.

use std::collections::BTreeSet;
use std::io::BufRead;

use super::psnr::psnr_luma;
use crate::frame::{FrameError, VideoFrame};
use crate::source::{Mark, PatternPainter, TestPattern};
use crate::y4m::{Y4mError, Y4mReader};

/// Qualities in dB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Of the worst picture.
    pub worst: f64,
    /// Half of the pictures are better.
    pub median: f64,
    /// Over all pictures.
    pub mean: f64,
}

/// Measures pictures one after the other.
pub struct PatternReading {
    source_size: (u32, u32),
    painter: PatternPainter,
    pictures: u64,
    unreadable: u64,
    repeated: u64,
    out_of_order: u64,
    last: Option<Mark>,
    first_clock_ms: Option<u64>,
    last_clock_ms: u64,
    counters: BTreeSet<u32>,
    qualities: Vec<f64>,
    sizes: Vec<(u32, u32)>,
}

impl PatternReading {
    /// For pictures that were painted at `width` by `height` pixels, whatever size they
    /// are received in.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn new(width: u32, height: u32) -> Result<Self, FrameError> {
        Ok(Self {
            source_size: (width, height),
            painter: PatternPainter::new(width, height)?,
            pictures: 0,
            unreadable: 0,
            repeated: 0,
            out_of_order: 0,
            last: None,
            first_clock_ms: None,
            last_clock_ms: 0,
            counters: BTreeSet::new(),
            qualities: Vec::new(),
            sizes: Vec::new(),
        })
    }

    /// Measures a whole Y4M file.
    ///
    /// # Errors
    /// When the file cannot be read, or no frame can have the source's size.
    pub fn of_y4m(input: impl BufRead, width: u32, height: u32) -> Result<Self, Y4mError> {
        let mut reading = Self::new(width, height)?;
        let mut reader = Y4mReader::new(input)?;
        while let Some(frame) = reader.read_frame()? {
            reading.take(&frame);
        }
        Ok(reading)
    }

    /// Measures the next picture.
    pub fn take(&mut self, frame: &VideoFrame) {
        self.pictures += 1;
        let size = (frame.width(), frame.height());
        if !self.sizes.contains(&size) {
            self.sizes.push(size);
        }
        let Some(mark) = TestPattern::read(frame) else {
            self.unreadable += 1;
            return;
        };
        if !self.counters.insert(mark.counter) {
            self.repeated += 1;
            return;
        }
        if self.last.is_some_and(|last| mark.counter < last.counter) {
            self.out_of_order += 1;
        }
        self.last = Some(mark);
        let first = self.first_clock_ms.get_or_insert(mark.clock_ms);
        *first = mark.clock_ms.min(*first);
        self.last_clock_ms = mark.clock_ms.max(self.last_clock_ms);
        if let Ok(reference) = self.painter.paint(mark, frame.timestamp()) {
            self.qualities.push(psnr_luma(frame, &reference));
        }
    }

    /// Width and height of what the pictures are compared with, in pixels.
    #[must_use]
    pub fn source_size(&self) -> (u32, u32) {
        self.source_size
    }

    /// Pictures measured.
    #[must_use]
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// Pictures whose mark could not be read.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Pictures of a frame that was there before.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Pictures that came after a later one.
    #[must_use]
    pub fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    /// The frames that were seen, by their counters.
    #[must_use]
    pub fn counters(&self) -> &BTreeSet<u32> {
        &self.counters
    }

    /// Frames between the first and the last one seen that were not.
    #[must_use]
    pub fn missing(&self) -> u64 {
        match (self.counters.first(), self.counters.last()) {
            (Some(first), Some(last)) => u64::from(last - first) + 1 - self.counters.len() as u64,
            _ => 0,
        }
    }

    /// The sizes that pictures had, in the order they appeared.
    #[must_use]
    pub fn sizes(&self) -> &[(u32, u32)] {
        &self.sizes
    }

    /// Different frames a second of the source's clock; nothing with fewer than two.
    #[must_use]
    pub fn fps(&self) -> Option<f64> {
        let span_ms = self.last_clock_ms.checked_sub(self.first_clock_ms?)?;
        let steps = self.counters.len().checked_sub(1)?;
        (span_ms > 0).then(|| steps as f64 * 1000.0 / span_ms as f64)
    }

    /// The marks' clocks of the first and last frame seen, in Unix milliseconds.
    #[must_use]
    pub fn clock_span_ms(&self) -> Option<(u64, u64)> {
        Some((self.first_clock_ms?, self.last_clock_ms))
    }

    /// Luma PSNR against the frames that the pictures were painted from; nothing when none
    /// could be read.
    #[must_use]
    pub fn quality(&self) -> Option<Quality> {
        let mut sorted = self.qualities.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Quality {
            worst: *sorted.first()?,
            median: sorted[sorted.len() / 2],
            mean: sorted.iter().sum::<f64>() / sorted.len() as f64,
        })
    }
}

impl std::fmt::Debug for PatternReading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PatternReading")
            .field("pictures", &self.pictures)
            .field("unreadable", &self.unreadable)
            .field("missing", &self.missing())
            .field("repeated", &self.repeated)
            .field("out_of_order", &self.out_of_order)
            .field("sizes", &self.sizes)
            .field("fps", &self.fps())
            .field("quality", &self.quality())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    const SIZE: (u32, u32) = (320, 180);

    fn read(counters: &[u32], received: (u32, u32)) -> PatternReading {
        let mut painter = PatternPainter::new(SIZE.0, SIZE.1).unwrap();
        let mut reading = PatternReading::new(SIZE.0, SIZE.1).unwrap();
        for &counter in counters {
            let mark = Mark {
                counter,
                clock_ms: 7_000 + u64::from(counter) * 40,
            };
            let frame = painter.paint(mark, Duration::ZERO).unwrap();
            reading.take(&frame.scaled(received.0, received.1).unwrap());
        }
        reading
    }

    #[test]
    fn perfect_pictures_are_perfect() {
        let reading = read(&[5, 6, 7, 8], SIZE);
        assert_eq!(
            (reading.pictures(), reading.missing(), reading.repeated()),
            (4, 0, 0)
        );
        assert_eq!(
            reading.quality().unwrap().worst,
            super::super::psnr::IDENTICAL
        );
        assert_eq!(reading.fps(), Some(25.0));
        assert_eq!(reading.sizes(), [SIZE]);
        assert_eq!(reading.clock_span_ms(), Some((7_200, 7_320)));
    }

    #[test]
    fn faults_are_counted() {
        let mut reading = read(&[1, 2, 2, 6, 5, 9], SIZE);
        reading.take(&VideoFrame::filled(64, 64, [16, 128, 128], Duration::ZERO).unwrap());
        assert_eq!(reading.repeated(), 1);
        assert_eq!(reading.out_of_order(), 1);
        assert_eq!(reading.missing(), 4);
        assert_eq!(reading.unreadable(), 1);
        assert_eq!(
            reading.counters().iter().copied().collect::<Vec<_>>(),
            [1, 2, 5, 6, 9]
        );
        assert_eq!(reading.sizes(), [SIZE, (64, 64)]);
    }

    #[test]
    fn smaller_pictures_are_compared_at_their_size() {
        let reading = read(&[1, 2], (240, 136));
        assert_eq!(reading.unreadable(), 0);
        assert_eq!(
            reading.quality().unwrap().worst,
            super::super::psnr::IDENTICAL
        );
    }

    #[test]
    fn nothing_read_is_no_quality() {
        let reading = PatternReading::new(320, 180).unwrap();
        assert!(reading.quality().is_none());
        assert!(reading.fps().is_none());
        assert_eq!(reading.missing(), 0);
    }
}

//! Pictures of another size.

mod mixes;
mod plane;

use std::time::Duration;

pub(crate) use mixes::Span;
pub(crate) use plane::PlaneScaler;

use crate::frame::{FrameError, VideoFrame};

impl VideoFrame {
    /// The same picture at another size: each sample is the mean of the area it comes
    /// from when shrinking, and interpolated between its neighbors when growing. The same
    /// on every machine.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn scaled(&self, width: u32, height: u32) -> Result<Self, FrameError> {
        if (width, height) == (self.width(), self.height()) {
            return Ok(self.clone());
        }
        let mut data = Vec::with_capacity(Self::byte_len(width, height)?);
        let from = (self.width() as usize, self.height() as usize);
        let chroma_from = (self.chroma_width() as usize, self.chroma_height() as usize);
        let to = (width as usize, height as usize);
        let chroma_to = (to.0.div_ceil(2), to.1.div_ceil(2));
        scale_plane(self.y(), from, to, &mut data);
        scale_plane(self.u(), chroma_from, chroma_to, &mut data);
        scale_plane(self.v(), chroma_from, chroma_to, &mut data);
        Self::new(width, height, data, self.timestamp())
    }

    /// A picture of one color everywhere, in Y, U and V.
    ///
    /// # Errors
    /// When no frame can have this size.
    pub fn filled(
        width: u32,
        height: u32,
        [y, u, v]: [u8; 3],
        timestamp: Duration,
    ) -> Result<Self, FrameError> {
        let len = Self::byte_len(width, height)?;
        let luma = width as usize * height as usize;
        let mut data = Vec::with_capacity(len);
        data.resize(luma, y);
        data.resize(luma + (len - luma) / 2, u);
        data.resize(len, v);
        Self::new(width, height, data, timestamp)
    }
}

fn scale_plane(
    plane: &[u8],
    (columns, rows): (usize, usize),
    target: (usize, usize),
    out: &mut Vec<u8>,
) {
    let whole = [Span::new(0, columns), Span::new(0, rows)];
    let mut scaler = PlaneScaler::new(plane, columns, whole, target);
    for index in 0..target.1 {
        let begin = out.len();
        out.resize(begin + target.0, 0);
        scaler.row(index, &mut out[begin..]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_color_stays_one_color() {
        let frame = VideoFrame::filled(99, 57, [90, 20, 210], Duration::from_secs(1)).unwrap();
        for (width, height) in [(33, 19), (200, 120), (99, 57), (98, 300)] {
            let scaled = frame.scaled(width, height).unwrap();
            assert_eq!((scaled.width(), scaled.height()), (width, height));
            assert!(scaled.y().iter().all(|&y| y == 90));
            assert!(scaled.u().iter().all(|&u| u == 20));
            assert!(scaled.v().iter().all(|&v| v == 210));
        }
        assert!(frame.scaled(5, 5).is_err());
    }
}

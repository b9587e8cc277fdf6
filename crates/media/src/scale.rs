//! Pictures of another size.

use std::time::Duration;

use crate::frame::{FrameError, VideoFrame};

/// Positions are counted in 1/65536 of a sample.
const ONE: u64 = 1 << 16;

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

/// What one sample is made of: the first source sample and the weights from there on,
/// which add up to [`ONE`].
struct Mix {
    first: usize,
    weights: Vec<u64>,
}

fn scale_plane(
    from: &[u8],
    (columns, rows): (usize, usize),
    to: (usize, usize),
    out: &mut Vec<u8>,
) {
    let horizontal = mixes(columns, to.0);
    let mut line = vec![0_u64; columns];
    for mix in mixes(rows, to.1) {
        line.fill(0);
        for (row, weight) in from.chunks_exact(columns).skip(mix.first).zip(&mix.weights) {
            for (sum, &sample) in line.iter_mut().zip(row) {
                *sum += weight * u64::from(sample);
            }
        }
        out.extend(horizontal.iter().map(|mix| {
            let sum: u64 = line[mix.first..]
                .iter()
                .zip(&mix.weights)
                .map(|(s, w)| s * w)
                .sum();
            ((sum + ONE * ONE / 2) / (ONE * ONE)) as u8
        }));
    }
}

fn mixes(from: usize, to: usize) -> Vec<Mix> {
    (0..to)
        .map(|index| {
            if to < from {
                area(index, from, to)
            } else {
                between(index, from, to)
            }
        })
        .collect()
}

/// The share of each source sample in the area that becomes sample `index`.
fn area(index: usize, from: usize, to: usize) -> Mix {
    let edge = |index: usize| (index * from) as u64 * ONE / to as u64;
    let (start, end) = (edge(index), edge(index + 1));
    let first = (start / ONE) as usize;
    let last = (end.div_ceil(ONE) as usize).min(from);
    let mut left = ONE;
    let mut weights: Vec<u64> = (first..last)
        .map(|sample| {
            let inside = end.min((sample as u64 + 1) * ONE) - start.max(sample as u64 * ONE);
            let weight = (inside * ONE / (end - start)).min(left);
            left -= weight;
            weight
        })
        .collect();
    // What rounding left over.
    if let Some(weight) = weights.first_mut() {
        *weight += left;
    }
    Mix { first, weights }
}

/// The two source samples whose middles lie around the middle of sample `index`.
fn between(index: usize, from: usize, to: usize) -> Mix {
    let middle = (2 * index as u64 + 1) * from as u64 * ONE / (2 * to as u64);
    let place = middle.saturating_sub(ONE / 2).min((from as u64 - 1) * ONE);
    let (first, share) = ((place / ONE) as usize, place % ONE);
    let weights = if share == 0 {
        vec![ONE]
    } else {
        vec![ONE - share, share]
    };
    Mix { first, weights }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_always_add_up() {
        for (from, to) in [
            (1280, 640),
            (1280, 427),
            (17, 16),
            (640, 1280),
            (16, 31),
            (9, 9),
        ] {
            for mix in mixes(from, to) {
                assert_eq!(mix.weights.iter().sum::<u64>(), ONE);
                assert!(mix.first + mix.weights.len() <= from, "{from} to {to}");
            }
        }
    }

    #[test]
    fn halving_takes_means() {
        let mut out = Vec::new();
        scale_plane(
            &[0, 10, 100, 200, 20, 30, 100, 200],
            (4, 2),
            (2, 1),
            &mut out,
        );
        assert_eq!(out, [15, 150]);
    }

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

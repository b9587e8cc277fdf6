//! The machine-readable part of the pattern: frame counter and clock as a field of
//! light and dark cells.
//!
//! 28 by 4 cells hold 112 bits, highest first, row by row: 32 of the counter in Gray
//! code (one cell changes from frame to frame), 64 of the clock, and a CRC-16 over
//! both. Places are shares of the picture's size, so that a scaled picture reads the
//! same, and a cell is read from its middle, which survives heavy compression.

use super::canvas::{Canvas, Color};
use crate::frame::VideoFrame;

const COLUMNS: usize = 28;
const ROWS: usize = 4;
const DARK: Color = Color::new(44, 128, 128);
const LIGHT: Color = Color::new(204, 124, 130);
/// Between dark and light.
const THRESHOLD: i32 = 124;
/// A cell nearer to the threshold is no cell of ours.
const MARGIN: i32 = 24;

/// Left, top, right and bottom edge of the field in 1000ths of the picture.
const FIELD: (usize, usize, usize, usize) = (20, 856, 720, 976);

/// What a picture says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Number of the frame, from 0.
    pub counter: u32,
    /// When it was due, in milliseconds; [`TestPattern`](super::TestPattern) counts
    /// from the Unix epoch.
    pub clock_ms: u64,
}

impl Mark {
    fn bits(self) -> u128 {
        let gray = self.counter ^ (self.counter >> 1);
        let payload = (u128::from(gray) << 64) | u128::from(self.clock_ms);
        (payload << 16) | u128::from(crc16(payload))
    }

    fn from_bits(bits: u128) -> Option<Self> {
        let payload = bits >> 16;
        if u128::from(crc16(payload)) != bits & 0xffff {
            return None;
        }
        let mut counter = (payload >> 64) as u32;
        for shift in [1, 2, 4, 8, 16] {
            counter ^= counter >> shift;
        }
        Some(Self {
            counter,
            clock_ms: payload as u64,
        })
    }
}

/// CRC-16/CCITT-FALSE over the 12 bytes of the payload.
fn crc16(payload: u128) -> u16 {
    let bytes = payload.to_be_bytes();
    bytes[4..].iter().fold(0xffff, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// The edge before cell `index` of `count`, between two edges in 1000ths of `size`.
fn edge(size: usize, (from, to): (usize, usize), index: usize, count: usize) -> usize {
    (size * (from * count + (to - from) * index) + 500 * count) / (1000 * count)
}

fn cell(width: usize, height: usize, index: usize) -> ((usize, usize), (usize, usize)) {
    let (column, row) = (index % COLUMNS, index / COLUMNS);
    let x = |column| edge(width, (FIELD.0, FIELD.2), column, COLUMNS);
    let y = |row| edge(height, (FIELD.1, FIELD.3), row, ROWS);
    ((x(column), y(row)), (x(column + 1), y(row + 1)))
}

/// Paints the field.
pub(super) fn paint(canvas: &mut Canvas<'_>, mark: Mark) {
    let (width, height) = (canvas.y.width, canvas.y.height);
    let bits = mark.bits();
    for index in 0..COLUMNS * ROWS {
        let (from, to) = cell(width, height, index);
        let set = bits >> (COLUMNS * ROWS - 1 - index) & 1 == 1;
        canvas.fill(from, to, if set { LIGHT } else { DARK });
    }
}

/// Reads the field; nothing when there is none or it is too damaged.
pub(super) fn read(frame: &VideoFrame) -> Option<Mark> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let mut bits = 0;
    for index in 0..COLUMNS * ROWS {
        let level = middle(frame.y(), width, cell(width, height, index))? - THRESHOLD;
        if level.abs() < MARGIN {
            return None;
        }
        bits = bits << 1 | u128::from(level > 0);
    }
    Mark::from_bits(bits)
}

/// Mean luma of the middle half of a cell; nothing when the cell has no pixels.
fn middle(luma: &[u8], width: usize, (from, to): ((usize, usize), (usize, usize))) -> Option<i32> {
    let inner = |from: usize, to: usize| {
        let quarter = (to - from) / 4;
        from + quarter..to - quarter
    };
    let (columns, rows) = (inner(from.0, to.0), inner(from.1, to.1));
    let count = columns.len() * rows.len();
    let sum: usize = rows
        .flat_map(|row| &luma[row * width..][columns.clone()])
        .map(|&value| usize::from(value))
        .sum();
    i32::try_from(sum.checked_div(count)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_turn_back_into_the_mark() {
        for mark in [
            Mark {
                counter: 0,
                clock_ms: 0,
            },
            Mark {
                counter: 1,
                clock_ms: 33,
            },
            Mark {
                counter: u32::MAX,
                clock_ms: u64::MAX,
            },
            Mark {
                counter: 0x1234_5678,
                clock_ms: 1_795_400_000_123,
            },
        ] {
            assert_eq!(Mark::from_bits(mark.bits()), Some(mark));
            for bit in 0..112 {
                assert_eq!(Mark::from_bits(mark.bits() ^ 1 << bit), None);
            }
        }
    }

    #[test]
    fn all_dark_and_all_light_are_no_mark() {
        assert_eq!(Mark::from_bits(0), None);
        assert_eq!(Mark::from_bits((1 << 112) - 1), None);
    }

    #[test]
    fn neighbors_differ_in_one_cell_of_the_counter() {
        let counter = |n| {
            Mark {
                counter: n,
                clock_ms: 0,
            }
            .bits()
                >> 80
        };
        assert!((0..1000).all(|n| (counter(n) ^ counter(n + 1)).count_ones() == 1));
    }
}

//! Pixels as screens want them.

use super::geometry::{Rect, Size};

/// A picture ready to be shown: rows from top to bottom, each pixel `0x00RRGGBB`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pixels {
    size: Size,
    data: Vec<u32>,
}

/// What is around a picture.
pub(super) const BLACK: u32 = 0;

impl Pixels {
    /// Black everywhere.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let mut pixels = Self::default();
        pixels.resize(size);
        pixels
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn data(&self) -> &[u32] {
        &self.data
    }

    /// One pixel; nothing outside of the picture.
    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> Option<u32> {
        if x >= self.size.width {
            return None;
        }
        self.data
            .get(y as usize * self.size.width as usize + x as usize)
            .copied()
    }

    /// Rows from top to bottom.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[u32]> {
        self.data.chunks_exact(self.row_length())
    }

    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u32]> {
        let length = self.row_length();
        self.data.chunks_exact_mut(length)
    }

    /// Changes the size; what was there is lost if it differs.
    pub(super) fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            self.data.clear();
            self.data
                .resize(size.width as usize * size.height as usize, BLACK);
        }
    }

    /// Becomes equal to `other`, in the memory that is there.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.size = other.size;
        self.data.clone_from(&other.data);
    }

    /// Lays `other` over the part at `area`; what reaches beyond the right or lower edge
    /// of either is cut off.
    pub(super) fn lay(&mut self, other: &Self, area: Rect) {
        let left = area.x as usize;
        let rows = self.rows_mut().skip(area.y as usize);
        for (row, from) in rows.zip(other.rows()).take(area.height as usize) {
            let count = row
                .len()
                .saturating_sub(left)
                .min(from.len())
                .min(area.width as usize);
            if count > 0 {
                row[left..left + count].copy_from_slice(&from[..count]);
            }
        }
    }

    /// At least 1, so that rows of nothing can be walked.
    fn row_length(&self) -> usize {
        (self.size.width as usize).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(width: u32, height: u32, color: u32) -> Pixels {
        let mut pixels = Pixels::new(Size::new(width, height));
        pixels.rows_mut().for_each(|row| row.fill(color));
        pixels
    }

    #[test]
    fn what_is_laid_over_the_edge_is_cut_off() {
        let mut below = Pixels::new(Size::new(4, 3));
        below.lay(&filled(3, 3, 7), Rect::new(2, 1, 3, 3));
        assert_eq!(below.data(), [0, 0, 0, 0, 0, 0, 7, 7, 0, 0, 7, 7]);
        let before = below.clone();
        below.lay(&filled(3, 3, 9), Rect::new(4, 0, 3, 3));
        below.lay(&filled(3, 3, 9), Rect::new(0, 3, 3, 3));
        below.lay(&filled(3, 3, 9), Rect::new(u32::MAX, u32::MAX, 3, 3));
        below.lay(&filled(0, 3, 9), Rect::new(0, 0, 3, 3));
        assert_eq!(below, before);
        below.lay(&filled(3, 3, 9), Rect::new(0, 0, 1, 2));
        assert_eq!(below.data(), [9, 0, 0, 0, 9, 0, 7, 7, 0, 0, 7, 7]);
    }

    #[test]
    fn pixels_are_found_by_their_place() {
        let mut pixels = Pixels::new(Size::new(2, 2));
        pixels.lay(&filled(1, 1, 5), Rect::new(1, 1, 1, 1));
        assert_eq!(pixels.at(1, 1), Some(5));
        assert_eq!(pixels.at(0, 1), Some(BLACK));
        assert_eq!((pixels.at(2, 0), pixels.at(0, 2)), (None, None));
        assert_eq!(Pixels::new(Size::new(0, 5)).rows().count(), 0);
    }
}

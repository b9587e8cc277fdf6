//! One plane of a picture at another size, row by row.

use super::mixes::{Mixes, Span};

/// Reads a part of a plane as rows of another length.
#[derive(Debug)]
pub(crate) struct PlaneScaler<'a> {
    plane: &'a [u8],
    columns: usize,
    horizontal: Mixes,
    vertical: Mixes,
    /// The first column when columns are taken as they are.
    plain: Option<usize>,
    /// One row of the source size, each sample times [`ONE`](super::mixes::ONE).
    line: Vec<u32>,
}

impl<'a> PlaneScaler<'a> {
    /// The part of `plane`, whose rows have `columns` samples, that lies within both
    /// spans, at the size of `target` (columns and rows, at least 1).
    pub(crate) fn new(
        plane: &'a [u8],
        columns: usize,
        [horizontal, vertical]: [Span; 2],
        target: (usize, usize),
    ) -> Self {
        let horizontal = Mixes::new(horizontal, columns, target.0);
        Self {
            plane,
            columns,
            plain: horizontal.plain(),
            horizontal,
            vertical: Mixes::new(vertical, plane.len() / columns, target.1),
            line: vec![0; columns],
        }
    }

    /// Writes one row; `out` has as many samples as the target has columns.
    pub(crate) fn row(&mut self, index: usize, out: &mut [u8]) {
        let (first, weights) = self.vertical.get(index);
        let rows = self.plane.chunks_exact(self.columns).skip(first);
        if let ([_], Some(begin)) = (weights, self.plain) {
            for row in rows.take(1) {
                out.copy_from_slice(&row[begin..begin + out.len()]);
            }
            return;
        }
        self.line.fill(0);
        for (row, &weight) in rows.zip(weights) {
            for (sum, &sample) in self.line.iter_mut().zip(row) {
                *sum += weight * u32::from(sample);
            }
        }
        for (out, (first, weights)) in out.iter_mut().zip(self.horizontal.iter()) {
            // Eight bits of fraction are kept, so that the sum has room.
            let terms = self.line[first..].iter().zip(weights);
            let sum: u32 = terms.map(|(&sample, &weight)| (sample >> 8) * weight).sum();
            *out = ((sum + (1 << 23)) >> 24) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(plane: &[u8], columns: usize, spans: [Span; 2], target: (usize, usize)) -> Vec<u8> {
        let mut scaler = PlaneScaler::new(plane, columns, spans, target);
        let mut out = vec![0; target.0 * target.1];
        for (index, row) in out.chunks_exact_mut(target.0).enumerate() {
            scaler.row(index, row);
        }
        out
    }

    const PLANE: [u8; 8] = [0, 10, 100, 200, 20, 30, 100, 200];

    #[test]
    fn halving_takes_means() {
        let whole = [Span::new(0, 4), Span::new(0, 2)];
        assert_eq!(scaled(&PLANE, 4, whole, (2, 1)), [15, 150]);
    }

    #[test]
    fn a_part_is_cut_out() {
        let part = [Span::new(1, 2), Span::new(1, 1)];
        assert_eq!(scaled(&PLANE, 4, part, (2, 1)), [30, 100]);
        assert_eq!(scaled(&PLANE, 4, part, (1, 1)), [65]);
    }

    #[test]
    fn the_extremes_survive_scaling() {
        for value in [0, 1, 254, 255] {
            let whole = [Span::new(0, 7), Span::new(0, 5)];
            for target in [(3, 2), (7, 5), (20, 9), (1, 1)] {
                let out = scaled(&[value; 35], 7, whole, target);
                assert!(out.iter().all(|&out| out == value), "{value} {target:?}");
            }
        }
    }
}

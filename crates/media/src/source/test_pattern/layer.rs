//! A strip of landscape that scrolls sideways for ever: painted once, copied by runs.

use super::canvas::{Canvas, Color, Plane};

/// What a layer shows at one of its pixels, or nothing where one sees through.
pub(super) type Texel = Option<Color>;

/// One plane of a layer: for each row the runs that are opaque.
struct Strip {
    width: usize,
    top: usize,
    data: Vec<u8>,
    runs: Vec<Vec<(usize, usize)>>,
}

/// A landscape that repeats after `width` pixels.
pub(super) struct Layer {
    width: usize,
    y: Strip,
    u: Strip,
    v: Strip,
}

impl Layer {
    /// Asks `texel(x, y)` for every pixel of `top..bottom` of a strip `width` wide;
    /// all three are even.
    pub(super) fn new(
        width: usize,
        (top, bottom): (usize, usize),
        texel: impl Fn(u32, u32) -> Texel,
    ) -> Self {
        let texels: Vec<Texel> = (top..bottom)
            .flat_map(|y| (0..width).map(move |x| (x as u32, y as u32)))
            .map(|(x, y)| texel(x, y))
            .collect();
        let strip = |step: usize, part: fn(Color) -> u8| {
            let rows = texels.chunks_exact(width).step_by(step);
            Strip::new(
                top / step,
                width / step,
                rows.map(|row| row.iter().step_by(step)),
                part,
            )
        };
        Self {
            width,
            y: strip(1, |c| c.y),
            u: strip(2, |c| c.u),
            v: strip(2, |c| c.v),
        }
    }

    /// Paints the layer moved to the left by `offset` pixels, rounded down to even so
    /// that luma and chroma move alike.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, offset: u64) {
        let offset = (offset % self.width as u64) as usize & !1;
        self.y.paint(&mut canvas.y, offset);
        self.u.paint(&mut canvas.u, offset / 2);
        self.v.paint(&mut canvas.v, offset / 2);
    }
}

impl Strip {
    fn new<'a>(
        top: usize,
        width: usize,
        rows: impl Iterator<Item = impl Iterator<Item = &'a Texel>>,
        part: fn(Color) -> u8,
    ) -> Self {
        let (mut data, mut all_runs) = (Vec::new(), Vec::new());
        for row in rows {
            let mut runs: Vec<(usize, usize)> = Vec::new();
            for (x, texel) in row.enumerate() {
                data.push(texel.map_or(0, part));
                match (texel, runs.last_mut()) {
                    (None, _) => {}
                    (Some(_), Some((_, end))) if *end == x => *end = x + 1,
                    (Some(_), _) => runs.push((x, x + 1)),
                }
            }
            all_runs.push(runs);
        }
        Self {
            width,
            top,
            data,
            runs: all_runs,
        }
    }

    fn paint(&self, plane: &mut Plane<'_>, offset: usize) {
        let visible = plane.height.saturating_sub(self.top);
        for (index, runs) in self.runs.iter().enumerate().take(visible) {
            let from = &self.data[index * self.width..][..self.width];
            let to = plane.row(self.top + index);
            for &(start, end) in runs {
                // Left of the cut a run appears at the right end, one period later.
                copy_run(from, to, (start.max(offset), end), -(offset as isize));
                copy_run(
                    from,
                    to,
                    (start, end.min(offset)),
                    (self.width - offset) as isize,
                );
            }
        }
    }
}

fn copy_run(from: &[u8], to: &mut [u8], (start, end): (usize, usize), shift: isize) {
    if start >= end {
        return;
    }
    let Some(at) = start.checked_add_signed(shift) else {
        return;
    };
    let len = (end - start).min(to.len().saturating_sub(at));
    to[at..at + len].copy_from_slice(&from[start..start + len]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_wraps_around() {
        let layer = Layer::new(8, (0, 2), |x, y| {
            (x < 6).then(|| Color::new(10 + x as u8 + 100 * y as u8, 50 + x as u8, 70 + x as u8))
        });
        let mut data = vec![1; 8 * 2 + 2 * 4];
        layer.paint(&mut Canvas::new(8, 2, &mut data), 8 * 5 + 3);
        assert_eq!(data[..8], [12, 13, 14, 15, 1, 1, 10, 11]);
        assert_eq!(data[8..16], [112, 113, 114, 115, 1, 1, 110, 111]);
        assert_eq!(data[16..20], [52, 54, 1, 50]);
        assert_eq!(data[20..], [72, 74, 1, 70]);
    }
}

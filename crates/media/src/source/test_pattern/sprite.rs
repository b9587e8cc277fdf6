//! A small see-through picture that is laid over the scene at any place.

use super::canvas::{Canvas, Color, Plane, blend};

struct Patch {
    width: usize,
    /// Value and opacity in 256ths, row by row.
    pixels: Vec<(u8, u16)>,
}

/// Painted once, blended often.
pub(super) struct Sprite {
    y: Patch,
    u: Patch,
    v: Patch,
}

impl Sprite {
    /// Asks `pixel(x, y)` for color and opacity (0–256); the sides are even.
    pub(super) fn new(
        width: usize,
        height: usize,
        pixel: impl Fn(f32, f32) -> (Color, u16),
    ) -> Self {
        let patch = |step: usize, part: fn(Color) -> u8| Patch {
            width: width / step,
            pixels: (0..height / step)
                .flat_map(|y| (0..width / step).map(move |x| (x, y)))
                .map(|(x, y)| {
                    let center = |n: usize| (n * step) as f32 + step as f32 / 2.0;
                    let (color, opacity) = pixel(center(x), center(y));
                    (part(color), opacity)
                })
                .collect(),
        };
        Self {
            y: patch(1, |c| c.y),
            u: patch(2, |c| c.u),
            v: patch(2, |c| c.v),
        }
    }

    /// Lays it over the picture with its upper left corner at `x`, `y`, rounded down to
    /// even numbers so that luma and chroma move alike. What is outside is cut off.
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, x: isize, y: isize) {
        let (x, y) = (x & !1, y & !1);
        self.y.paint(&mut canvas.y, x, y);
        self.u.paint(&mut canvas.u, x / 2, y / 2);
        self.v.paint(&mut canvas.v, x / 2, y / 2);
    }
}

impl Patch {
    fn paint(&self, plane: &mut Plane<'_>, x: isize, y: isize) {
        let skip = x.min(0).unsigned_abs();
        let start = x.max(0).unsigned_abs();
        if skip >= self.width || start >= plane.width {
            return;
        }
        for (row, pixels) in (y..).zip(self.pixels.chunks_exact(self.width)) {
            let Some(row) = usize::try_from(row).ok().filter(|&row| row < plane.height) else {
                continue;
            };
            for (under, &(over, opacity)) in plane.row(row)[start..].iter_mut().zip(&pixels[skip..])
            {
                *under = blend(*under, over, u32::from(opacity));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sprite_is_cut_at_the_edges() {
        let sprite = Sprite::new(4, 4, |_, _| (Color::new(200, 20, 30), 256));
        let mut data = vec![0; 6 * 6 + 2 * 9];
        for (x, y) in [(-2, -2), (4, 4), (-9, 0), (0, 9), (7, 0)] {
            sprite.paint(&mut Canvas::new(6, 6, &mut data), x, y);
        }
        let lit: Vec<usize> = (0..36).filter(|&at| data[at] == 200).collect();
        assert_eq!(lit, [0, 1, 6, 7, 28, 29, 34, 35]);
        assert_eq!(data[36..45], [20, 0, 0, 0, 0, 0, 0, 0, 20]);
    }

    #[test]
    fn opacity_mixes() {
        let sprite = Sprite::new(2, 2, |_, _| (Color::new(100, 0, 0), 64));
        let mut data = vec![20; 6];
        sprite.paint(&mut Canvas::new(2, 2, &mut data), 0, 0);
        assert_eq!(data, [40, 40, 40, 40, 15, 15]);
    }
}

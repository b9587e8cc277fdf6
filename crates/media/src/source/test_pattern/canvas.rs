//! Painting on the three planes of a picture.

/// A color in BT.601 limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Color {
    pub(super) y: u8,
    pub(super) u: u8,
    pub(super) v: u8,
}

impl Color {
    pub(super) const fn new(y: u8, u: u8, v: u8) -> Self {
        Self { y, u, v }
    }

    /// From here to `other`; `share` counts 256ths.
    pub(super) fn mixed(self, other: Self, share: u32) -> Self {
        Self {
            y: blend(self.y, other.y, share),
            u: blend(self.u, other.u, share),
            v: blend(self.v, other.v, share),
        }
    }
}

/// `share` of `over` in 256ths, the rest of `under`.
pub(super) fn blend(under: u8, over: u8, share: u32) -> u8 {
    let mixed = u32::from(under) * (256 - share) + u32::from(over) * share + 128;
    (mixed >> 8) as u8
}

/// One plane to paint on; what lies outside is cut off.
pub(super) struct Plane<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) data: &'a mut [u8],
}

impl Plane<'_> {
    pub(super) fn row(&mut self, row: usize) -> &mut [u8] {
        &mut self.data[row * self.width..][..self.width]
    }

    /// Fills the part of `x0..x1`, `y0..y1` that is inside.
    pub(super) fn fill(&mut self, (x0, y0): (usize, usize), (x1, y1): (usize, usize), value: u8) {
        let (x0, x1) = (x0.min(self.width), x1.min(self.width));
        if x0 >= x1 {
            return;
        }
        for row in y0.min(self.height)..y1.min(self.height) {
            self.row(row)[x0..x1].fill(value);
        }
    }
}

/// A whole picture to paint on.
pub(super) struct Canvas<'a> {
    pub(super) y: Plane<'a>,
    pub(super) u: Plane<'a>,
    pub(super) v: Plane<'a>,
}

impl<'a> Canvas<'a> {
    /// `data` holds an I420 picture of exactly this size.
    pub(super) fn new(width: u32, height: u32, data: &'a mut [u8]) -> Self {
        let (width, height) = (width as usize, height as usize);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let (y, rest) = data.split_at_mut(width * height);
        let (u, v) = rest.split_at_mut(chroma_width * chroma_height);
        let chroma = |data| Plane {
            width: chroma_width,
            height: chroma_height,
            data,
        };
        Self {
            y: Plane {
                width,
                height,
                data: y,
            },
            u: chroma(u),
            v: chroma(v),
        }
    }

    /// Fills a rectangle, whose chroma covers every pixel it touches.
    pub(super) fn fill(&mut self, from: (usize, usize), to: (usize, usize), color: Color) {
        self.y.fill(from, to, color.y);
        let (from, to) = (
            (from.0 / 2, from.1 / 2),
            (to.0.div_ceil(2), to.1.div_ceil(2)),
        );
        self.u.fill(from, to, color.u);
        self.v.fill(from, to, color.v);
    }

    /// Sets one pixel; its chroma with the pixel of even coordinates.
    pub(super) fn set(&mut self, x: usize, y: usize, color: Color) {
        let at = y * self.y.width + x;
        self.y.data[at] = color.y;
        if x.is_multiple_of(2) && y.is_multiple_of(2) {
            let at = y / 2 * self.u.width + x / 2;
            self.u.data[at] = color.u;
            self.v.data[at] = color.v;
        }
    }
}

//! Draws a frame into pixels: the visible part at the size it is shown, in BT.601 colors,
//! and black around it.

use super::geometry::{Placement, Rect};
use super::pixels::{BLACK, Pixels};
use crate::frame::VideoFrame;
use crate::render::pixel;
use crate::scale::{PlaneScaler, Span};

/// Draws over everything that was there. `placement` is for the size of the frame and of
/// the pixels.
pub(super) fn paint(frame: &VideoFrame, placement: &Placement, mirror: bool, onto: &mut Pixels) {
    let shown = placement.shown;
    let (left, width) = (shown.x as usize, shown.width as usize);
    let mut picture = Rows::new(frame, placement);
    let below = shown.y as usize + shown.height as usize;
    for (y, row) in onto.rows_mut().enumerate() {
        if y < shown.y as usize || y >= below {
            row.fill(BLACK);
            continue;
        }
        row[..left].fill(BLACK);
        row[left + width..].fill(BLACK);
        let target = &mut row[left..left + width];
        picture.draw(y - shown.y as usize, target);
        if mirror {
            target.reverse();
        }
    }
}

/// The visible part of a frame, row by row as it is shown.
struct Rows<'a> {
    y: PlaneScaler<'a>,
    u: PlaneScaler<'a>,
    v: PlaneScaler<'a>,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
}

impl<'a> Rows<'a> {
    fn new(frame: &'a VideoFrame, placement: &Placement) -> Self {
        let Rect {
            x,
            y,
            width,
            height,
        } = placement.visible;
        let target = (
            placement.shown.width as usize,
            placement.shown.height as usize,
        );
        let luma = [
            Span::new(x as usize, width as usize),
            Span::new(y as usize, height as usize),
        ];
        let chroma = [luma[0].of_chroma(target.0), luma[1].of_chroma(target.1)];
        let chroma_target = (target.0.div_ceil(2), target.1.div_ceil(2));
        let chroma_plane =
            |plane| PlaneScaler::new(plane, frame.chroma_width() as usize, chroma, chroma_target);
        Self {
            y: PlaneScaler::new(frame.y(), frame.width() as usize, luma, target),
            u: chroma_plane(frame.u()),
            v: chroma_plane(frame.v()),
            luma: vec![0; target.0],
            blue: vec![0; chroma_target.0],
            red: vec![0; chroma_target.0],
        }
    }

    /// Draws row `index`; rows are asked for in their order.
    fn draw(&mut self, index: usize, target: &mut [u32]) {
        self.y.row(index, &mut self.luma);
        if index.is_multiple_of(2) {
            self.u.row(index / 2, &mut self.blue);
            self.v.row(index / 2, &mut self.red);
        }
        let chroma = self.blue.iter().zip(&self.red);
        let pairs = target.chunks_mut(2).zip(self.luma.chunks(2)).zip(chroma);
        for ((targets, lumas), (&u, &v)) in pairs {
            for (target, &y) in targets.iter_mut().zip(lumas) {
                let [red, green, blue] = pixel(y, u, v);
                *target = u32::from_be_bytes([0, red, green, blue]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::to_rgb;
    use crate::source::TestPattern;
    use crate::view::geometry::{Scaling, Size};
    use proptest::prelude::*;
    use std::time::Duration;

    fn painted(frame: &VideoFrame, surface: Size, scaling: Scaling, mirror: bool) -> Pixels {
        let picture = Size::new(frame.width(), frame.height());
        let placement = Placement::of(picture, surface, scaling).unwrap();
        // What was there before must not shine through.
        let mut pixels = Pixels::new(surface);
        pixels.rows_mut().for_each(|row| row.fill(0x00ab_cdef));
        paint(frame, &placement, mirror, &mut pixels);
        pixels
    }

    fn filled(width: u32, height: u32, yuv: [u8; 3]) -> VideoFrame {
        VideoFrame::filled(width, height, yuv, Duration::ZERO).unwrap()
    }

    /// Dark on the left, light on the right.
    fn halves(width: u32, height: u32) -> VideoFrame {
        let mut data = filled(width, height, [16, 128, 128]).data().to_vec();
        for row in data.chunks_exact_mut(width as usize).take(height as usize) {
            row[width as usize / 2..].fill(235);
        }
        VideoFrame::new(width, height, data, Duration::ZERO).unwrap()
    }

    const WHITE: u32 = 0x00ff_ffff;

    #[test]
    fn at_its_own_size_every_pixel_is_converted_and_nothing_else() {
        for (width, height) in [(64, 48), (33, 17)] {
            let frame = TestPattern::render(7, 12_345, width, height).unwrap();
            let expected: Vec<u32> = to_rgb(&frame)
                .chunks_exact(3)
                .map(|rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]]))
                .collect();
            for scaling in [Scaling::Fit, Scaling::Fill, Scaling::Balanced] {
                let pixels = painted(&frame, Size::new(width, height), scaling, false);
                assert_eq!(pixels.data(), expected, "{width}x{height} {scaling:?}");
            }
        }
    }

    #[test]
    fn red_is_red_and_blue_is_blue() {
        let size = Size::new(5, 3);
        for (yuv, [red, green, blue]) in [
            ([81, 90, 240], [254, 0, 0]),
            ([145, 54, 34], [0, 255, 1]),
            ([41, 240, 110], [0, 0, 255]),
        ] {
            let pixels = painted(&filled(16, 16, yuv), size, Scaling::Fill, false);
            for &pixel in pixels.data() {
                let [zero, r, g, b] = pixel.to_be_bytes();
                assert_eq!(zero, 0);
                let far = [r.abs_diff(red), g.abs_diff(green), b.abs_diff(blue)];
                assert!(far.iter().all(|&far| far <= 2), "{yuv:?} is {pixel:06x}");
            }
        }
    }

    #[test]
    fn bars_are_black() {
        let white = filled(32, 16, [235, 128, 128]);
        let pixels = painted(&white, Size::new(10, 10), Scaling::Fit, false);
        for (y, row) in pixels.rows().enumerate() {
            let color = if (2..7).contains(&y) { WHITE } else { BLACK };
            assert!(row.iter().all(|&pixel| pixel == color), "row {y}: {row:x?}");
        }
        let beside = painted(&white, Size::new(30, 5), Scaling::Fit, false);
        for row in beside.rows() {
            assert_eq!(row.iter().filter(|&&pixel| pixel == WHITE).count(), 10);
            assert!(
                row[..10]
                    .iter()
                    .chain(&row[20..])
                    .all(|&pixel| pixel == BLACK)
            );
        }
    }

    #[test]
    fn the_middle_is_shown_when_the_sides_are_cut_off() {
        let pixels = painted(&halves(64, 16), Size::new(16, 16), Scaling::Fill, false);
        for row in pixels.rows() {
            assert!(row[..8].iter().all(|&pixel| pixel == BLACK), "{row:x?}");
            assert!(row[8..].iter().all(|&pixel| pixel == WHITE), "{row:x?}");
        }
    }

    #[test]
    fn a_mirror_swaps_left_and_right() {
        let pixels = painted(&halves(64, 48), Size::new(64, 48), Scaling::Fit, true);
        for row in pixels.rows() {
            assert!(row[..32].iter().all(|&pixel| pixel == WHITE));
            assert!(row[32..].iter().all(|&pixel| pixel == BLACK));
        }
    }

    #[test]
    fn a_picture_can_be_read_at_another_size() {
        // Through the surface and back: the mark of the pattern is still there.
        let frame = TestPattern::render(4711, 99_000, 640, 360).unwrap();
        let pixels = painted(&frame, Size::new(320, 400), Scaling::Fit, false);
        let shown: Vec<u8> = pixels
            .rows()
            .skip(110)
            .take(180)
            .flatten()
            .map(luma)
            .collect();
        let grey = [shown, vec![128; 320 * 180 / 2]].concat();
        let back = VideoFrame::new(320, 180, grey, Duration::ZERO).unwrap();
        assert_eq!(TestPattern::read(&back).unwrap().counter, 4711);
    }

    fn luma(pixel: &u32) -> u8 {
        let [_, red, green, blue] = pixel.to_be_bytes().map(u32::from);
        (16 + (red * 263 + green * 516 + blue * 100) / 1024) as u8
    }

    proptest! {
        #[test]
        fn mirroring_reverses_every_row(
            picture in (16_u32..60, 16_u32..60),
            surface in (1_u32..60, 1_u32..60),
            scaling in prop::sample::select(vec![Scaling::Fit, Scaling::Fill, Scaling::Balanced]),
        ) {
            let frame = TestPattern::render(3, 500, picture.0, picture.1).unwrap();
            let size = Size::new(surface.0, surface.1);
            let placement =
                Placement::of(Size::new(picture.0, picture.1), size, scaling).unwrap();
            let straight = painted(&frame, size, scaling, false);
            let mirrored = painted(&frame, size, scaling, true);
            let Rect { x, y, width, height } = placement.shown;
            let rows = straight.rows().zip(mirrored.rows());
            for (straight, mirrored) in rows.skip(y as usize).take(height as usize) {
                let shown = x as usize..(x + width) as usize;
                let mut reversed = straight[shown.clone()].to_vec();
                reversed.reverse();
                prop_assert_eq!(&reversed[..], &mirrored[shown]);
            }
        }

        #[test]
        fn one_color_covers_what_is_shown_and_black_the_rest(
            picture in (16_u32..60, 16_u32..60),
            surface in (1_u32..80, 1_u32..80),
            scaling in prop::sample::select(vec![Scaling::Fit, Scaling::Fill, Scaling::Balanced]),
        ) {
            let frame = filled(picture.0, picture.1, [235, 128, 128]);
            let size = Size::new(surface.0, surface.1);
            let shown = Placement::of(Size::new(picture.0, picture.1), size, scaling)
                .unwrap()
                .shown;
            let pixels = painted(&frame, size, scaling, false);
            for y in 0..size.height {
                for x in 0..size.width {
                    let inside = (shown.x..shown.x + shown.width).contains(&x)
                        && (shown.y..shown.y + shown.height).contains(&y);
                    let color = if inside { WHITE } else { BLACK };
                    prop_assert_eq!(pixels.at(x, y), Some(color));
                }
            }
        }
    }
}

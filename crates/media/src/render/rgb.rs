//! From I420 to RGB: BT.601 limited range, as VP8 is displayed (RFC 6386 section 9.2).

use crate::frame::VideoFrame;

/// Rows of red, green and blue, 8 bits each, tightly packed.
#[must_use]
pub fn to_rgb(frame: &VideoFrame) -> Vec<u8> {
    let (width, chroma_width) = (frame.width() as usize, frame.chroma_width() as usize);
    let mut rgb = Vec::with_capacity(frame.y().len() * 3);
    for (row, luma) in frame.y().chunks_exact(width).enumerate() {
        let chroma = row / 2 * chroma_width;
        for (column, &y) in luma.iter().enumerate() {
            let at = chroma + column / 2;
            rgb.extend(pixel(y, frame.u()[at], frame.v()[at]));
        }
    }
    rgb
}

/// Red, green and blue of one pixel.
pub(crate) fn pixel(y: u8, u: u8, v: u8) -> [u8; 3] {
    // Factors are in 1/1024.
    let y = (i32::from(y) - 16) * 1192 + 512;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let channel = |value: i32| (value >> 10).clamp(0, 255) as u8;
    [
        channel(y + 1634 * v),
        channel(y - 401 * u - 832 * v),
        channel(y + 2066 * u),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn known_colors_come_out() {
        for (yuv, rgb) in [
            ([16, 128, 128], [0, 0, 0]),
            ([235, 128, 128], [255, 255, 255]),
            ([81, 90, 240], [254, 0, 0]),
            ([145, 54, 34], [0, 255, 1]),
            ([41, 240, 110], [0, 0, 255]),
        ] {
            let got = pixel(yuv[0], yuv[1], yuv[2]);
            assert!(
                got.iter()
                    .zip(rgb)
                    .all(|(&a, b): (&u8, u8)| a.abs_diff(b) <= 2),
                "{yuv:?} gave {got:?}"
            );
        }
    }

    #[test]
    fn odd_sizes_have_all_their_pixels() {
        let frame = VideoFrame::filled(17, 19, [235, 128, 128], Duration::ZERO).unwrap();
        assert_eq!(to_rgb(&frame), vec![255; 17 * 19 * 3]);
    }
}

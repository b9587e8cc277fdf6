//! Peak signal-to-noise ratio: how far a picture is from the one it should be.

use crate::frame::VideoFrame;

/// Returned for identical pictures, in dB; real ones of compressed video end at 50 or so.
pub const IDENTICAL: f64 = 100.0;

/// Of the luma planes, in dB: 30 is visibly damaged, 35 fine, above 40 hard to tell from
/// the original. A reference of another size is scaled to the size of `picture` first.
#[must_use]
pub fn psnr_luma(picture: &VideoFrame, reference: &VideoFrame) -> f64 {
    let Ok(reference) = reference.scaled(picture.width(), picture.height()) else {
        return 0.0;
    };
    let squares: u64 = picture
        .y()
        .iter()
        .zip(reference.y())
        .map(|(&a, &b)| u64::from(a.abs_diff(b)) * u64::from(a.abs_diff(b)))
        .sum();
    if squares == 0 {
        return IDENTICAL;
    }
    let mean = squares as f64 / picture.y().len() as f64;
    (10.0 * (255.0 * 255.0 / mean).log10()).min(IDENTICAL)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    fn flat(width: u32, luma: u8) -> VideoFrame {
        VideoFrame::filled(width, 16, [luma, 0, 0], Duration::ZERO).unwrap()
    }

    #[test]
    fn known_distances() {
        assert_eq!(psnr_luma(&flat(16, 9), &flat(16, 9)), IDENTICAL);
        assert!((psnr_luma(&flat(16, 10), &flat(16, 11)) - 48.13).abs() < 0.01);
        assert!(psnr_luma(&flat(16, 0), &flat(16, 255)).abs() < 0.01);
        assert!((psnr_luma(&flat(16, 10), &flat(64, 11)) - 48.13).abs() < 0.01);
    }
}

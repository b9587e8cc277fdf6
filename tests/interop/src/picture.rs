//! What pictures of the other side must show.

use std::time::Duration;

use visavis_media::VideoFrame;

/// An RGBA picture as a frame; color is left out, the marks are in the luma.
///
/// # Panics
/// When the bytes do not make a picture of that size.
pub fn luma_frame(width: u32, height: u32, rgba: &[u8]) -> VideoFrame {
    let pixels = (width * height) as usize;
    let mut data = vec![128; VideoFrame::byte_len(width, height).expect("a size")];
    for (luma, pixel) in data[..pixels].iter_mut().zip(rgba.chunks_exact(4)) {
        // BT.601, limited range.
        let sum = 66 * u32::from(pixel[0]) + 129 * u32::from(pixel[1]) + 25 * u32::from(pixel[2]);
        *luma = (16 + (sum + 128) / 256) as u8;
    }
    VideoFrame::new(width, height, data, Duration::ZERO).expect("a picture")
}

/// The counter that the test page paints: sixteen columns in the upper half,
/// the lowest bit first. `None` where a column is neither black nor white.
pub fn page_counter(frame: &VideoFrame) -> Option<u16> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    (0..16).try_fold(0, |counter, bit| {
        let x = (2 * bit + 1) * width / 32;
        match frame.y()[height / 4 * width + x] {
            0..=80 => Some(counter),
            160..=255 => Some(counter | 1 << bit),
            _ => None,
        }
    })
}

/// What a tone is told by, in samples: a tenth of a second. Where a packet came late
/// the tone goes on with another phase, which a longer piece would take for noise.
const PIECE: usize = 4_800;

/// The share of the sound's energy that is at `hz`, 0 to 1.
pub fn share_at(samples: &[i16], hz: f64) -> f64 {
    let (mut tone, mut all) = (0.0, 0.0);
    for piece in samples.chunks_exact(PIECE) {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (at, sample) in piece.iter().enumerate() {
            let angle = std::f64::consts::TAU * hz * at as f64 / 48_000.0;
            let sample = f64::from(*sample);
            sine += sample * angle.sin();
            cosine += sample * angle.cos();
            all += sample * sample;
        }
        tone += 2.0 * (sine * sine + cosine * cosine) / piece.len() as f64;
    }
    tone / f64::max(all, 1.0)
}

//! The strongest pitch in a short piece of sound.

use std::f32::consts::PI;
use std::ops::Range;

/// A complex number.
#[derive(Debug, Clone, Copy, Default)]
struct Complex {
    re: f32,
    im: f32,
}

impl Complex {
    fn turned(angle: f32) -> Self {
        Self {
            re: angle.cos(),
            im: angle.sin(),
        }
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }
}

/// A pitch that stands out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peak {
    /// Its frequency in the middle of the piece, in Hz.
    pub(super) hz: f64,
    /// Its share of the sound's energy, 0 to 1.
    pub(super) share: f32,
}

/// Looks for one glide of known speed.
///
/// Each piece is turned back by the glide's speed, which makes of the glide a
/// steady tone, whatever part of the piece it fills; then a Fourier transform
/// over at least twice as many points finds that tone.
#[derive(Debug)]
pub(super) struct GlideFinder {
    rate: f32,
    /// Window times turn, one for each sample of a piece.
    turned_window: Vec<Complex>,
    /// Power of a tone of unit energy at its peak.
    unit_power: f32,
    /// The turns of each step of the transform, one step after the other.
    twiddles: Vec<Complex>,
    buffer: Vec<Complex>,
    bins: Range<usize>,
}

impl GlideFinder {
    /// For pieces of `length` samples at `rate` Hz; the pitch in the middle of the
    /// piece is looked for within `hz`; it moves by `speed` Hz/s.
    pub(super) fn new(length: usize, rate: f32, speed: f32, hz: Range<f32>) -> Self {
        let points = (2 * length).next_power_of_two();
        let window = |n: usize| (PI * (n as f32 + 0.5) / length as f32).sin().powi(2);
        let turned_window = (0..length)
            .map(|n| {
                let t = (n as f32 + 0.5 - length as f32 / 2.0) / rate;
                let turn = Complex::turned(-PI * speed * t * t);
                Complex {
                    re: window(n) * turn.re,
                    im: window(n) * turn.im,
                }
            })
            .collect();
        let sum: f32 = (0..length).map(window).sum();
        let squares: f32 = (0..length).map(|n| window(n).powi(2)).sum();
        let bin = |hz: f32| (hz / rate * points as f32) as usize;
        Self {
            rate,
            turned_window,
            unit_power: sum * sum / (2.0 * squares),
            twiddles: twiddles(points),
            buffer: vec![Complex::default(); points],
            bins: bin(hz.start).max(1)..bin(hz.end).min(points / 2 - 1),
        }
    }

    /// The strongest pitch; nothing in complete silence.
    pub(super) fn find(&mut self, piece: &[f32]) -> Option<Peak> {
        let mut energy = 0.0;
        self.buffer.fill(Complex::default());
        for ((to, turned), sample) in self.buffer.iter_mut().zip(&self.turned_window).zip(piece) {
            *to = Complex {
                re: turned.re * sample,
                im: turned.im * sample,
            };
            energy += to.power();
        }
        if energy <= f32::MIN_POSITIVE {
            return None;
        }
        transform(&mut self.buffer, &self.twiddles);
        let power = |bin: usize| self.buffer[bin].power().max(f32::MIN_POSITIVE);
        let best = self
            .bins
            .clone()
            .max_by(|&a, &b| power(a).total_cmp(&power(b)))?;
        // A parabola through the logarithms fits the top of a window's main lobe well.
        let [left, top, right] = [best - 1, best, best + 1].map(|bin| power(bin).ln());
        let curve = left - 2.0 * top + right;
        let offset = if curve < 0.0 {
            ((left - right) / (2.0 * curve)).clamp(-0.5, 0.5)
        } else {
            0.0
        };
        let bin = best as f64 + f64::from(offset);
        Some(Peak {
            hz: bin * f64::from(self.rate) / self.buffer.len() as f64,
            share: power(best) / (self.unit_power * energy),
        })
    }
}

fn twiddles(points: usize) -> Vec<Complex> {
    let steps = std::iter::successors(Some(1), |half| Some(half * 2));
    let turns = steps
        .take_while(|&half| half < points)
        .flat_map(|half| (0..half).map(move |n| Complex::turned(-PI * n as f32 / half as f32)));
    turns.collect()
}

/// A fast Fourier transform in place, radix 2, decimation in time.
fn transform(data: &mut [Complex], twiddles: &[Complex]) {
    let points = data.len();
    let shift = usize::BITS - points.trailing_zeros();
    for n in 0..points {
        let mirrored = n.reverse_bits() >> shift;
        if n < mirrored {
            data.swap(n, mirrored);
        }
    }
    let mut half = 1;
    let mut turns = twiddles;
    while half < points {
        let (these, others) = turns.split_at(half);
        turns = others;
        for block in data.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((low, high), &turn) in low.iter_mut().zip(high).zip(these) {
                let turned = high.times(turn);
                *high = Complex {
                    re: low.re - turned.re,
                    im: low.im - turned.im,
                };
                *low = Complex {
                    re: low.re + turned.re,
                    im: low.im + turned.im,
                };
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::f32::consts::TAU;

    fn glide(hz: f32, speed: f32) -> Vec<f32> {
        // `hz` in the middle of 160 samples at 16 kHz.
        (0..160)
            .map(|n| {
                let t = (n as f32 + 0.5 - 80.0) / 16_000.0;
                (TAU * (hz * t + speed * t * t / 2.0) + 1.0).sin()
            })
            .collect()
    }

    #[test]
    fn steady_and_gliding_pitches_are_found() {
        for (hz, speed) in [(700.0, 0.0), (1234.5, 6400.0), (2100.0, 6400.0)] {
            let mut finder = GlideFinder::new(160, 16_000.0, speed, 500.0..2500.0);
            let peak = finder.find(&glide(hz, speed)).unwrap();
            assert!((peak.hz - f64::from(hz)).abs() < 3.0, "{peak:?} {hz}");
            assert!((0.95..1.05).contains(&peak.share), "{peak:?}");
        }
    }

    #[test]
    fn silence_has_no_pitch() {
        assert!(
            GlideFinder::new(160, 16_000.0, 0.0, 500.0..2500.0)
                .find(&[0.0; 160])
                .is_none()
        );
    }
}

//! Converts a stream of mono samples from any rate to 48 kHz by a windowed sinc.
//!
//! For files and devices, where the ratio is fixed; the small corrections for
//! clock drift are the jitter buffer's.

use std::f64::consts::PI;

use crate::frame::SAMPLE_RATE;

/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 24;
/// Filters between two neighboring input samples; finer places are interpolated.
const PHASES: usize = 256;
/// Share of the lower of both Nyquist frequencies that passes.
const PASS: f64 = 0.94;
/// Shape of the Kaiser window: about 90 dB of stop-band attenuation.
const KAISER_BETA: f64 = 9.0;

/// A streaming converter to 48 kHz.
#[derive(Debug)]
pub(crate) struct Resampler {
    from: u64,
    /// `PHASES + 1` filters of `2 * reach` taps.
    filters: Vec<f32>,
    /// Input samples looked at on each side of an output sample.
    reach: usize,
    /// Input that is still needed, beginning `reach` samples before the stream.
    input: Vec<f32>,
    /// Index of `input[0]` in the stream that begins with `reach` zeros.
    input_start: u64,
    /// Output samples made.
    made: u64,
}

impl Resampler {
    /// `from` is the rate of the input in Hz, not 0.
    pub(crate) fn new(from: u32) -> Self {
        let ratio = f64::from(SAMPLE_RATE) / f64::from(from);
        let cutoff = PASS * ratio.min(1.0);
        let reach = (CROSSINGS as f64 / cutoff).ceil() as usize;
        Self {
            from: u64::from(from),
            filters: filters(cutoff, reach),
            reach,
            input: vec![0.0; reach],
            input_start: 0,
            made: 0,
        }
    }

    /// Takes the next input and appends all output it completes.
    pub(crate) fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.input.extend_from_slice(input);
        let to = u64::from(SAMPLE_RATE);
        loop {
            let place = self.made * self.from;
            // The first tap; in the stream that begins with `reach` zeros it lies
            // one after the output's own place.
            let first = (place / to + 1 - self.input_start) as usize;
            let Some(window) = self.input.get(first..first + 2 * self.reach) else {
                break;
            };
            let phase = (place % to) as f32 * PHASES as f32 / to as f32;
            output.push(self.filter(window, phase));
            self.made += 1;
        }
        let unused = (self.made * self.from / to + 1).saturating_sub(self.input_start) as usize;
        let unused = unused.min(self.input.len());
        self.input.drain(..unused);
        self.input_start += unused as u64;
    }

    /// The last output, as if silence followed.
    pub(crate) fn finish(&mut self, output: &mut Vec<f32>) {
        self.push(&vec![0.0; self.reach], output);
    }

    fn filter(&self, window: &[f32], phase: f32) -> f32 {
        let taps = window.len();
        let index = phase as usize;
        let share = phase - index as f32;
        let (near, far) = self.filters[index * taps..(index + 2) * taps].split_at(taps);
        let mut sum = 0.0;
        for ((sample, near), far) in window.iter().zip(near).zip(far) {
            sum += sample * (near + share * (far - near));
        }
        sum
    }
}

fn filters(cutoff: f64, reach: usize) -> Vec<f32> {
    let mut filters = Vec::with_capacity((PHASES + 1) * 2 * reach);
    for phase in 0..=PHASES {
        let offset = phase as f64 / PHASES as f64;
        let taps: Vec<f64> = (0..2 * reach)
            .map(|tap| {
                let x = tap as f64 + 1.0 - reach as f64 - offset;
                sinc(x * cutoff) * kaiser(x / reach as f64)
            })
            .collect();
        let gain: f64 = taps.iter().sum();
        filters.extend(taps.iter().map(|tap| (tap / gain) as f32));
    }
    filters
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

fn kaiser(x: f64) -> f64 {
    bessel_i0(KAISER_BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel_i0(KAISER_BETA)
}

fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: f64, hz: f64, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| (n as f64 / rate * hz * 2.0 * PI).sin() as f32)
            .collect()
    }

    fn convert(from: u32, input: &[f32]) -> Vec<f32> {
        let mut resampler = Resampler::new(from);
        let mut output = Vec::new();
        for piece in input.chunks(333) {
            resampler.push(piece, &mut output);
        }
        resampler.finish(&mut output);
        output
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_the_same_time() {
        for from in [8000, 16_000, 22_050, 44_100, 48_000, 96_000] {
            let input = tone(f64::from(from), 1000.0, from as usize / 2);
            let output = convert(from, &input);
            assert!(
                output.len().abs_diff(24_000) <= 1,
                "{from}: {}",
                output.len()
            );
            let expected = tone(48_000.0, 1000.0, 24_000);
            let worst = (1000..23_000)
                .map(|n| (output[n] - expected[n]).abs())
                .fold(0.0, f32::max);
            assert!(worst < 1e-3, "{from}: {worst}");
        }
    }

    #[test]
    fn what_48_khz_cannot_carry_is_removed() {
        let output = convert(96_000, &tone(96_000.0, 30_000.0, 48_000));
        let peak = output[1000..23_000]
            .iter()
            .fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!(peak < 1e-3, "{peak}");
    }
}

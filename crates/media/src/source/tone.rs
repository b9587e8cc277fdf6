//! One steady tone.

use std::f64::consts::TAU;
use std::time::Duration;

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::frame::{AudioFrame, SAMPLE_RATE, SAMPLES_PER_FRAME};

/// A sine in real time, for ever.
#[derive(Debug)]
pub struct Tone {
    hz: f64,
    amplitude: f64,
    pace: AudioPace,
}

impl Tone {
    /// A tone of `hz` (kept within 20 Hz to 20 kHz) whose peaks reach `level`,
    /// 0.0 silent to 1.0 full scale.
    #[must_use]
    pub fn new(hz: f64, level: f64) -> Self {
        let amplitude = level.clamp(0.0, 1.0) * f64::from(i16::MAX);
        Self {
            hz: hz.clamp(20.0, 20_000.0),
            amplitude,
            pace: AudioPace::new(),
        }
    }

    fn render(&self, first_sample: u64) -> Vec<i16> {
        (first_sample..first_sample + SAMPLES_PER_FRAME as u64)
            .map(|n| {
                let cycles = self.hz * n as f64 / f64::from(SAMPLE_RATE);
                ((cycles.fract() * TAU).sin() * self.amplitude).round() as i16
            })
            .collect()
    }
}

impl AudioSource for Tone {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        match self.pace.tick(wait) {
            Some(tick) => Next::Frame(AudioFrame::new(
                self.render(tick.first_sample),
                tick.timestamp,
            )),
            None => Next::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_join_without_a_step() {
        let tone = Tone::new(1000.0, 0.5);
        let sound = [tone.render(0), tone.render(960)].concat();
        let step = sound
            .windows(2)
            .map(|w| (w[1] - w[0]).unsigned_abs())
            .max()
            .unwrap_or(0);
        // A 1 kHz sine moves by at most amplitude * 2 pi / 48 between two samples.
        assert!(step <= 2146, "{step}");
        assert!(
            sound
                .iter()
                .max()
                .is_some_and(|&peak| (16_300..=16_384).contains(&peak))
        );
    }
}

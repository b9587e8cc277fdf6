//! A sound that carries its own time, so that whoever receives it can tell which
//! stretch of the sent sound each stretch of the received sound was.
//!
//! Two voices sing at once, both glides (linear chirps), both at constant level:
//!
//! | voice | from | to | lasts | speed | tells |
//! |---|---|---|---|---|---|
//! | quick | 600 Hz | 2200 Hz | 250 ms | 6400 Hz/s | the place within a glide, to a millisecond |
//! | slow | 2600 Hz | 5800 Hz | 12.5 s | 256 Hz/s | which of the 50 glides it is, 64 Hz apart |
//!
//! Together, like hour hand and minute hand, they name a position that repeats
//! only after 12.5 s, from any 10 ms of sound. Pitch survives what a call does to
//! sound: level, coding at 24 kbit/s and more, resampling. Both voices make
//! a whole number of cycles in each glide, so that nothing clicks where one begins.
//! [`measure::SweepReading`](crate::measure::SweepReading) is the reader.

use std::f64::consts::TAU;
use std::time::Duration;

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::frame::{AudioFrame, SAMPLE_RATE, SAMPLES_PER_FRAME};

/// One gliding voice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glide {
    /// Pitch at the beginning, in Hz.
    pub(crate) from: f64,
    /// Hz per second.
    pub(crate) speed: f64,
    /// Samples until it begins anew.
    pub(crate) samples: u64,
    /// Peak, full scale being 32768.
    amplitude: f64,
}

/// The voice that tells the place within a glide.
pub(crate) const QUICK: Glide =
    Glide { from: 600.0, speed: 6400.0, samples: 12_000, amplitude: 8000.0 };
/// The voice that tells which glide it is.
pub(crate) const SLOW: Glide =
    Glide { from: 2600.0, speed: 256.0, samples: 600_000, amplitude: 4000.0 };

impl Glide {
    fn sample(self, position: u64) -> f64 {
        let t = (position % self.samples) as f64 / f64::from(SAMPLE_RATE);
        let cycles = t * (self.from + t * self.speed / 2.0);
        (cycles.fract() * TAU).sin() * self.amplitude
    }

    /// How long one glide lasts, in seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.samples as f64 / f64::from(SAMPLE_RATE)
    }
}

/// The time-marked sound, in real time, for ever.
#[derive(Debug)]
pub struct Sweep {
    pace: AudioPace,
}

impl Sweep {
    /// After this long the sound begins anew.
    pub const PERIOD: Duration = Duration::from_millis(12_500);

    /// Begins at the first call of [`AudioSource::next_frame`].
    #[must_use]
    pub fn new() -> Self {
        Self { pace: AudioPace::new() }
    }

    /// `count` samples of the sound from sample `position` on.
    #[must_use]
    pub fn render(position: u64, count: usize) -> Vec<i16> {
        (position..position + count as u64)
            .map(|n| (QUICK.sample(n) + SLOW.sample(n)).round() as i16)
            .collect()
    }
}

impl Default for Sweep {
    fn default() -> Self {
        Self::new()
    }
}

impl AudioSource for Sweep {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        match self.pace.tick(wait) {
            Some(tick) => {
                let sound = Self::render(tick.first_sample, SAMPLES_PER_FRAME);
                Next::Frame(AudioFrame::new(sound, tick.timestamp))
            }
            None => Next::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_repeats_after_its_period_and_not_before() {
        let period = SLOW.samples;
        assert_eq!(period as f64 / f64::from(SAMPLE_RATE), Sweep::PERIOD.as_secs_f64());
        assert_eq!(Sweep::render(5, 480), Sweep::render(5 + period, 480));
        assert_ne!(Sweep::render(5, 480), Sweep::render(5 + QUICK.samples, 480));
    }

    #[test]
    fn glides_join_without_a_click() {
        for joint in [QUICK.samples, SLOW.samples] {
            let sound = Sweep::render(joint - 48, 96);
            let step = sound.windows(2).map(|w| (w[1] - w[0]).unsigned_abs()).max().unwrap_or(0);
            // The steepest slope of both voices together.
            let steepest = TAU * (8000.0 * 2200.0 + 4000.0 * 5800.0) / 48_000.0;
            assert!(f64::from(step) <= steepest, "{step}");
        }
    }
}

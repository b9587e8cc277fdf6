//! A sound that carries its own time, so that whoever receives it can tell which
//! stretch of the sent sound each stretch of the received sound was.
//!
//! Two voices sing at once, both gliding (linear chirps), both at constant level:
//!
//! | voice | goes | in | speed | tells |
//! |---|---|---|---|---|
//! | quick | 600 to 2200 Hz and back | 500 ms | 6400 Hz/s | the place in its half second, to a millisecond |
//! | slow | 2600 to 4200 Hz | 12.5 s | 128 Hz/s | which of 25 half seconds it is, 64 Hz apart |
//!
//! Together, like minute hand and hour hand, they name a position that repeats
//! only after 12.5 s, from any 10 ms of sound; whether the quick voice rises or
//! falls is heard as well. Pitch survives what a call does to sound: level, coding
//! at 32 kbit/s and more, resampling. Both voices make whole numbers of cycles, so
//! that nothing clicks where they begin anew, and the quick one never leaps, which
//! a codec for speech would smear.
//! [`measure::SweepReading`](crate::measure::SweepReading) is the reader.

use std::f64::consts::TAU;
use std::time::Duration;

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::frame::{AudioFrame, SAMPLE_RATE, SAMPLES_PER_FRAME};

/// The quick voice rises from this pitch (Hz)
pub(crate) const QUICK_FROM: f64 = 600.0;
/// at this speed (Hz/s), for half of its time; then it falls.
pub(crate) const QUICK_SPEED: f64 = 6400.0;
/// Samples until the quick voice begins anew.
pub(crate) const QUICK_SAMPLES: u64 = 24_000;
/// The slow voice rises from this pitch (Hz)
pub(crate) const SLOW_FROM: f64 = 2600.0;
/// at this speed (Hz/s).
pub(crate) const SLOW_SPEED: f64 = 128.0;
/// Samples until the slow voice, and so everything, begins anew.
pub(crate) const SLOW_SAMPLES: u64 = 600_000;
/// Peaks of the voices, full scale being 32768.
const QUICK_AMPLITUDE: f64 = 8000.0;
const SLOW_AMPLITUDE: f64 = 6000.0;

fn quick(position: u64) -> f64 {
    let place = position % QUICK_SAMPLES;
    let (t, speed) = if place < QUICK_SAMPLES / 2 {
        (seconds(place), QUICK_SPEED)
    } else {
        // Counted back from the end, where the phase is the same as at the beginning.
        (-seconds(QUICK_SAMPLES - place), -QUICK_SPEED)
    };
    sine(t * (QUICK_FROM + t * speed / 2.0)) * QUICK_AMPLITUDE
}

fn slow(position: u64) -> f64 {
    let t = seconds(position % SLOW_SAMPLES);
    sine(t * (SLOW_FROM + t * SLOW_SPEED / 2.0)) * SLOW_AMPLITUDE
}

fn seconds(samples: u64) -> f64 {
    samples as f64 / f64::from(SAMPLE_RATE)
}

fn sine(cycles: f64) -> f64 {
    (cycles.fract() * TAU).sin()
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
        Self {
            pace: AudioPace::new(),
        }
    }

    /// `count` samples of the sound from sample `position` on.
    #[must_use]
    pub fn render(position: u64, count: usize) -> Vec<i16> {
        (position..position + count as u64)
            .map(|n| (quick(n) + slow(n)).round() as i16)
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
        assert_eq!(seconds(SLOW_SAMPLES), Sweep::PERIOD.as_secs_f64());
        assert_eq!(Sweep::render(5, 480), Sweep::render(5 + SLOW_SAMPLES, 480));
        assert_ne!(Sweep::render(5, 480), Sweep::render(5 + QUICK_SAMPLES, 480));
    }

    #[test]
    fn voices_turn_and_begin_anew_without_a_click() {
        for joint in [QUICK_SAMPLES / 2, QUICK_SAMPLES, SLOW_SAMPLES] {
            let sound = Sweep::render(joint - 48, 96);
            let step = sound
                .windows(2)
                .map(|w| (w[1] - w[0]).unsigned_abs())
                .max()
                .unwrap_or(0);
            // The steepest slope of both voices together.
            let steepest = TAU * (QUICK_AMPLITUDE * 2200.0 + SLOW_AMPLITUDE * 4200.0) / 48_000.0;
            assert!(f64::from(step) <= steepest, "{step}");
        }
    }
}

//! Digital silence, for a call without a microphone.

use std::time::Duration;

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::frame::{AudioFrame, SAMPLES_PER_FRAME};

/// Zeros in real time, for ever.
#[derive(Debug)]
pub struct Silence {
    pace: AudioPace,
}

impl Silence {
    /// Begins at the first call of [`AudioSource::next_frame`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            pace: AudioPace::new(),
        }
    }
}

impl Default for Silence {
    fn default() -> Self {
        Self::new()
    }
}

impl AudioSource for Silence {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        match self.pace.tick(wait) {
            Some(tick) => Next::Frame(AudioFrame::new([0; SAMPLES_PER_FRAME], tick.timestamp)),
            None => Next::NotYet,
        }
    }
}

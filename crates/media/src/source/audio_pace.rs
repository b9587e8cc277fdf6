//! The pace of audio sources: one tick in 20 ms, caught up with when late.

use std::time::Duration;

use super::pace::{FrameRate, Pacer};
use crate::frame::SAMPLES_PER_FRAME;

/// Frames of [`SAMPLES_PER_FRAME`] a second.
const RATE: FrameRate = FrameRate::whole(50);
/// A thread that was held up for less than this sends everything it owes; after
/// more, the machine was asleep and nobody wants to hear what was not said.
const ALLOWED_LATENESS: Duration = Duration::from_secs(2);

/// One frame that is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    /// Its first sample, counted from the beginning of the source.
    pub(super) first_sample: u64,
    /// The same as a time.
    pub(super) timestamp: Duration,
}

/// Waits for frames of 20 ms to become due.
#[derive(Debug)]
pub(super) struct AudioPace {
    pacer: Pacer,
}

impl AudioPace {
    /// The first frame is due at the first tick.
    pub(super) fn new() -> Self {
        Self {
            pacer: Pacer::new(RATE, ALLOWED_LATENESS),
        }
    }

    /// Blocks until the next frame is due, at most for `wait`.
    pub(super) fn tick(&mut self, wait: Duration) -> Option<Tick> {
        let index = self.pacer.tick(wait)?;
        let first_sample = index * SAMPLES_PER_FRAME as u64;
        Some(Tick {
            first_sample,
            timestamp: RATE.time_of(index),
        })
    }
}

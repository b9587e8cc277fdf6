//! Holds the last sound when there is nothing to play.
//!
//! The last pitch period is played round and round while it fades. The decoder
//! knows nothing of it, so that it can go on exactly where it was when the packets
//! that were only late come in.

use super::stretch;

/// Played sound that has to be remembered for it.
pub(super) const MEMORY: usize = 2 * stretch::COMFORTABLE;
/// Made-up sound fades from here, 60 ms,
const FADE_BEGIN: usize = 2880;
/// to here, 160 ms, where silence begins.
pub(super) const FADE_END: usize = 7680;

/// The continuation of some sound.
#[derive(Debug)]
pub(super) struct Extension {
    period: Vec<i16>,
    made: usize,
}

impl Extension {
    /// What continues `past`.
    pub(super) fn of(past: &[i16]) -> Self {
        let tail = &past[past.len().saturating_sub(stretch::COMFORTABLE)..];
        let Some(length) = stretch::last_period(tail) else {
            return Self {
                period: vec![0],
                made: 0,
            };
        };
        let (before, last) = tail.split_at(tail.len() - length);
        // Its end leads over to its beginning, as the sound before it did.
        let overlap = length / 4;
        let joint =
            stretch::cross_fade(&last[length - overlap..], &before[before.len() - overlap..]);
        let period = [&last[..length - overlap], &joint].concat();
        Self { period, made: 0 }
    }

    /// The next `samples` of it.
    pub(super) fn next(&mut self, samples: usize) -> Vec<i16> {
        let begin = self.made;
        self.made = begin.saturating_add(samples);
        (begin..self.made)
            .map(|n| fade(n, self.period[n % self.period.len()]))
            .collect()
    }
}

/// Turns down the `n`th sample of made-up sound.
pub(super) fn fade(n: usize, sample: i16) -> i16 {
    let left = FADE_END.saturating_sub(n.max(FADE_BEGIN));
    (i32::from(sample) * left as i32 / (FADE_END - FADE_BEGIN) as i32) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(range: std::ops::Range<usize>) -> Vec<i16> {
        // A period is 240 samples.
        range
            .map(|n| ((n as f64 / 240.0 * std::f64::consts::TAU).sin() * 9000.0) as i16)
            .collect()
    }

    #[test]
    fn a_tone_goes_on() {
        let mut extension = Extension::of(&tone(0..MEMORY));
        let made = [extension.next(480), extension.next(960)].concat();
        let expected = tone(MEMORY..MEMORY + 1440);
        let worst = made
            .iter()
            .zip(&expected)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst.is_some_and(|worst| worst < 300), "{worst:?}");
    }

    #[test]
    fn it_fades_to_silence() {
        let mut extension = Extension::of(&tone(0..MEMORY));
        extension.next(FADE_END);
        assert!(extension.next(480).iter().all(|&sample| sample == 0));
    }

    #[test]
    fn without_a_past_there_is_silence() {
        assert_eq!(Extension::of(&[]).next(10), [0; 10]);
        assert_eq!(Extension::of(&[5; 50]).next(2), [0; 2]);
    }
}

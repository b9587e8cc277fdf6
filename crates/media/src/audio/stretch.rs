//! Makes sound shorter or longer without changing its pitch (waveform-similarity
//! overlap-add): one period is left out or played twice, with a cross-fade.

use std::ops::RangeInclusive;

/// Shortest period changed, 2.5 ms.
const MIN_PERIOD: usize = 120;
/// Longest period changed, 12.5 ms.
pub(super) const MAX_PERIOD: usize = 600;
/// The search first compares sums of this many neighboring samples.
const COARSE: usize = 4;
/// Root mean square below which sound counts as a pause, where any cut goes unheard.
const PAUSE: f32 = 60.0;

/// How much the two sides of a cut must resemble each other, as a correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Likeness {
    /// Not to be heard.
    Strict,
    /// Heard rather than waited for.
    Loose,
}

impl Likeness {
    fn least(self) -> f32 {
        match self {
            Self::Strict => 0.8,
            Self::Loose => 0.4,
        }
    }
}

/// Samples that are best at hand for a change; fewer limit its length.
pub(super) const COMFORTABLE: usize = 2 * MAX_PERIOD;

/// Leaves out one period near the beginning and says how long it was; nothing
/// when no two periods are alike enough.
pub(super) fn shorten(sound: &mut Vec<i16>, likeness: Likeness) -> Option<usize> {
    let period = best_period(sound, likeness)?;
    let joint = cross_fade(&sound[..period], &sound[period..2 * period]);
    sound.splice(..2 * period, joint);
    Some(period)
}

/// Plays one period twice and says how long it was.
pub(super) fn lengthen(sound: &mut Vec<i16>, likeness: Likeness) -> Option<usize> {
    let period = best_period(sound, likeness)?;
    let joint = cross_fade(&sound[period..2 * period], &sound[..period]);
    sound.splice(period..period, joint);
    Some(period)
}

/// Length of the last period of a sound, the best guess when there is none; nothing
/// for sound too short to tell.
pub(super) fn last_period(sound: &[i16]) -> Option<usize> {
    let backwards: Vec<i16> = sound.iter().rev().copied().collect();
    let longest = MAX_PERIOD.min(sound.len() / 2);
    (longest >= MIN_PERIOD).then(|| best_period(&backwards, Likeness::Loose).unwrap_or(longest))
}

/// Goes over from one sound to another; as long as the shorter of them.
pub(super) fn cross_fade(from: &[i16], to: &[i16]) -> Vec<i16> {
    let length = from.len().min(to.len()) as f32;
    from.iter()
        .zip(to)
        .enumerate()
        .map(|(n, (&from, &to))| {
            let share = (n as f32 + 0.5) / length;
            (f32::from(from) * (1.0 - share) + f32::from(to) * share).round() as i16
        })
        .collect()
}

fn best_period(sound: &[i16], likeness: Likeness) -> Option<usize> {
    let longest = MAX_PERIOD.min(sound.len() / 2);
    if longest < MIN_PERIOD {
        return None;
    }
    let window = sound.len().min(2 * longest) - longest;
    let exact: Vec<f32> = sound[..longest + window]
        .iter()
        .map(|&s| f32::from(s))
        .collect();
    let energy: f32 = exact.iter().map(|s| s * s).sum();
    if energy < PAUSE * PAUSE * exact.len() as f32 {
        return Some(longest);
    }
    let coarse: Vec<f32> = exact
        .chunks_exact(COARSE)
        .map(|four| four.iter().sum())
        .collect();
    let (rough, _) = most_alike(
        &coarse,
        window / COARSE,
        MIN_PERIOD / COARSE..=longest / COARSE,
    )?;
    let around = (rough * COARSE).saturating_sub(COARSE).max(MIN_PERIOD)
        ..=(rough * COARSE + COARSE).min(longest);
    let (period, alike) = most_alike(&exact, window, around)?;
    (alike >= likeness.least()).then_some(period)
}

/// The shift at which the first `window` samples resemble later ones most.
fn most_alike(sound: &[f32], window: usize, shifts: RangeInclusive<usize>) -> Option<(usize, f32)> {
    let first = &sound[..window];
    let own = dot(first, first);
    let likeness = |shift: usize| {
        let other = &sound[shift..shift + window];
        dot(first, other) / (own * dot(other, other)).sqrt().max(1.0)
    };
    let candidates = shifts.filter(|shift| shift + window <= sound.len());
    candidates
        .map(|shift| (shift, likeness(shift)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::Sweep;

    fn voice(samples: usize) -> Vec<i16> {
        // 125 Hz with overtones: a period is 384 samples.
        (0..samples)
            .map(|n| {
                let t = n as f64 / 384.0 * std::f64::consts::TAU;
                (4000.0 * t.sin() + 2500.0 * (2.0 * t).sin() + 1500.0 * (5.0 * t).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn one_period_of_a_voice_is_left_out_unheard() {
        let mut sound = voice(1200);
        assert_eq!(shorten(&mut sound, Likeness::Strict), Some(384));
        assert_eq!(sound.len(), 816);
        let expected = voice(816);
        assert!(
            sound
                .iter()
                .zip(&expected)
                .all(|(a, b)| a.abs_diff(*b) <= 2)
        );
    }

    #[test]
    fn one_period_of_a_voice_is_played_twice_unheard() {
        let mut sound = voice(960);
        assert_eq!(lengthen(&mut sound, Likeness::Strict), Some(384));
        let expected = voice(1344);
        assert!(
            sound
                .iter()
                .zip(&expected)
                .all(|(a, b)| a.abs_diff(*b) <= 2)
        );
    }

    #[test]
    fn pauses_are_cut_generously() {
        let mut sound = vec![3; 1200];
        assert_eq!(shorten(&mut sound, Likeness::Strict), Some(600));
    }

    #[test]
    fn noise_is_left_alone() {
        let mut state = 1u32;
        let mut noise: Vec<i16> = (0..1200)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as i16 / 4
            })
            .collect();
        assert_eq!(shorten(&mut noise, Likeness::Strict), None);
        assert_eq!(noise.len(), 1200);
        assert_eq!(shorten(&mut vec![100; 100], Likeness::Strict), None);
    }

    #[test]
    fn the_time_marked_sound_can_be_changed() {
        let changed = (0..50)
            .filter(|n| shorten(&mut Sweep::render(n * 11_117, 1200), Likeness::Strict).is_some())
            .count();
        assert!(changed >= 40, "{changed}");
    }
}

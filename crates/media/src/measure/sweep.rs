//! Reads the time-marked sound of [`Sweep`](crate::source::Sweep) out of what was
//! received, and so finds what is missing, repeated or late.
//!
//! Every 2.5 ms, ten milliseconds of sound are looked at and name their position
//! in the sent sound. Position minus time of reception is constant as long as
//! sound is played as it was sent. Where it changes, something happened:
//!
//! - it jumps forward: sound is missing; it jumps back: sound is repeated;
//! - a stretch cannot be read (silence, sound made up for a lost packet) and the
//!   position goes on as if nothing had been: that much is missing;
//! - a stretch cannot be read and the position goes on where it stopped: nothing
//!   is missing, everything after it is late.
//!
//! Jumps up to [`LARGEST_STRETCH_MS`] are the changes of length that every jitter
//! buffer makes to single pitch periods, and are added up apart.
//!
//! Nothing but the samples is used. Sound before the first mark and after the last
//! cannot be judged.

use std::time::Duration;

use super::spectrum::GlideFinder;
use crate::source::Sweep;
use crate::source::sweep::{
    QUICK_FROM, QUICK_SAMPLES, QUICK_SPEED, SLOW_FROM, SLOW_SAMPLES, SLOW_SPEED,
};

/// Jumps up to this size, in ms, count as sound played faster or slower.
pub const LARGEST_STRETCH_MS: f64 = 14.0;

/// The sound is read at a quarter of its rate.
const DECIMATION: usize = 4;
const RATE: f32 = 12_000.0;
/// Samples looked at for one reading, 10 ms,
const PIECE: usize = 120;
/// and from one reading to the next, 2.5 ms.
const HOP: usize = 30;
const HOP_MS: f64 = 2.5;
/// Root mean square below which there is no sound, full scale being 32768.
const QUIET: f32 = 15.0;
/// Least share of the energy that each voice must have; sent are 0.64 and 0.36.
const QUICK_SHARE: f32 = 0.4;
const SLOW_SHARE: f32 = 0.05;
/// Readings this close, in ms, are of one piece of sound played as sent.
const SAME_MS: f64 = 4.0;
/// A reading is checked against so many on each side for its place in the half second,
const NEIGHBORS: usize = 4;
/// and against so many for which half second it is.
const VOTERS: usize = 12;
/// Readings that stray no further than this, in ms, and come back are a codec's doing,
const STRAY_MS: f64 = 9.0;
/// unless they stay away for longer than this, in ms.
const LONGEST_STRAY_MS: f64 = 22.0;
/// Readings that agree before they are believed: 35 ms of sound.
const LEAST_READINGS: usize = 10;
/// Changes below this, in ms, are no more than the inexactness of reading.
const INEXACT_MS: f64 = 1.5;
/// How long a cut without any sound between its sides disturbs the readings, in ms.
const CLEAN_CUT_MS: f64 = 12.0;
/// How long a cross-fade between two pitch periods disturbs them, in ms.
const LONGEST_GLIDE_MS: f64 = 30.0;
/// How much longer than silence the readings around it are disturbed, in ms,
const SILENT_BLUR_MS: f64 = 2.5;
/// and than made-up sound, which mixes with the sent sound at both its ends.
const SOUNDING_BLUR_MS: f64 = 6.0;
/// Unreadable stretches are known to this, in ms.
const GAP_INEXACT_MS: f64 = 6.0;

/// What was found in a recording.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SweepReading {
    /// Length of the recording.
    pub duration_ms: u64,
    /// Length of what could be read as sent sound.
    pub heard_ms: u64,
    /// Sent sound between the first and the last mark that was not heard.
    pub missing_ms: u64,
    /// Sent sound that was heard once more.
    pub repeated_ms: u64,
    /// How much later than at its earliest the sound came at worst.
    pub late_ms: u64,
    /// Sound left out in pieces too small to miss.
    pub shortened_ms: u64,
    /// Sound put in in pieces too small to notice.
    pub lengthened_ms: u64,
    /// Where in the recording the first mark was read.
    pub first_heard: Option<Duration>,
    /// Which position of the sent sound that was, modulo [`Sweep::PERIOD`].
    pub first_mark: Option<Duration>,
    /// Everything that happened, in order.
    pub faults: Vec<SweepFault>,
}

/// One disturbance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepFault {
    /// What happened.
    pub kind: FaultKind,
    /// Where in the recording.
    pub at: Duration,
    /// Length of the sound concerned.
    pub length: Duration,
}

/// What happened to a stretch of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It was not heard.
    Missing,
    /// It was heard again.
    Repeated,
    /// It came later than what was before it, by the length given.
    Late,
}

/// What ten milliseconds of sound say.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// Their middle, ms since the beginning of the recording.
    time: f64,
    /// Sent position minus time of reception, in ms, set right by the neighbors.
    offset: f64,
    /// Whether that is what they say themselves: the neighbors of a stray reading
    /// know where it should be, not whether the sent sound was there.
    own: bool,
}

/// Consecutive readings of sound that was played as sent.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Middle of the first reading, ms since the beginning of the recording.
    begin: f64,
    /// Middle of the last reading that says so itself, and of the last of all.
    end: f64,
    last: f64,
    /// Sent position minus time of reception, at the beginning and at the end.
    first_offset: f64,
    offset: f64,
    readings: usize,
    between: Between,
}

/// The disturbed readings between a run and the one before it.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    /// Their range, relative to the end of the run before.
    least: f64,
    most: f64,
    readings: usize,
}

impl Run {
    /// Whether the sound only became a little faster or slower, `jump` in all.
    fn glides_by(&self, jump: f64, disturbed: f64) -> bool {
        let Between { least, most, .. } = self.between;
        let smooth = least >= jump.min(0.0) - SAME_MS && most <= jump.max(0.0) + SAME_MS;
        let sounds = self.between.sounds(disturbed);
        let gradual = jump.abs() > INEXACT_MS && smooth && disturbed <= LONGEST_GLIDE_MS;
        let stray = jump.abs() <= SAME_MS
            && least.abs().max(most) <= STRAY_MS
            && disturbed <= LONGEST_STRAY_MS;
        jump.abs() <= LARGEST_STRETCH_MS
            && ((smooth && disturbed <= CLEAN_CUT_MS) || (sounds && (gradual || stray)))
    }
}

impl Between {
    /// Whether there was sound for most of the disturbed time.
    fn sounds(&self, disturbed: f64) -> bool {
        self.readings as f64 * HOP_MS * 2.0 >= disturbed - HOP_MS
    }
}

impl SweepReading {
    /// Reads a recording of 48 kHz mono sound.
    #[must_use]
    pub fn analyse(samples: &[i16]) -> Self {
        let runs = runs(&readings(&decimate(samples)));
        let mut reading = Self {
            duration_ms: samples.len() as u64 / 48,
            heard_ms: 0,
            missing_ms: 0,
            repeated_ms: 0,
            late_ms: 0,
            shortened_ms: 0,
            lengthened_ms: 0,
            first_heard: runs.first().map(|run| milliseconds(run.begin - 5.0)),
            first_mark: runs.first().map(|run| {
                milliseconds((run.begin - 5.0 + run.first_offset).rem_euclid(PERIOD_MS))
            }),
            faults: Vec::new(),
        };
        let mut totals = Totals::default();
        for pair in runs.windows(2) {
            reading.judge(&pair[0], &pair[1], &mut totals);
        }
        let heard: f64 = runs.iter().map(|run| run.end - run.begin + HOP_MS).sum();
        reading.heard_ms = heard.round() as u64;
        reading.missing_ms = totals.missing.round() as u64;
        reading.repeated_ms = totals.repeated.round() as u64;
        reading.late_ms = totals.worst_delay.round() as u64;
        reading.shortened_ms = totals.shortened.round() as u64;
        reading.lengthened_ms = totals.lengthened.round() as u64;
        reading
    }

    /// Nothing is missing and nothing was heard twice.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.first_mark.is_some() && self.missing_ms == 0 && self.repeated_ms == 0
    }

    fn judge(&mut self, before: &Run, after: &Run, totals: &mut Totals) {
        let jump = around(after.first_offset - before.offset);
        totals.note_delay(before.first_offset, before.offset, jump);
        let disturbed = after.begin - before.end;
        if after.glides_by(jump, disturbed) {
            if jump > INEXACT_MS {
                totals.shortened += jump;
            } else if jump < -INEXACT_MS {
                totals.lengthened -= jump;
            }
            return;
        }
        // What could not be read, and how far the sent sound went on meanwhile.
        let unread = if disturbed <= CLEAN_CUT_MS {
            0.0
        } else if after.between.sounds(disturbed) {
            disturbed - HOP_MS - SOUNDING_BLUR_MS
        } else {
            disturbed - HOP_MS - SILENT_BLUR_MS
        };
        let inexact = if unread == 0.0 {
            INEXACT_MS
        } else {
            GAP_INEXACT_MS
        };
        let passed = unread + jump;
        // Made-up sound may begin with the last pitch period once more.
        let held = if unread > LARGEST_STRETCH_MS {
            LARGEST_STRETCH_MS
        } else {
            0.0
        };
        let at = before.end + HOP_MS;
        if passed > inexact {
            totals.missing += passed;
            self.note(FaultKind::Missing, at, passed);
        } else if passed < -inexact - held {
            totals.repeated -= passed;
            self.note(FaultKind::Repeated, at, -passed);
        }
        if jump < -inexact {
            self.note(FaultKind::Late, at, -jump);
        }
    }

    fn note(&mut self, kind: FaultKind, at: f64, length: f64) {
        self.faults.push(SweepFault {
            kind,
            at: milliseconds(at),
            length: milliseconds(length),
        });
    }
}

#[derive(Debug, Default)]
struct Totals {
    missing: f64,
    repeated: f64,
    shortened: f64,
    lengthened: f64,
    /// Delay now, relative to the beginning, and the extremes so far.
    delay: f64,
    least_delay: f64,
    worst_delay: f64,
}

impl Totals {
    fn note_delay(&mut self, first_offset: f64, offset: f64, jump: f64) {
        self.delay -= around(offset - first_offset) + jump;
        self.least_delay = self.least_delay.min(self.delay);
        self.worst_delay = self.worst_delay.max(self.delay - self.least_delay);
    }
}

const PERIOD_MS: f64 = Sweep::PERIOD.as_millis() as f64;

/// A difference of positions, the short way round.
fn around(difference: f64) -> f64 {
    (difference + PERIOD_MS / 2.0).rem_euclid(PERIOD_MS) - PERIOD_MS / 2.0
}

fn milliseconds(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0) / 1000.0)
}

/// Sound at a quarter of the rate, what the lower rate cannot carry removed.
fn decimate(samples: &[i16]) -> Vec<f32> {
    const REACH: usize = 32;
    let taps: Vec<f32> = (0..=2 * REACH)
        .map(|n| {
            let x = (n as f32 - REACH as f32) / DECIMATION as f32;
            let sinc = if x == 0.0 {
                1.0
            } else {
                (std::f32::consts::PI * x).sin() / (std::f32::consts::PI * x)
            };
            let window = (std::f32::consts::PI * (n as f32 + 1.0) / (2 * REACH + 2) as f32).sin();
            sinc * window * window / DECIMATION as f32
        })
        .collect();
    (0..samples.len() / DECIMATION)
        .map(|n| {
            let center = n * DECIMATION;
            let first = center.saturating_sub(REACH);
            let skipped = first + REACH - center;
            let sound = &samples[first..samples.len().min(center + REACH + 1)];
            sound
                .iter()
                .zip(&taps[skipped..])
                .map(|(&s, tap)| f32::from(s) * tap)
                .sum()
        })
        .collect()
}

fn readings(sound: &[f32]) -> Vec<Reading> {
    let speed = QUICK_SPEED as f32;
    let mut rising = GlideFinder::new(PIECE, RATE, speed, 500.0..2300.0);
    let mut falling = GlideFinder::new(PIECE, RATE, -speed, 500.0..2300.0);
    let mut slow = GlideFinder::new(PIECE, RATE, SLOW_SPEED as f32, 2500.0..4300.0);
    // Times and offsets.
    let mut readings = Vec::new();
    for (index, piece) in sound.windows(PIECE).step_by(HOP).enumerate() {
        let energy: f32 = piece.iter().map(|s| s * s).sum();
        if energy < QUIET * QUIET * PIECE as f32 {
            continue;
        }
        let found = (rising.find(piece), falling.find(piece), slow.find(piece));
        let (Some(rising), Some(falling), Some(slow)) = found else {
            continue;
        };
        if rising.share.max(falling.share) < QUICK_SHARE || slow.share < SLOW_SHARE {
            continue;
        }
        let within = if rising.share > falling.share {
            (rising.hz - QUICK_FROM) / QUICK_SPEED
        } else {
            // The same pitch, as long before the end as rising after the beginning.
            QUICK_SECONDS - (falling.hz - QUICK_FROM) / QUICK_SPEED
        };
        let roughly = (slow.hz - SLOW_FROM) / SLOW_SPEED;
        let half_second = ((roughly - within) / QUICK_SECONDS).round();
        let time = index as f64 * HOP_MS + PIECE as f64 / f64::from(RATE) * 500.0;
        readings.push((time, (half_second * QUICK_SECONDS + within) * 1000.0 - time));
    }
    steadied(&readings)
}

const QUICK_SECONDS: f64 = QUICK_SAMPLES as f64 / 48_000.0;
const _: () = assert!(SLOW_SAMPLES == Sweep::PERIOD.as_millis() as u64 * 48);

/// The same readings without single strays: the half second is what most neighbors
/// say, the place in it their median. Lasting changes stay where they are.
fn steadied(readings: &[(f64, f64)]) -> Vec<Reading> {
    let half_second = QUICK_SECONDS * 1000.0;
    let near = |index: usize, reach: usize| {
        index.saturating_sub(reach)..readings.len().min(index + reach + 1)
    };
    let agreed: Vec<(f64, f64)> = readings
        .iter()
        .enumerate()
        .map(|(index, &(time, offset))| {
            let votes = |offset: f64| {
                let agrees =
                    |other: &&(f64, f64)| around(other.1 - offset).abs() < half_second / 4.0;
                readings[near(index, VOTERS)].iter().filter(agrees).count()
            };
            let others = [0.0, -1.0, 1.0, -2.0, 2.0].map(|n| offset + n * half_second);
            let best = others.into_iter().rev().max_by_key(|&other| votes(other));
            (time, best.unwrap_or(offset))
        })
        .collect();
    (0..agreed.len())
        .map(|index| {
            let (time, offset) = agreed[index];
            let span = &agreed[near(index, NEIGHBORS)];
            let mut differences: Vec<f64> = span
                .iter()
                .filter(|other| (other.0 - time).abs() <= NEIGHBORS as f64 * HOP_MS)
                .map(|other| around(other.1 - offset))
                .collect();
            differences.sort_by(f64::total_cmp);
            let correction = differences[differences.len() / 2];
            Reading {
                time,
                offset: offset + correction,
                own: correction.abs() <= SAME_MS,
            }
        })
        .collect()
}

fn runs(readings: &[Reading]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut current: Option<Run> = None;
    for &Reading { time, offset, own } in readings {
        if let Some(run) = &mut current
            && time - run.last <= CLEAN_CUT_MS
            && around(offset - run.offset).abs() <= SAME_MS
        {
            run.last = time;
            if !own {
                continue;
            }
            // Follows clocks that run apart, not jumps.
            run.offset += around(offset - run.offset) * 0.2;
            run.end = time;
            run.readings += 1;
            if run.readings == LEAST_READINGS {
                run.first_offset = run.offset;
            }
            continue;
        }
        finish(&mut runs, current.take());
        current = own.then_some(Run {
            begin: time,
            end: time,
            last: time,
            first_offset: offset,
            offset,
            readings: 1,
            between: Between::default(),
        });
    }
    finish(&mut runs, current);
    note_between(&mut runs, readings);
    runs
}

/// Keeps a run that is long enough, as part of the one before when nothing happened between.
fn finish(runs: &mut Vec<Run>, run: Option<Run>) {
    let Some(run) = run.filter(|run| run.readings >= LEAST_READINGS) else {
        return;
    };
    match runs.last_mut() {
        Some(last)
            if run.begin - last.end <= CLEAN_CUT_MS
                && around(run.first_offset - last.offset).abs() <= INEXACT_MS =>
        {
            last.end = run.end;
            last.offset = run.offset;
            last.readings += run.readings;
        }
        _ => runs.push(run),
    }
}

fn note_between(runs: &mut [Run], readings: &[Reading]) {
    for index in 1..runs.len() {
        let before = runs[index - 1];
        let after = &mut runs[index];
        let between = readings
            .iter()
            .filter(|reading| reading.time > before.end && reading.time < after.begin);
        for reading in between {
            let offset = around(reading.offset - before.offset);
            after.between.least = after.between.least.min(offset);
            after.between.most = after.between.most.max(offset);
            after.between.readings += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: usize = 48;

    fn sent(ms: usize) -> Vec<i16> {
        Sweep::render(7 * 48_000, ms * MS)
    }

    fn without(mut sound: Vec<i16>, at_ms: usize, ms: usize) -> Vec<i16> {
        sound.drain(at_ms * MS..(at_ms + ms) * MS);
        sound
    }

    fn near(found: u64, expected: u64) -> bool {
        found.abs_diff(expected) <= 2
    }

    #[test]
    fn untouched_sound_is_complete() {
        let reading = SweepReading::analyse(&sent(14_000));
        assert!(reading.is_complete(), "{reading:?}");
        assert_eq!(
            (reading.late_ms, reading.shortened_ms, reading.lengthened_ms),
            (0, 0, 0)
        );
        assert_eq!(reading.duration_ms, 14_000);
        assert!(reading.heard_ms > 13_980, "{reading:?}");
        assert!(reading.faults.is_empty());
        let first = reading.first_mark.unwrap_or_default().as_secs_f64();
        assert!((first - 7.0).abs() < 0.003, "{first}");
    }

    #[test]
    fn cuts_are_found() {
        for length in [20, 40, 100, 250, 500, 3000] {
            let reading = SweepReading::analyse(&without(sent(6000), 1234, length));
            assert!(
                near(reading.missing_ms, length as u64),
                "{length}: {reading:?}"
            );
            assert_eq!(reading.repeated_ms, 0, "{length}: {reading:?}");
            let at = reading.faults[0].at.as_millis() as i64;
            assert!((at - 1234).abs() < 15, "{reading:?}");
        }
    }

    #[test]
    fn repetitions_are_found() {
        for length in [20, 40, 100, 250, 1000] {
            let mut sound = sent(4000);
            let again = sound[1000 * MS..(1000 + length) * MS].to_vec();
            sound.splice((1000 + length) * MS..(1000 + length) * MS, again);
            let reading = SweepReading::analyse(&sound);
            assert!(
                near(reading.repeated_ms, length as u64),
                "{length}: {reading:?}"
            );
            assert_eq!(reading.missing_ms, 0, "{length}: {reading:?}");
            assert!(near(reading.late_ms, length as u64));
        }
    }

    #[test]
    fn silence_in_place_of_sound_is_missing() {
        for length in [20, 40, 100, 1000] {
            let mut sound = sent(4000);
            sound[2000 * MS..(2000 + length) * MS].fill(0);
            let reading = SweepReading::analyse(&sound);
            assert!(
                reading.missing_ms.abs_diff(length as u64) <= 5,
                "{length}: {reading:?}"
            );
            assert_eq!(
                (reading.repeated_ms, reading.late_ms),
                (0, 0),
                "{length}: {reading:?}"
            );
        }
    }

    #[test]
    fn silence_between_sound_makes_it_late() {
        for length in [20, 60, 500] {
            let mut sound = sent(4000);
            sound.splice(2000 * MS..2000 * MS, vec![0; length * MS]);
            let reading = SweepReading::analyse(&sound);
            assert!(reading.is_complete(), "{length}: {reading:?}");
            assert!(
                near(reading.late_ms, length as u64),
                "{length}: {reading:?}"
            );
            assert_eq!(reading.faults.last().map(|f| f.kind), Some(FaultKind::Late));
        }
    }

    /// The last `period` samples before `at_ms` round and round.
    fn held(sound: &[i16], at_ms: usize, ms: usize, period: usize) -> Vec<i16> {
        let last = &sound[at_ms * MS - period..at_ms * MS];
        last.iter().copied().cycle().take(ms * MS).collect()
    }

    #[test]
    fn the_last_tone_held_is_not_taken_for_sound() {
        for length in [40, 60, 100, 300] {
            for period in [130, 240, 432, 600] {
                let what = format!("{length} ms of {period}");
                let mut sound = sent(4000);
                let made_up = held(&sound, 2013, length, period);
                sound.splice(2013 * MS..2013 * MS, made_up.iter().copied());
                let reading = SweepReading::analyse(&sound);
                assert!(reading.is_complete(), "{what}: {reading:?}");
                assert!(near(reading.late_ms, length as u64), "{what}: {reading:?}");

                let mut sound = sent(4000);
                sound[2013 * MS..(2013 + length) * MS].copy_from_slice(&made_up);
                let reading = SweepReading::analyse(&sound);
                assert!(
                    reading.missing_ms.abs_diff(length as u64) <= 5,
                    "{what}: {reading:?}"
                );
                assert_eq!(
                    (reading.repeated_ms, reading.late_ms),
                    (0, 0),
                    "{what}: {reading:?}"
                );
            }
        }
    }

    #[test]
    fn level_and_lead_in_do_not_matter() {
        let quiet: Vec<i16> = sent(2000).iter().map(|s| s / 50).collect();
        let sound = [vec![0; 300 * MS], without(quiet, 1000, 60)].concat();
        let reading = SweepReading::analyse(&sound);
        assert!(near(reading.missing_ms, 60), "{reading:?}");
        let heard = reading.first_heard.unwrap_or_default().as_millis();
        assert!((295..305).contains(&heard), "{heard}");
    }

    #[test]
    fn other_sound_has_no_marks() {
        let tone: Vec<i16> = (0..48_000)
            .map(|n| ((f64::from(n) / 20.0).sin() * 9000.0) as i16)
            .collect();
        let mut state = 1u32;
        let noise: Vec<i16> = (0..48_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 17) as i16
            })
            .collect();
        for sound in [tone, noise, vec![0; 48_000], vec![]] {
            let reading = SweepReading::analyse(&sound);
            assert!(
                reading.first_mark.is_none() && !reading.is_complete(),
                "{reading:?}"
            );
        }
    }
}

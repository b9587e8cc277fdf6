//! How late packets come, and so how long sound should wait before it is played.
//!
//! A packet's lateness is how much longer it traveled than the fastest packet of
//! the last seconds. Latenesses are counted in a histogram that forgets, as in
//! NetEQ; the delay to aim at is what all but a few of them stay below.

use std::collections::VecDeque;

/// A moment or a length of time in ticks of 48 kHz.
pub(super) type Ticks = i64;

/// Ticks in a millisecond.
pub(super) const MS: Ticks = 48;

/// Width of a histogram bin.
const BIN: Ticks = 5 * MS;
/// Bins; what is later still is counted in the last one.
const BINS: usize = 200;
/// Share of the packets that must come in time.
const IN_TIME: f32 = 0.97;
/// How much of the histogram is left after one more packet: half in 2.8 s of 20 ms packets.
const FORGET: f32 = 0.995;
/// A single hiccup is remembered up to this size, since it rarely stays alone,
const MAX_HELD: Ticks = 80 * MS;
/// and fades by this much per second.
const HELD_FADE_PER_SECOND: Ticks = 4 * MS;
/// The fastest packet is looked for in this many stretches of time,
const FASTEST_STRETCHES: i64 = 8;
/// each this long.
const FASTEST_STRETCH: Ticks = 500 * MS;

/// Learns from the arrival of every packet.
#[derive(Debug)]
pub(super) struct DelayEstimator {
    histogram: [f32; BINS],
    weight: f32,
    /// The transit that the first bin stands for, never a bin away from the fastest.
    reference: Ticks,
    /// The worst hiccup of late, and when it was.
    worst: (Ticks, Ticks),
    /// When the last packet came.
    now: Ticks,
    /// The least transit of each stretch of time, newest last.
    fastest: VecDeque<(i64, Ticks)>,
}

impl DelayEstimator {
    pub(super) fn new() -> Self {
        Self {
            histogram: [0.0; BINS],
            weight: 0.0,
            reference: 0,
            worst: (0, 0),
            now: 0,
            fastest: VecDeque::new(),
        }
    }

    /// Counts one packet. `arrival` and `timestamp` may have any origins, always the same.
    pub(super) fn observe(&mut self, arrival: Ticks, timestamp: Ticks) {
        let transit = arrival - timestamp;
        self.note_transit(arrival, transit);
        self.now = self.now.max(arrival);
        let fastest = self.fastest_transit().unwrap_or(transit);
        self.move_reference(fastest);
        let lateness = transit - fastest;

        let bin = usize::try_from(lateness / BIN).unwrap_or(0).min(BINS - 1);
        for count in &mut self.histogram {
            *count *= FORGET;
        }
        self.histogram[bin] += 1.0;
        self.weight = self.weight * FORGET + 1.0;

        let hiccup = lateness.min(MAX_HELD);
        if hiccup >= self.held() {
            self.worst = (hiccup, arrival);
        }
    }

    /// Transit of the fastest packet of late; nothing before the first packet.
    pub(super) fn fastest_transit(&self) -> Option<Ticks> {
        self.fastest.iter().map(|&(_, transit)| transit).min()
    }

    /// The lateness that nearly all packets stay below.
    pub(super) fn usual_lateness(&self) -> Ticks {
        let mut covered = 0.0;
        for (bin, count) in self.histogram.iter().enumerate() {
            covered += count;
            if covered >= self.weight * IN_TIME {
                return (bin as Ticks * BIN).max(self.held());
            }
        }
        self.held()
    }

    /// What is left of the memory of the worst hiccup.
    fn held(&self) -> Ticks {
        let (size, at) = self.worst;
        (size - (self.now - at) * HELD_FADE_PER_SECOND / (1000 * MS)).max(0)
    }

    /// When the route becomes longer or shorter, what was counted moves along.
    fn move_reference(&mut self, fastest: Ticks) {
        if self.weight == 0.0 {
            self.reference = fastest;
        }
        let bins = (fastest - self.reference) / BIN;
        self.reference += bins * BIN;
        self.worst.0 = (self.worst.0 - bins * BIN).clamp(0, MAX_HELD);
        let distance = usize::try_from(bins.unsigned_abs())
            .unwrap_or(BINS)
            .min(BINS - 1);
        if bins > 0 {
            let merged: f32 = self.histogram[..distance].iter().sum();
            self.histogram.copy_within(distance.., 0);
            self.histogram[BINS - distance..].fill(0.0);
            self.histogram[0] += merged;
        } else if bins < 0 {
            let merged: f32 = self.histogram[BINS - distance..].iter().sum();
            self.histogram.copy_within(..BINS - distance, distance);
            self.histogram[..distance].fill(0.0);
            self.histogram[BINS - 1] += merged;
        }
    }

    fn note_transit(&mut self, arrival: Ticks, transit: Ticks) {
        let stretch = arrival.div_euclid(FASTEST_STRETCH);
        match self.fastest.back_mut() {
            Some((newest, least)) if *newest >= stretch => *least = transit.min(*least),
            _ => self.fastest.push_back((stretch, transit)),
        }
        while self
            .fastest
            .front()
            .is_some_and(|&(old, _)| old + FASTEST_STRETCHES <= stretch)
        {
            self.fastest.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds packets of 20 ms, each delayed by what `delay_ms` says.
    fn fed(packets: i64, delay_ms: impl Fn(i64) -> i64) -> DelayEstimator {
        let mut estimator = DelayEstimator::new();
        for n in 0..packets {
            estimator.observe((n * 20 + delay_ms(n)) * MS, n * 20 * MS);
        }
        estimator
    }

    #[test]
    fn an_even_stream_needs_no_delay() {
        assert_eq!(fed(500, |_| 70).usual_lateness(), 0);
    }

    #[test]
    fn regular_jitter_is_covered() {
        let estimator = fed(500, |n| if n % 10 == 0 { 100 } else { 40 });
        assert_eq!(estimator.usual_lateness(), 60 * MS);
        assert_eq!(estimator.fastest_transit(), Some(40 * MS));
    }

    #[test]
    fn a_hiccup_is_remembered_and_fades() {
        let before = fed(501, |n| if n == 500 { 30 } else { 0 }).usual_lateness();
        assert_eq!(before, 30 * MS);
        let later = fed(900, |n| if n == 500 { 30 } else { 0 }).usual_lateness();
        assert!(later < 2 * MS, "{later}");
    }

    #[test]
    fn a_shorter_route_becomes_the_new_normal() {
        let estimator = fed(500, |n| if n < 400 { 120 } else { 20 });
        assert_eq!(estimator.fastest_transit(), Some(20 * MS));
        // Until it is certain that no packet takes the old route any more.
        assert_eq!(estimator.usual_lateness(), 100 * MS);
    }

    #[test]
    fn a_longer_route_becomes_the_new_normal() {
        let estimator = fed(1000, |n| if n < 400 { 20 } else { 120 });
        assert_eq!(estimator.fastest_transit(), Some(120 * MS));
        assert_eq!(estimator.usual_lateness(), 0);
    }
}

//! What a handful of measurements say, and how sure it is.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How often the measurements are drawn again for an interval.
const DRAWS: usize = 10_000;
/// The same measurements give the same intervals.
const SEED: u64 = 1;

/// Measurements of one thing, in ascending order, never none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample(Vec<f64>);

/// From where to where something lies in 95 of 100 cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Sample {
    /// Nothing without any measurement.
    pub(crate) fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    /// The value below which this share (0 to 1) lies, interpolated between
    /// neighbors.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * (self.0.len() - 1) as f64;
        let below = self.0[place.floor() as usize];
        let above = self.0[place.ceil() as usize];
        below + (above - below) * place.fract()
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Where the median lies if others measured as often, by the bootstrap:
    /// the measurements stand for all that could have been.
    pub(crate) fn median_interval(&self) -> Interval {
        let mut random = StdRng::seed_from_u64(SEED);
        Interval::of((0..DRAWS).map(|_| self.draw(&mut random).median()))
    }

    /// The same for the ratio of two medians that were measured in turns.
    pub(crate) fn ratio_interval(&self, other: &Self) -> Interval {
        let mut random = StdRng::seed_from_u64(SEED);
        Interval::of(
            (0..DRAWS).map(|_| self.draw(&mut random).median() / other.draw(&mut random).median()),
        )
    }

    /// As many measurements, each any of these.
    fn draw(&self, random: &mut StdRng) -> Self {
        let count = self.0.len();
        let mut drawn: Vec<f64> = (0..count)
            .map(|_| self.0[random.random_range(0..count)])
            .collect();
        drawn.sort_by(f64::total_cmp);
        Self(drawn)
    }
}

impl Interval {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let sorted = Sample(values);
        Self {
            low: sorted.quantile(0.025),
            high: sorted.quantile(0.975),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Sample;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values.to_vec()).unwrap()
    }

    #[test]
    fn quantiles_lie_between_neighbors() {
        let five = sample(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| five.quantile(share)),
            [1.0, 2.0, 3.0, 4.0, 5.0]
        );
        assert_eq!(sample(&[1.0, 2.0]).median(), 1.5);
        assert_eq!(sample(&[7.0]).quantile(0.9), 7.0);
        assert!(Sample::new(Vec::new()).is_none());
    }

    #[test]
    fn the_interval_holds_the_median_and_shrinks_with_more_measurements() {
        let few: Vec<f64> = (0..9).map(f64::from).collect();
        let many: Vec<f64> = (0..225).map(|value| f64::from(value % 9)).collect();
        let (few, many) = (
            sample(&few).median_interval(),
            sample(&many).median_interval(),
        );
        assert!(few.low < 4.0 && 4.0 < few.high);
        assert!(many.low <= 4.0 && 4.0 <= many.high);
        assert!(many.high - many.low < few.high - few.low);
    }

    #[test]
    fn equal_measurements_leave_no_doubt() {
        let (two, four) = (sample(&[2.0; 5]), sample(&[4.0; 5]));
        let ratio = two.ratio_interval(&four);
        assert_eq!((ratio.low, ratio.high), (0.5, 0.5));
    }
}

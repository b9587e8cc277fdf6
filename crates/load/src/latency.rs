//! How long messages took: a histogram whose buckets are a sixty-fourth of
//! their value wide, so that it is small and a quantile is right to 2 %.

use std::time::Duration;

/// Buckets for each power of two.
const PARTS: u64 = 64;

/// Times in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; bucket(u64::MAX) + 1],
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
        self.max = self.max.max(nanoseconds);
    }

    /// The time below which this share (0 to 1) lies; none without times.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_nanos(end(found).min(self.max)))
    }

    pub(crate) const fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }
}

/// The bucket of a value. Below `PARTS` every value has its own.
const fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(PARTS.ilog2() + 1) as u64;
    (shift * PARTS + (value >> shift)) as usize
}

/// The largest value of a bucket.
const fn end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    let first = (bucket - shift * PARTS) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Histogram, bucket, end};
    use std::time::Duration;

    #[test]
    fn every_value_is_in_its_bucket() {
        for value in (0..2000)
            .chain((0..64).map(|bits| 1 << bits))
            .chain([u64::MAX])
        {
            let found = bucket(value);
            assert!(value <= end(found), "{value}");
            assert!(found == 0 || value > end(found - 1), "{value}");
            assert!(end(found) - value <= value / 64, "{value}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), None);
        for value in 1..=100 {
            histogram.record(value);
        }
        let quantile = |share| histogram.quantile(share).unwrap();
        assert_eq!(quantile(0.5), Duration::from_nanos(50));
        assert_eq!(quantile(0.99), Duration::from_nanos(99));
        assert_eq!(quantile(1.0), histogram.max());
        assert_eq!(histogram.max(), Duration::from_nanos(100));
    }
}

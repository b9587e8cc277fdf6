//! What each sample of a scaled row or column is made of. Pure arithmetic in whole
//! numbers, so that it is the same on every machine.

/// Positions and weights are counted in 1/65536 of a sample.
pub(super) const ONE: u64 = 1 << 16;

/// A stretch of the samples of a row or column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    begin: u64,
    length: u64,
}

impl Span {
    /// `count` samples from the `first` one on.
    pub(crate) fn new(first: usize, count: usize) -> Self {
        Self {
            begin: first as u64 * ONE,
            length: count as u64 * ONE,
        }
    }

    /// The same stretch of a chroma plane, for a target of `pixels`: half of it, and the
    /// half pixel more that the last chroma sample of an odd number of pixels covers.
    pub(crate) fn of_chroma(self, pixels: usize) -> Self {
        let covered = pixels.next_multiple_of(2) as u64;
        Self {
            begin: self.begin / 2,
            length: self.length / 2 * covered / pixels.max(1) as u64,
        }
    }
}

/// For each target sample, the first source sample it is made of and the weights from
/// there on, which add up to [`ONE`].
#[derive(Debug)]
pub(super) struct Mixes {
    firsts: Vec<usize>,
    /// Where the weights of each target sample end.
    ends: Vec<usize>,
    weights: Vec<u32>,
}

impl Mixes {
    /// Makes `target` samples of `span`, which lies within `samples`: each is the mean of
    /// the area it comes from when shrinking, and interpolated between its neighbors when
    /// growing.
    pub(super) fn new(span: Span, samples: usize, target: usize) -> Self {
        let mut mixes = Self {
            firsts: Vec::with_capacity(target),
            ends: Vec::with_capacity(target),
            weights: Vec::with_capacity(2 * target),
        };
        let shrinks = span.length > target as u64 * ONE;
        for index in 0..target as u64 {
            if shrinks {
                mixes.push_area(span, samples as u64, (index, target as u64));
            } else {
                mixes.push_between(span, samples as u64, (index, target as u64));
            }
        }
        mixes
    }

    /// First source sample and weights of each target sample.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        (0..self.firsts.len()).map(|index| self.get(index))
    }

    /// First source sample and weights of one target sample.
    pub(super) fn get(&self, index: usize) -> (usize, &[u32]) {
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        (self.firsts[index], &self.weights[begin..self.ends[index]])
    }

    /// The first source sample when each target sample is one source sample.
    pub(super) fn plain(&self) -> Option<usize> {
        let first = *self.firsts.first()?;
        let plain = self.weights.len() == self.firsts.len()
            && self
                .firsts
                .iter()
                .enumerate()
                .all(|(n, &at)| at == first + n);
        plain.then_some(first)
    }

    /// The share of each source sample in the area that becomes sample `index` of `target`.
    fn push_area(&mut self, span: Span, samples: u64, (index, target): (u64, u64)) {
        let edge = |index: u64| (span.begin + index * span.length / target).min(samples * ONE);
        let (start, end) = (edge(index), edge(index + 1));
        let (first, last) = (start / ONE, end.div_ceil(ONE));
        let begin = self.weights.len();
        let mut left = ONE;
        for sample in first..last {
            let inside = end.min((sample + 1) * ONE) - start.max(sample * ONE);
            let weight = (inside * ONE / (end - start)).min(left);
            left -= weight;
            self.weights.push(weight as u32);
        }
        // What rounding left over.
        self.weights[begin] += left as u32;
        self.end(first);
    }

    /// The two source samples whose middles lie around the middle of sample `index`.
    fn push_between(&mut self, span: Span, samples: u64, (index, target): (u64, u64)) {
        let middle = span.begin + (2 * index + 1) * span.length / (2 * target);
        let place = middle.saturating_sub(ONE / 2).min((samples - 1) * ONE);
        let share = place % ONE;
        self.weights.push((ONE - share) as u32);
        if share > 0 {
            self.weights.push(share as u32);
        }
        self.end(place / ONE);
    }

    fn end(&mut self, first: u64) {
        self.firsts.push(first as usize);
        self.ends.push(self.weights.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weights_of(span: Span, samples: usize, target: usize) -> Vec<(usize, Vec<u32>)> {
        let mixes = Mixes::new(span, samples, target);
        mixes
            .iter()
            .map(|(at, weights)| (at, weights.to_vec()))
            .collect()
    }

    #[test]
    fn shrinking_takes_means_and_growing_interpolates() {
        let one = ONE as u32;
        assert_eq!(
            weights_of(Span::new(0, 4), 4, 2),
            [(0, vec![one / 2; 2]), (2, vec![one / 2; 2])]
        );
        assert_eq!(
            weights_of(Span::new(1, 1), 3, 2),
            [
                (0, vec![one / 4, one / 4 * 3]),
                (1, vec![one / 4 * 3, one / 4])
            ]
        );
    }

    #[test]
    fn one_to_one_is_plain() {
        assert_eq!(Mixes::new(Span::new(3, 5), 9, 5).plain(), Some(3));
        assert_eq!(Mixes::new(Span::new(3, 5), 9, 4).plain(), None);
        assert_eq!(Mixes::new(Span::new(0, 4), 4, 8).plain(), None);
    }

    proptest! {
        #[test]
        fn weights_add_up_and_stay_inside(
            samples in 1_usize..3000,
            first in 0_usize..3000,
            count in 1_usize..3000,
            target in 1_usize..3000,
        ) {
            let first = first % samples;
            let span = Span::new(first, count.min(samples - first));
            for (span, samples) in [(span, samples), (span.of_chroma(target), samples.div_ceil(2))] {
                for (at, weights) in weights_of(span, samples, target) {
                    prop_assert_eq!(weights.iter().map(|&w| u64::from(w)).sum::<u64>(), ONE);
                    prop_assert!(at + weights.len() <= samples);
                }
            }
        }

        #[test]
        fn a_slope_stays_a_slope(samples in 2_usize..500, target in 1_usize..500) {
            let mut before = 0;
            for (at, weights) in weights_of(Span::new(0, samples), samples, target) {
                let place: u64 = weights
                    .iter()
                    .enumerate()
                    .map(|(n, &w)| u64::from(w) * (at + n) as u64)
                    .sum();
                prop_assert!(place >= before);
                before = place;
            }
        }
    }
}

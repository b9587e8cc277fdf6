//! Numbers that a seed decides.

use std::ops::Range;
use std::time::Duration;

/// SplitMix64: quick, and every seed gives another sequence.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number of a range that is not empty.
    pub const fn within(&mut self, range: Range<usize>) -> usize {
        range.start + (self.number() % (range.end - range.start) as u64) as usize
    }

    /// Whether something happens that happens `times` in `out_of`.
    pub const fn chance(&mut self, times: u64, out_of: u64) -> bool {
        self.number() % out_of < times
    }

    /// A span of up to this many milliseconds.
    pub const fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.number() % below)
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = (!from.is_empty()).then(|| self.within(0..from.len()))?;
        from.get(at)
    }
}

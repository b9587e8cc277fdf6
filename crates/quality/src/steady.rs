//! What is worth telling: a quality that lasts.

use crate::Quality;

/// Of the last three seconds, the one with the middle score: neither a single bad second nor a
/// single good one is news.
#[derive(Debug, Clone, Default)]
pub struct Steady {
    last: [Option<Quality>; 3],
    told: Option<Quality>,
}

impl Steady {
    /// Takes the quality of one more second. The quality as it is now, when that is another one
    /// than was said before; nothing in the first two seconds.
    pub fn push(&mut self, quality: Quality) -> Option<Quality> {
        self.last.rotate_left(1);
        self.last[2] = Some(quality);
        let [Some(first), Some(second), Some(third)] = self.last else {
            return None;
        };
        let mut sorted = [third, second, first];
        sorted.sort_unstable_by_key(|quality| quality.score);
        let middle = sorted[1];
        (self.told != Some(middle)).then(|| {
            self.told = Some(middle);
            middle
        })
    }

    /// What was said last.
    #[must_use]
    pub const fn told(&self) -> Option<Quality> {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cause;

    const GOOD: Quality = Quality {
        score: 5,
        cause: None,
    };
    const BAD: Quality = Quality {
        score: 2,
        cause: Some(Cause::Loss),
    };

    #[test]
    fn one_second_is_no_news() {
        let mut steady = Steady::default();
        let told = [GOOD, GOOD, GOOD, BAD, GOOD, BAD, BAD, BAD, GOOD, GOOD].map(|q| steady.push(q));
        let expected = [
            None,
            None,
            Some(GOOD),
            None,
            None,
            Some(BAD),
            None,
            None,
            None,
            Some(GOOD),
        ];
        assert_eq!(told, expected);
        assert_eq!(steady.told(), Some(GOOD));
    }
}

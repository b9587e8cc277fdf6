//! What has come over one way, and what has not: once each, and in order?

use std::collections::BTreeSet;

/// Most missing messages that are remembered of one way, to tell a late one
/// from a double. Beyond that the oldest stay lost.
const MAX_MISSING: usize = 65_536;

/// The receiver's account of one way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// The message that should come next.
    next: u64,
    missing: BTreeSet<u64>,
    /// Missing ones that are not remembered any more.
    forgotten: u64,
    pub(crate) received: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
}

impl Book {
    /// A message came.
    pub(crate) fn enter(&mut self, number: u64) {
        self.received += 1;
        if number < self.next {
            if self.missing.remove(&number) {
                self.reordered += 1;
            } else {
                self.duplicated += 1;
            }
            return;
        }
        for missing in self.next..number {
            if self.missing.len() == MAX_MISSING {
                self.missing.pop_first();
                self.forgotten += 1;
            }
            self.missing.insert(missing);
        }
        self.next = number + 1;
    }

    /// How many of the `sent` ones have not come.
    pub(crate) fn lost(&self, sent: u64) -> u64 {
        self.missing.len() as u64 + self.forgotten + sent.saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::Book;

    fn book(numbers: &[u64]) -> Book {
        let mut book = Book::default();
        for &number in numbers {
            book.enter(number);
        }
        book
    }

    fn told(numbers: &[u64], sent: u64) -> [u64; 4] {
        let book = book(numbers);
        [
            book.received,
            book.lost(sent),
            book.duplicated,
            book.reordered,
        ]
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        assert_eq!(told(&[0, 1, 2], 3), [3, 0, 0, 0]);
        assert_eq!(told(&[0, 2], 3), [2, 1, 0, 0]);
        assert_eq!(told(&[0, 1], 3), [2, 1, 0, 0]);
        assert_eq!(told(&[], 3), [0, 3, 0, 0]);
        assert_eq!(told(&[0, 0, 1], 2), [3, 0, 1, 0]);
        assert_eq!(told(&[1, 0], 2), [2, 0, 0, 1]);
        assert_eq!(told(&[1, 0, 0], 2), [3, 0, 1, 1]);
    }

    #[test]
    fn a_long_gap_takes_bounded_memory() {
        let book = book(&[1_000_000]);
        assert!(book.missing.len() <= super::MAX_MISSING);
        assert_eq!(book.lost(1_000_001), 1_000_000);
    }
}

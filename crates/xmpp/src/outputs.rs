//! What a state machine wants done.

use alloc::collections::VecDeque;
use core::fmt;

/// The outputs that wait to be taken, oldest first.
///
/// Take them all before the next input. Dropping this without taking them
/// loses nothing: they come first the next time.
#[must_use = "the outputs have to be carried out"]
pub struct Outputs<'a, O> {
    waiting: &'a mut VecDeque<O>,
}

impl<'a, O> Outputs<'a, O> {
    pub(crate) const fn new(waiting: &'a mut VecDeque<O>) -> Self {
        Self { waiting }
    }
}

impl<O> Drop for Outputs<'_, O> {
    /// Mostly there is one output or none: no room is kept for more.
    fn drop(&mut self) {
        self.waiting.shrink_to(1);
    }
}

impl<O> Iterator for Outputs<'_, O> {
    type Item = O;

    fn next(&mut self) -> Option<O> {
        self.waiting.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.waiting.len(), Some(self.waiting.len()))
    }
}

impl<O> ExactSizeIterator for Outputs<'_, O> {}

impl<O: fmt::Debug> fmt::Debug for Outputs<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.waiting.iter()).finish()
    }
}

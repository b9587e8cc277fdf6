//! The picture that a track shows now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::VideoRenderer;
use crate::frame::VideoFrame;

/// A renderer that remembers the last picture; clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    latest: Option<VideoFrame>,
    seen: bool,
}

impl Snapshot {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The last picture.
    #[must_use]
    pub fn latest(&self) -> Option<VideoFrame> {
        self.lock().latest.clone()
    }

    /// The last picture, unless this already gave it.
    #[must_use]
    pub fn latest_unseen(&self) -> Option<VideoFrame> {
        let mut state = self.lock();
        if std::mem::replace(&mut state.seen, true) {
            None
        } else {
            state.latest.clone()
        }
    }

    pub(super) fn take(&self, frame: &VideoFrame) {
        let mut state = self.lock();
        state.latest = Some(frame.clone());
        state.seen = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VideoRenderer for Snapshot {
    fn render(&mut self, frame: &VideoFrame) {
        self.take(frame);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_picture_is_remembered() {
        let snapshot = Snapshot::new();
        assert!(snapshot.latest().is_none());
        assert!(snapshot.latest_unseen().is_none());
        let mut renderer = snapshot.clone();
        for luma in [1, 2] {
            renderer.render(&VideoFrame::filled(16, 16, [luma, 0, 0], Duration::ZERO).unwrap());
        }
        assert_eq!(snapshot.latest_unseen().unwrap().y()[0], 2);
        assert!(snapshot.latest_unseen().is_none());
        assert_eq!(snapshot.latest().unwrap().y()[0], 2);
    }
}

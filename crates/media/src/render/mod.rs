//! Where media goes in the end: files, pictures, and the app's own code.
//!
//! A renderer is called from the thread of its track, so it should be quick; a
//! slow one costs frames, not the call. Any closure that takes a frame is one.

use crate::frame::{AudioFrame, VideoFrame};

/// Shows or keeps pictures.
pub trait VideoRenderer: Send {
    /// Takes the next picture of the track.
    fn render(&mut self, frame: &VideoFrame);
}

impl<F: FnMut(&VideoFrame) + Send> VideoRenderer for F {
    fn render(&mut self, frame: &VideoFrame) {
        self(frame);
    }
}

/// Plays or keeps sound.
pub trait AudioRenderer: Send {
    /// Takes the next 20 ms of the track.
    fn render(&mut self, frame: &AudioFrame);
}

impl<F: FnMut(&AudioFrame) + Send> AudioRenderer for F {
    fn render(&mut self, frame: &AudioFrame) {
        self(frame);
    }
}

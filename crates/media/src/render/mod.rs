//! Where media goes in the end: files, pictures, and the app's own code.
//!
//! A renderer is called from the thread of its track, so it should be quick; a
//! slow one costs frames, not the call. Any closure that takes a frame is one.

mod png;
mod rgb;
mod snapshot;
mod wav;
mod y4m;

pub use self::png::{PngError, PngRenderer, write_png};
pub(crate) use rgb::pixel;
pub use rgb::to_rgb;
pub use snapshot::Snapshot;
pub use wav::{WavWriteError, WavWriter};
pub use y4m::{Y4mSummary, Y4mWriteError, Y4mWriter};

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

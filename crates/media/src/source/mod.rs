//! Where local media comes from: files, generators, and frames pushed by the app.
//!
//! A source paces itself in real time, by absolute deadlines, so that a late
//! reader never makes the stream slower. It is read by one thread.

mod audio_pace;
mod black;
mod pace;
pub mod pushed_audio;
mod pushed_video;
mod silence;
pub(crate) mod sweep;
pub mod test_pattern;
mod tone;
pub mod wav;
mod y4m;

use std::time::Duration;

pub use black::{Black, black_frame};
pub use pace::{FrameRate, Pacer};
pub use pushed_audio::{AudioPusher, PushedAudio};
pub use pushed_video::{FramePusher, Pushed, PushedVideo};
pub use silence::Silence;
pub use sweep::Sweep;
pub use test_pattern::{Mark, PatternPainter, TestPattern};
pub use tone::Tone;
pub use wav::{AtEnd, WavError, WavFile};
pub use y4m::Y4mFile;

use crate::frame::{AudioFrame, VideoFrame};

/// What a source has for its reader.
#[derive(Debug, Clone)]
pub enum Next<F> {
    /// The next frame is due.
    Frame(F),
    /// The time to wait ran out before a frame was due.
    NotYet,
    /// There will never be another frame.
    Ended,
}

/// Size and pace of a video source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoFormat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second, nominally.
    pub fps: FrameRate,
}

/// Gives pictures in real time.
pub trait VideoSource: Send {
    /// Size and pace to expect; a frame may still have another size.
    fn format(&self) -> VideoFormat;

    /// The next picture; blocks until one is due, at most for `wait`.
    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame>;
}

impl<S: VideoSource + ?Sized> VideoSource for Box<S> {
    fn format(&self) -> VideoFormat {
        (**self).format()
    }

    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame> {
        (**self).next_frame(wait)
    }
}

impl<S: AudioSource + ?Sized> AudioSource for Box<S> {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        (**self).next_frame(wait)
    }
}

/// Gives sound in real time, 20 ms at a time.
pub trait AudioSource: Send {
    /// The next 20 ms; blocks until they are due, at most for `wait`.
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame>;
}

//! Frames, sources, codecs, tracks and renderers: everything between a camera
//! and the bytes that a peer connection sends, and back.
//!
//! A [`source::VideoSource`] is paced by itself; [`LocalVideo`] runs it, shows
//! its pictures to the renderers of its [`VideoTrack`] and encodes them once for
//! any number of peers. [`RemoteVideo`] decodes what one peer sent. Audio is
//! built the same way. A [`VideoView`] draws the pictures of a track on a surface.
//!
//! This crate never opens a socket, never speaks a protocol and never decides
//! about a call.
#![forbid(unsafe_code)]

pub mod audio;
pub mod codec;
pub mod frame;
mod frame_pool;
mod local_audio;
mod local_video;
pub mod measure;
mod remote_audio;
mod remote_video;
pub mod render;
mod scale;
pub mod source;
#[cfg(test)]
mod test_files;
pub mod track;
pub mod view;
pub mod y4m;

pub use audio::{AudioPacket, JitterBuffer, JitterStats};
pub use codec::{EncodedAudio, EncodedVideo};
pub use frame::{AudioFrame, FrameError, VideoFrame};
pub use local_audio::{AudioEncoding, AudioFeed, LocalAudio, LocalAudioError};
pub use local_video::{
    LOWEST_BITRATE, LocalVideo, LocalVideoError, LocalVideoStats, Urgency, VideoEncoding, VideoFeed,
};
pub use remote_audio::{RemoteAudio, RemoteAudioError};
pub use remote_video::{
    FRAME_QUEUE_LIMIT, ReceivedVideo, RemoteVideo, RemoteVideoError, RemoteVideoStats,
};
pub use render::{AudioRenderer, VideoRenderer};
pub use source::{AudioSource, FrameRate, Next, VideoFormat, VideoSource};
pub use track::{AudioTrack, RendererId, Track, TrackKind, VideoTrack};
pub use view::VideoView;

/// Loads the codecs and builds their tables, so that the first picture and the first
/// sound of a call do not wait for that. Takes some milliseconds.
pub fn warm_up() {
    codec::vp8::warm_up();
    codec::opus::warm_up();
}

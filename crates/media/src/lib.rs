//! Frames, sources, codecs, tracks and renderers: everything between a camera
//! and the bytes that a peer connection sends, and back.
//!
//! A [`source::VideoSource`] is paced by itself; [`LocalVideo`] runs it, shows
//! its pictures to the renderers of its [`VideoTrack`] and encodes them once for
//! any number of peers. [`RemoteVideo`] decodes what one peer sent. Audio is
//! built the same way.
//!
//! This crate never opens a socket, never speaks a protocol and never decides
//! about a call.
#![forbid(unsafe_code)]

pub mod codec;
pub mod frame;
pub mod measure;
pub mod render;
pub mod source;
pub mod track;

pub use codec::{EncodedAudio, EncodedVideo};
pub use frame::{AudioFrame, FrameError, VideoFrame};
pub use render::{AudioRenderer, VideoRenderer};
pub use source::{AudioSource, FrameRate, Next, VideoFormat, VideoSource};
pub use track::{RendererId, TrackKind};

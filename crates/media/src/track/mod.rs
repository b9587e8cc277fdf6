//! What an app holds of a stream: a handle with renderers and a switch.

mod audio;
mod renderers;
mod video;

pub use audio::AudioTrack;
pub(crate) use renderers::Renderers;
pub use video::VideoTrack;

/// Whose media a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Our own camera or microphone, or what stands in for them.
    Local,
    /// Received from a peer.
    Remote,
}

/// Told when a track is switched off or on.
pub(crate) type Watcher = std::sync::Arc<dyn Fn(bool) + Send + Sync>;

/// Names one renderer of one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RendererId(u64);

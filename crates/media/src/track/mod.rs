//! What an app holds of a stream: a handle with renderers and a switch.

mod renderers;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use self::renderers::Renderers;
use crate::frame::{AudioFrame, VideoFrame};
use crate::render::{AudioRenderer, VideoRenderer};

/// Pictures of ours or of a peer.
///
/// Disabling a local track sends black to everybody; disabling a remote track
/// gives its renderers one black picture and then nothing.
pub type VideoTrack = Track<dyn VideoRenderer>;

/// Sound of ours or of a peer.
///
/// Disabling a local track sends silence to everybody; disabling a remote track
/// gives silence to its renderers.
pub type AudioTrack = Track<dyn AudioRenderer>;

/// The handle to one stream; clones are handles to the same one.
pub struct Track<R: ?Sized> {
    inner: Arc<Inner<R>>,
}

/// Whose media a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Our own camera or microphone, or what stands in for them.
    Local,
    /// Received from a peer.
    Remote,
}

/// Names one renderer of one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RendererId(u64);

/// Told when a track is switched off or on.
type Watcher = Arc<dyn Fn(bool) + Send + Sync>;

struct Inner<R: ?Sized> {
    kind: TrackKind,
    id: u64,
    enabled: AtomicBool,
    watcher: Mutex<Option<Watcher>>,
    renderers: Renderers<R>,
}

impl VideoTrack {
    /// Gives all further pictures to `renderer` too.
    pub fn add_renderer(&self, renderer: impl VideoRenderer + 'static) -> RendererId {
        self.inner.renderers.add(Arc::new(Mutex::new(renderer)))
    }

    pub(crate) fn render(&self, frame: &VideoFrame) {
        self.inner
            .renderers
            .for_each(|renderer| renderer.render(frame));
    }
}

impl AudioTrack {
    /// Gives all further sound to `renderer` too.
    pub fn add_renderer(&self, renderer: impl AudioRenderer + 'static) -> RendererId {
        self.inner.renderers.add(Arc::new(Mutex::new(renderer)))
    }

    pub(crate) fn render(&self, frame: &AudioFrame) {
        self.inner
            .renderers
            .for_each(|renderer| renderer.render(frame));
    }
}

impl<R: ?Sized> Track<R> {
    pub(crate) fn new(kind: TrackKind) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let inner = Inner {
            kind,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            enabled: AtomicBool::new(true),
            watcher: Mutex::new(None),
            renderers: Renderers::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn kind(&self) -> TrackKind {
        self.inner.kind
    }

    /// Unique among the tracks of this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Drops a renderer; false when the track does not have it.
    pub fn remove_renderer(&self, id: RendererId) -> bool {
        self.inner.renderers.remove(id)
    }

    /// The renderers in the order they were added.
    #[must_use]
    pub fn renderers(&self) -> Vec<RendererId> {
        self.inner.renderers.ids()
    }

    /// Drops all renderers.
    pub fn clean_up(&self) {
        self.inner.renderers.clear();
    }

    /// Switches the track off (false), which mutes it, or on.
    pub fn set_enabled(&self, enabled: bool) {
        let before = self.inner.enabled.swap(enabled, Ordering::Relaxed);
        let watcher = (before != enabled).then(|| self.watcher().clone());
        // Called without the lock: it may look at the track.
        if let Some(watcher) = watcher.flatten() {
            watcher(enabled);
        }
    }

    /// Calls `watcher` whenever the track is switched off or on, in place of the
    /// one before.
    pub fn watch_enabled(&self, watcher: impl Fn(bool) + Send + Sync + 'static) {
        *self.watcher() = Some(Arc::new(watcher));
    }

    fn watcher(&self) -> MutexGuard<'_, Option<Watcher>> {
        self.inner
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// False when switched off.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.inner.enabled.load(Ordering::Relaxed)
    }
}

impl<R: ?Sized> Clone for Track<R> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<R: ?Sized> fmt::Debug for Track<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track")
            .field("kind", &self.inner.kind)
            .field("id", &self.inner.id)
            .field("enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    #[test]
    fn clones_share_renderers_and_switch() {
        let track = AudioTrack::new(TrackKind::Local);
        let other = track.clone();
        let heard = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&heard);
        let id = other.add_renderer(move |frame: &AudioFrame| {
            count.fetch_add(frame.samples().len(), Ordering::Relaxed);
        });
        track.render(&AudioFrame::new([0; 480], Duration::ZERO));
        assert_eq!(heard.load(Ordering::Relaxed), 480);
        assert_eq!(track.renderers(), [id]);
        other.set_enabled(false);
        assert!(!track.is_enabled());
        track.clean_up();
        assert!(!other.remove_renderer(id));
    }

    #[test]
    fn tracks_differ_in_their_id() {
        let sound = AudioTrack::new(TrackKind::Local);
        let pictures = VideoTrack::new(TrackKind::Remote);
        assert_ne!(sound.id(), pictures.id());
        assert_eq!(pictures.kind(), TrackKind::Remote);
    }
}

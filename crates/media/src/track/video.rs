//! The handle to one stream of pictures.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{RendererId, Renderers, TrackKind, Watcher};
use crate::frame::VideoFrame;
use crate::render::VideoRenderer;

/// Pictures of ours or of a peer; clones are handles to the same track.
///
/// Disabling a local track sends black to everybody; disabling a remote track
/// gives its renderers one black picture and then nothing.
#[derive(Clone)]
pub struct VideoTrack {
    inner: Arc<Inner>,
}

struct Inner {
    kind: TrackKind,
    id: u64,
    enabled: AtomicBool,
    watcher: Mutex<Option<Watcher>>,
    renderers: Renderers<dyn VideoRenderer>,
}

impl VideoTrack {
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

    /// Whose pictures they are.
    #[must_use]
    pub fn kind(&self) -> TrackKind {
        self.inner.kind
    }

    /// Unique among the video tracks of this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Gives all further pictures to `renderer` too.
    pub fn add_renderer(&self, renderer: impl VideoRenderer + 'static) -> RendererId {
        self.inner.renderers.add(Arc::new(Mutex::new(renderer)))
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

    /// Switches the pictures off (false) or on.
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

    pub(crate) fn render(&self, frame: &VideoFrame) {
        self.inner
            .renderers
            .for_each(|renderer| renderer.render(frame));
    }
}

impl std::fmt::Debug for VideoTrack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoTrack")
            .field("kind", &self.inner.kind)
            .field("id", &self.inner.id)
            .field("enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_renderers_and_switch() {
        let track = VideoTrack::new(TrackKind::Local);
        let other = track.clone();
        let id = other.add_renderer(|_: &VideoFrame| {});
        assert_eq!(track.renderers(), [id]);
        other.set_enabled(false);
        assert!(!track.is_enabled());
        track.clean_up();
        assert!(!other.remove_renderer(id));
        assert_ne!(track.id(), VideoTrack::new(TrackKind::Remote).id());
    }
}

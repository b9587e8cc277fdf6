//! The handle to one stream of sound.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{RendererId, Renderers, TrackKind, Watcher};
use crate::frame::AudioFrame;
use crate::render::AudioRenderer;

/// Sound of ours or of a peer; clones are handles to the same track.
///
/// Disabling a local track sends silence to everybody; disabling a remote track
/// gives silence to its renderers.
#[derive(Clone)]
pub struct AudioTrack {
    inner: Arc<Inner>,
}

struct Inner {
    kind: TrackKind,
    id: u64,
    enabled: AtomicBool,
    watcher: Mutex<Option<Watcher>>,
    renderers: Renderers<dyn AudioRenderer>,
}

impl AudioTrack {
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

    /// Whose sound it is.
    #[must_use]
    pub fn kind(&self) -> TrackKind {
        self.inner.kind
    }

    /// Unique among the audio tracks of this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Gives all further sound to `renderer` too.
    pub fn add_renderer(&self, renderer: impl AudioRenderer + 'static) -> RendererId {
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

    /// Mutes (false) or unmutes the track.
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

    /// False when muted.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.inner.enabled.load(Ordering::Relaxed)
    }

    pub(crate) fn render(&self, frame: &AudioFrame) {
        self.inner
            .renderers
            .for_each(|renderer| renderer.render(frame));
    }
}

impl std::fmt::Debug for AudioTrack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioTrack")
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
        let [a, b] = [TrackKind::Local, TrackKind::Remote].map(AudioTrack::new);
        assert_ne!(a.id(), b.id());
        assert_eq!(b.kind(), TrackKind::Remote);
    }
}

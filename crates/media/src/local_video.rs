//! Our own pictures: one source, one encoder, any number of peers.
//!
//! A thread reads the source, shows each picture to the renderers of the track and
//! encodes it once for all feeds; while no feed can use a picture nothing is encoded.
//! When the source ends, its last picture stays. When the track is switched off, black
//! is shown and sent twice a second.

mod encoding;
mod feeds;
mod key_frames;
mod timeline;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use encoding::{LOWEST_BITRATE, VideoEncoding};
pub use key_frames::Urgency;

use crate::codec::EncodedVideo;
use crate::frame::{FrameError, VideoFrame};
use crate::source::VideoSource;
use crate::track::{TrackKind, VideoTrack};
use feeds::Feeds;
use timeline::Timeline;
use worker::Worker;

/// Why our pictures cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalVideoError {
    /// The rates are out of order or below [`LOWEST_BITRATE`], or speed or threads are
    /// out of range.
    #[error("the video encoding is out of range")]
    Encoding,
    /// No picture can have the size that the source promises.
    #[error("the source promises pictures of an impossible size")]
    Size(#[from] FrameError),
    /// The system gives us no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// Our pictures; dropping it stops them.
#[derive(Debug)]
pub struct LocalVideo {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalVideoStats {
    /// Pictures encoded, once for all peers.
    pub encoded: u64,
    /// How long the encoder worked.
    pub encode_time: Duration,
}

/// One peer's share of [`LocalVideo`]; dropping it ends it (a picture being handed over
/// in that moment may still arrive).
#[derive(Debug)]
pub struct VideoFeed {
    shared: Arc<Shared>,
    id: u64,
}

struct Shared {
    track: VideoTrack,
    stopping: AtomicBool,
    ended: AtomicBool,
    feeds: Mutex<Feeds>,
    stats: Mutex<LocalVideoStats>,
    next_source: Mutex<Option<Box<dyn VideoSource>>>,
}

impl LocalVideo {
    /// Starts reading `source`.
    ///
    /// # Errors
    /// When the encoding or the size of the pictures is out of range, or a thread cannot be
    /// had.
    pub fn start(
        source: Box<dyn VideoSource>,
        encoding: VideoEncoding,
    ) -> Result<Self, LocalVideoError> {
        if !encoding.is_valid() {
            return Err(LocalVideoError::Encoding);
        }
        let format = source.format();
        VideoFrame::byte_len(format.width, format.height)?;
        let shared = Arc::new(Shared {
            track: VideoTrack::new(TrackKind::Local),
            stopping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            feeds: Mutex::default(),
            stats: Mutex::default(),
            next_source: Mutex::default(),
        });
        let worker = Worker {
            shared: Arc::clone(&shared),
            encoding,
            source,
            encoder: None,
            timeline: Timeline::default(),
            taken: None,
            shown: None,
        };
        let thread = std::thread::Builder::new()
            .name("local-video".into())
            .spawn(move || worker.run())
            .map_err(LocalVideoError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The handle to renderers and switch.
    #[must_use]
    pub fn track(&self) -> VideoTrack {
        self.shared.track.clone()
    }

    /// Hands encoded pictures to `sink`, beginning with the first key frame after this:
    /// ask for one with [`VideoFeed::request_key_frame`] as soon as the peer can take it.
    /// The sink is called from the video thread and must not block.
    #[must_use = "dropping the feed ends it"]
    pub fn attach(&self, sink: impl Fn(Arc<EncodedVideo>) + Send + Sync + 'static) -> VideoFeed {
        let id = self.shared.feeds().attach(Arc::new(sink));
        VideoFeed {
            shared: Arc::clone(&self.shared),
            id,
        }
    }

    /// Reads another source from now on; its size may differ.
    pub fn switch_source(&self, source: Box<dyn VideoSource>) {
        let replaced = self.shared.next_source().replace(source);
        drop(replaced);
    }

    /// Whether the source came to its end and its last picture stays.
    #[must_use]
    pub fn source_ended(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Drop for LocalVideo {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A sink or renderer may own the last handle: a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the local video panicked");
        }
    }
}

impl VideoFeed {
    /// What the encoder did so far, for this feed and the others.
    #[must_use]
    pub fn stats(&self) -> LocalVideoStats {
        *self.shared.stats()
    }

    /// What this peer can take, in bit/s. The encoder follows the slowest feed, within
    /// the bounds of its [`VideoEncoding`].
    pub fn set_target_bitrate(&self, bps: u32) {
        self.shared.feeds().set_target(self.id, bps);
    }

    /// This peer needs a key frame. The first picture of a peer is encoded at once, from
    /// the picture that is there, unless others are being sent to: then peers that connect
    /// within 100 ms share one. Repairs come at most every 500 ms.
    pub fn request_key_frame(&self, urgency: Urgency) {
        self.shared
            .feeds()
            .request_key_frame(self.id, urgency, Instant::now());
    }

    /// Whether this peer's connection has more than it can send. Meanwhile the feed gets
    /// nothing; when that holds for all feeds, pictures are dropped before they are
    /// encoded. A feed that missed frames others got goes on at a key frame.
    pub fn set_congested(&self, congested: bool) {
        self.shared
            .feeds()
            .set_congested(self.id, congested, Instant::now());
    }
}

impl Drop for VideoFeed {
    fn drop(&mut self) {
        let sink = self.shared.feeds().detach(self.id);
        // Dropped here, outside the lock: dropping a sink runs the app's code.
        drop(sink);
    }
}

impl Shared {
    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self) -> MutexGuard<'_, LocalVideoStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_source(&self) -> MutexGuard<'_, Option<Box<dyn VideoSource>>> {
        self.next_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take_next_source(&self) -> Option<Box<dyn VideoSource>> {
        let source = self.next_source().take()?;
        self.ended.store(false, Ordering::Relaxed);
        Some(source)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("track", &self.track)
            .finish_non_exhaustive()
    }
}

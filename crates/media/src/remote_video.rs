//! The pictures of one peer: frames in, pictures out.
//!
//! A thread decodes what is pushed, at once and in order, and shows it to the renderers
//! of the track. After a loss it waits for a key frame and has one asked for. It never
//! delays a picture: what arrives smoothly is shown smoothly.

mod decode_gate;
mod freezes;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::codec::vp8::{VideoDecodeError, Vp8Decoder, is_key_frame};
use crate::frame::VideoFrame;
use crate::source::black_frame;
use crate::track::{TrackKind, VideoTrack};
use decode_gate::DecodeGate;
use freezes::FreezeCounter;

/// Frames that wait for the decoder; more are dropped, up to the next key frame.
pub const FRAME_QUEUE_LIMIT: usize = 60;

/// One frame from a peer.
#[derive(Debug, Clone)]
pub struct ReceivedVideo {
    /// The whole VP8 frame.
    pub data: Arc<[u8]>,
    /// Position in the peer's stream.
    pub timestamp: Duration,
    /// No frame is missing between the last one pushed and this one.
    pub contiguous: bool,
    /// When its last packet arrived.
    pub received: Instant,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemoteVideoStats {
    /// Frames decoded.
    pub decoded: u64,
    /// Frames received and not decoded, for lack of a key frame or of time.
    pub dropped: u64,
    /// Times that the picture stood still too long.
    pub freezes: u64,
    /// How long it stood still those times, all together.
    pub frozen: Duration,
    /// How long the decoder worked.
    pub decode_time: Duration,
    /// Width of the last picture in pixels, 0 before the first.
    pub width: u32,
    /// Height of the last picture in pixels, 0 before the first.
    pub height: u32,
}

/// Why a peer's pictures cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteVideoError {
    /// The codec does not work.
    #[error("the decoder cannot be had")]
    Decoder(#[from] VideoDecodeError),
    /// The system gives us no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A peer's pictures; dropping it stops them.
#[derive(Debug)]
pub struct RemoteVideo {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    track: VideoTrack,
    state: Mutex<State>,
    changed: Condvar,
}

type KeyFrameRequest = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct State {
    queue: VecDeque<ReceivedVideo>,
    /// Frames before the queue's first were thrown away.
    overflowed: bool,
    stopping: bool,
    on_key_frame_needed: Option<KeyFrameRequest>,
    stats: RemoteVideoStats,
}

impl RemoteVideo {
    /// Gets ready to decode.
    ///
    /// # Errors
    /// When the decoder or a thread cannot be had.
    pub fn start() -> Result<Self, RemoteVideoError> {
        let shared = Arc::new(Shared {
            track: VideoTrack::new(TrackKind::Remote),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let worker = Worker {
            shared: Arc::clone(&shared),
            decoder: Vp8Decoder::new()?,
            gate: DecodeGate::new(),
            freezes: FreezeCounter::default(),
            black_shown: false,
        };
        let thread = std::thread::Builder::new()
            .name("remote-video".into())
            .spawn(move || worker.run())
            .map_err(RemoteVideoError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Takes the next frame of the stream; never blocks.
    pub fn push(&self, frame: ReceivedVideo) {
        let mut state = self.shared.lock();
        if state.queue.len() >= FRAME_QUEUE_LIMIT {
            state.stats.dropped += state.queue.len() as u64;
            state.queue.clear();
            state.overflowed = true;
        }
        state.queue.push_back(frame);
        self.shared.changed.notify_one();
    }

    /// The handle to renderers and switch.
    #[must_use]
    pub fn track(&self) -> VideoTrack {
        self.shared.track.clone()
    }

    /// What to do when only a key frame helps; called from the decoding thread, at most
    /// every 500 ms, for as long as none comes.
    pub fn on_key_frame_needed(&self, request: impl Fn() + Send + Sync + 'static) {
        let replaced = self
            .shared
            .lock()
            .on_key_frame_needed
            .replace(Arc::new(request));
        self.shared.changed.notify_one();
        drop(replaced);
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> RemoteVideoStats {
        self.shared.lock().stats
    }
}

impl Drop for RemoteVideo {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_one();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A renderer may own the last handle: a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the remote video panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("Shared")
            .field("track", &self.track)
            .field("waiting", &state.queue.len())
            .field("stats", &state.stats)
            .finish_non_exhaustive()
    }
}

/// Why the thread woke up.
enum Wake {
    Stop,
    AskForKeyFrame,
    Frame {
        frame: ReceivedVideo,
        overflowed: bool,
    },
}

struct Worker {
    shared: Arc<Shared>,
    decoder: Vp8Decoder,
    gate: DecodeGate,
    freezes: FreezeCounter,
    black_shown: bool,
}

impl Worker {
    fn run(mut self) {
        loop {
            match self.wait() {
                Wake::Stop => return,
                Wake::AskForKeyFrame => {}
                Wake::Frame { frame, overflowed } => {
                    if overflowed {
                        self.gate.lost();
                    }
                    self.take(&frame);
                }
            }
            self.ask_for_key_frame();
        }
    }

    fn wait(&self) -> Wake {
        let mut state = self.shared.lock();
        loop {
            if state.stopping {
                return Wake::Stop;
            }
            if let Some(frame) = state.queue.pop_front() {
                let overflowed = std::mem::take(&mut state.overflowed);
                return Wake::Frame { frame, overflowed };
            }
            // Without anybody to ask there is nothing to wake up for.
            let request = self.gate.next_request(Instant::now());
            let timeout = request.filter(|_| state.on_key_frame_needed.is_some());
            state = match timeout {
                Some(Duration::ZERO) => return Wake::AskForKeyFrame,
                Some(timeout) => {
                    let waited = self.shared.changed.wait_timeout(state, timeout);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn take(&mut self, received: &ReceivedVideo) {
        let key = is_key_frame(&received.data);
        if !self.gate.admit(key, received.contiguous) {
            self.shared.lock().stats.dropped += 1;
            return;
        }
        let begin = Instant::now();
        let decoded = self.decoder.decode(&received.data, received.timestamp);
        self.shared.lock().stats.decode_time += begin.elapsed();
        match decoded {
            Ok(frame) => {
                self.gate.decoded(key);
                self.shared.lock().stats.decoded += 1;
                if let Some(frame) = frame {
                    self.show(&frame);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a received frame was not decoded");
                self.gate.lost();
                self.shared.lock().stats.dropped += 1;
            }
        }
    }

    fn show(&mut self, frame: &VideoFrame) {
        self.freezes.rendered(Instant::now());
        {
            let stats = &mut self.shared.lock().stats;
            (stats.freezes, stats.frozen) = (self.freezes.count(), self.freezes.frozen());
            (stats.width, stats.height) = (frame.width(), frame.height());
        }
        if self.shared.track.is_enabled() {
            self.black_shown = false;
            self.shared.track.render(frame);
        } else if !self.black_shown
            && let Ok(black) = black_frame(frame.width(), frame.height(), frame.timestamp())
        {
            self.black_shown = true;
            self.shared.track.render(&black);
        }
    }

    fn ask_for_key_frame(&mut self) {
        let request = self.shared.lock().on_key_frame_needed.clone();
        if let Some(request) = request
            && self.gate.ask(Instant::now())
        {
            request();
        }
    }
}

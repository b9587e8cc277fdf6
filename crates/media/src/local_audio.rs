//! Our own sound: one source, one encoder, any number of peers.
//!
//! A thread reads the source, shows each 20 ms to the renderers of the track and
//! encodes them once for all feeds; without a feed nothing is encoded. When the
//! source ends, silence follows, so that the peers' connections stay as they are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::codec::EncodedAudio;
use crate::codec::opus::{OpusEncoder, OpusError, OpusTuning};
use crate::frame::{AudioFrame, SAMPLES_PER_FRAME};
use crate::source::{AudioSource, Next, Silence};
use crate::track::{AudioTrack, TrackKind};

/// How long the thread may take to notice that it should stop or read another source.
const WAIT: Duration = Duration::from_millis(40);
/// One frame.
const FRAME: Duration = Duration::from_millis(20);

/// How sound is encoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AudioEncoding {
    /// In bit/s, within [`BITRATES`](crate::codec::opus::BITRATES).
    pub bitrate: u32,
    /// What the encoder is best at.
    pub tuning: OpusTuning,
    /// Whether packets carry copies of the sound before them, for peers that lose some.
    pub error_correction: bool,
    /// The loss (0.0–1.0) to prepare for even before a peer reports any.
    pub least_expected_loss: f32,
}

impl Default for AudioEncoding {
    /// 40 kbit/s for voice, prepared for loss as soon as a peer reports some.
    fn default() -> Self {
        Self {
            bitrate: 40_000,
            tuning: OpusTuning::Voice,
            error_correction: true,
            least_expected_loss: 0.0,
        }
    }
}

/// Why our sound cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalAudioError {
    /// The encoding asked for is not possible.
    #[error("the encoder does not accept the settings")]
    Encoder(#[from] OpusError),
    /// The system gives us no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// Our sound; dropping it stops it.
#[derive(Debug)]
pub struct LocalAudio {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// One peer's share of [`LocalAudio`]; dropping it ends it.
#[derive(Debug)]
pub struct AudioFeed {
    shared: Arc<Shared>,
    id: u64,
}

type Sink = Arc<dyn Fn(Arc<EncodedAudio>) + Send + Sync>;

struct Shared {
    track: AudioTrack,
    stopping: AtomicBool,
    ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_feed: u64,
    feeds: Vec<Feed>,
    next_source: Option<Box<dyn AudioSource>>,
}

#[derive(Clone)]
struct Feed {
    id: u64,
    sink: Sink,
    loss: f32,
}

impl LocalAudio {
    /// Starts reading `source`.
    ///
    /// # Errors
    /// When the encoding is out of bounds or a thread cannot be had.
    pub fn start(
        source: Box<dyn AudioSource>,
        encoding: AudioEncoding,
    ) -> Result<Self, LocalAudioError> {
        let mut encoder = OpusEncoder::new(encoding.bitrate, encoding.tuning)?;
        encoder.set_error_correction(encoding.error_correction)?;
        encoder.set_expected_loss(encoding.least_expected_loss)?;
        let shared = Arc::new(Shared {
            track: AudioTrack::new(TrackKind::Local),
            stopping: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        });
        let worker = Worker {
            shared: Arc::clone(&shared),
            encoder,
            least_loss: encoding.least_expected_loss,
            loss: encoding.least_expected_loss,
            source,
            rebase: Duration::ZERO,
            expected: Duration::ZERO,
        };
        let thread = std::thread::Builder::new()
            .name("local-audio".into())
            .spawn(move || worker.run())
            .map_err(LocalAudioError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The handle to renderers and mute.
    #[must_use]
    pub fn track(&self) -> AudioTrack {
        self.shared.track.clone()
    }

    /// Hands every packet to `sink` from now on. It is called from the audio
    /// thread and must not block.
    #[must_use = "dropping the feed ends it"]
    pub fn attach(&self, sink: impl Fn(Arc<EncodedAudio>) + Send + Sync + 'static) -> AudioFeed {
        let mut state = self.shared.lock();
        let id = state.next_feed;
        state.next_feed += 1;
        state.feeds.push(Feed {
            id,
            sink: Arc::new(sink),
            loss: 0.0,
        });
        AudioFeed {
            shared: Arc::clone(&self.shared),
            id,
        }
    }

    /// Reads another source from now on; peers notice nothing but the sound.
    pub fn switch_source(&self, source: Box<dyn AudioSource>) {
        let replaced = self.shared.lock().next_source.replace(source);
        drop(replaced);
    }

    /// Whether the source came to its end and silence is sent since.
    #[must_use]
    pub fn source_ended(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Drop for LocalAudio {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A sink or renderer may own the last handle: a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the local audio panicked");
        }
    }
}

impl AudioFeed {
    /// Tells how many packets this peer loses, 0.0 none to 1.0 all. The encoder
    /// prepares for the worst of all feeds.
    pub fn set_loss(&self, loss: f32) {
        let mut state = self.shared.lock();
        if let Some(feed) = state.feeds.iter_mut().find(|feed| feed.id == self.id) {
            feed.loss = if loss.is_finite() {
                loss.clamp(0.0, 1.0)
            } else {
                0.0
            };
        }
    }
}

impl Drop for AudioFeed {
    fn drop(&mut self) {
        let removed = {
            let mut state = self.shared.lock();
            let position = state.feeds.iter().position(|feed| feed.id == self.id);
            position.map(|position| state.feeds.remove(position))
        };
        // Dropped here, outside the lock: dropping a sink runs the app's code.
        drop(removed);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("track", &self.track)
            .finish_non_exhaustive()
    }
}

struct Worker {
    shared: Arc<Shared>,
    encoder: OpusEncoder,
    least_loss: f32,
    /// What the encoder is set to.
    loss: f32,
    source: Box<dyn AudioSource>,
    /// Added to the timestamps of the source, so that they go on from one to the next.
    rebase: Duration,
    /// The timestamp of the next frame if nothing is left out.
    expected: Duration,
}

impl Worker {
    fn run(mut self) {
        while !self.shared.stopping.load(Ordering::Relaxed) {
            let next_source = self.shared.lock().next_source.take();
            if let Some(source) = next_source {
                self.shared.ended.store(false, Ordering::Relaxed);
                self.go_over_to(source);
            }
            match self.source.next_frame(WAIT) {
                Next::Frame(frame) => self.pass_on(&frame),
                Next::NotYet => {}
                Next::Ended => {
                    self.shared.ended.store(true, Ordering::Relaxed);
                    self.go_over_to(Box::new(Silence::new()));
                }
            }
        }
    }

    fn go_over_to(&mut self, source: Box<dyn AudioSource>) {
        self.source = source;
        self.rebase = self.expected;
    }

    fn pass_on(&mut self, frame: &AudioFrame) {
        let captured = Instant::now();
        let timestamp = self.rebase + frame.timestamp();
        self.expected = timestamp + FRAME;
        let frame = if self.shared.track.is_enabled() {
            frame.clone().with_timestamp(timestamp)
        } else {
            AudioFrame::new([0; SAMPLES_PER_FRAME], timestamp)
        };
        self.shared.track.render(&frame);

        let feeds = self.shared.lock().feeds.clone();
        if feeds.is_empty() {
            return;
        }
        self.prepare_for(
            feeds
                .iter()
                .fold(self.least_loss, |worst, feed| worst.max(feed.loss)),
        );
        match self.encoder.encode(frame.samples()) {
            Ok(data) => {
                let packet = Arc::new(EncodedAudio {
                    data: data.into(),
                    timestamp,
                    captured,
                });
                for feed in feeds {
                    (feed.sink)(Arc::clone(&packet));
                }
            }
            Err(error) => tracing::warn!(%error, "a frame of the audio source was not encoded"),
        }
    }

    fn prepare_for(&mut self, loss: f32) {
        if loss != self.loss {
            self.loss = loss;
            if let Err(error) = self.encoder.set_expected_loss(loss) {
                tracing::warn!(%error, "expected loss not set");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::opus::{OpusDecoder, fec_samples};
    use crate::source::{PushedAudio, Tone};
    use std::sync::mpsc;

    fn start(source: impl AudioSource + 'static) -> LocalAudio {
        LocalAudio::start(Box::new(source), AudioEncoding::default()).unwrap()
    }

    fn fed(audio: &LocalAudio) -> (AudioFeed, mpsc::Receiver<Arc<EncodedAudio>>) {
        let (send, receive) = mpsc::channel();
        let send = Mutex::new(send);
        let feed = audio.attach(move |packet| {
            let _ = send.lock().unwrap().send(packet);
        });
        (feed, receive)
    }

    #[test]
    fn every_feed_gets_the_same_packet() {
        let audio = start(Tone::new(440.0, 0.3));
        let (_one, first) = fed(&audio);
        let (_two, second) = fed(&audio);
        let packet = second.recv().unwrap();
        assert!(
            first
                .iter()
                .take(5)
                .any(|other| Arc::ptr_eq(&other, &packet))
        );
        let next = second.recv().unwrap();
        assert_eq!(next.timestamp - packet.timestamp, FRAME);
    }

    #[test]
    fn a_dropped_feed_gets_nothing_more() {
        let audio = start(Silence::new());
        let (feed, packets) = fed(&audio);
        packets.recv().unwrap();
        drop(feed);
        // The sink goes with the feed, and so the channel closes.
        while packets.recv().is_ok() {}
    }

    #[test]
    fn mute_sends_silence() {
        let audio = start(Tone::new(440.0, 0.5));
        let (_feed, packets) = fed(&audio);
        audio.track().set_enabled(false);
        let mut decoder = OpusDecoder::new().unwrap();
        let silent = packets.iter().take(50).any(|packet| {
            decoder
                .decode(&packet.data)
                .unwrap()
                .iter()
                .all(|s| s.unsigned_abs() < 4)
        });
        assert!(silent);
        audio.track().set_enabled(true);
        let loud = packets.iter().take(50).any(|packet| {
            decoder
                .decode(&packet.data)
                .unwrap()
                .iter()
                .any(|s| s.unsigned_abs() > 8000)
        });
        assert!(loud);
    }

    #[test]
    fn the_worst_loss_counts() {
        let encoding = AudioEncoding {
            least_expected_loss: 0.0,
            ..AudioEncoding::default()
        };
        let audio = LocalAudio::start(Box::new(Tone::new(440.0, 0.3)), encoding).unwrap();
        let (bad, packets) = fed(&audio);
        let (good, _others) = fed(&audio);
        assert!(
            packets
                .iter()
                .take(10)
                .all(|packet| fec_samples(&packet.data) == 0)
        );
        bad.set_loss(0.2);
        good.set_loss(0.0);
        assert!(
            packets
                .iter()
                .take(50)
                .any(|packet| fec_samples(&packet.data) == 960)
        );
    }

    #[test]
    fn after_the_source_silence_goes_on_and_another_may_follow() {
        let (source, pusher) = PushedAudio::new(Duration::from_secs(1));
        pusher.push(&[5000; 960]);
        drop(pusher);
        let audio = start(source);
        let (_feed, packets) = fed(&audio);
        let stamps: Vec<_> = packets
            .iter()
            .take(5)
            .map(|packet| packet.timestamp)
            .collect();
        assert!(
            stamps.windows(2).all(|pair| pair[1] == pair[0] + FRAME),
            "{stamps:?}"
        );
        assert!(audio.source_ended());
        audio.switch_source(Box::new(Tone::new(440.0, 0.5)));
        let (send, loud) = mpsc::channel();
        audio.track().add_renderer(move |frame: &AudioFrame| {
            if frame.samples().iter().any(|s| s.unsigned_abs() > 8000) {
                let _ = send.send(frame.timestamp());
            }
        });
        assert!(loud.recv().unwrap() > stamps[4] - FRAME);
        assert!(!audio.source_ended());
    }

    #[test]
    fn settings_out_of_bounds_are_refused() {
        let encoding = AudioEncoding {
            bitrate: 1,
            ..AudioEncoding::default()
        };
        let refused = LocalAudio::start(Box::new(Silence::new()), encoding).unwrap_err();
        assert!(matches!(
            refused,
            LocalAudioError::Encoder(OpusError::Bitrate(1))
        ));
    }
}

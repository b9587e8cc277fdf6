//! The sound of one peer: packets in from any thread, even sound out.
//!
//! A thread plays 20 ms at a time by absolute deadlines, out of a
//! [`JitterBuffer`]. When it was held up it plays what it owes, a little apart, so
//! that the packets held up with it get in first; nothing is left out.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::audio::{AudioPacket, JitterBuffer, JitterStats};
use crate::codec::opus::OpusError;
use crate::frame::{AudioFrame, SAMPLES_PER_FRAME};
use crate::track::{AudioTrack, TrackKind};

/// One frame.
const FRAME: Duration = Duration::from_millis(20);
/// Pause between frames that are overdue.
const CATCH_UP: Duration = Duration::from_millis(4);
/// After being held up for longer than this the machine was asleep: start afresh.
const MAX_OWED: Duration = Duration::from_secs(5);

/// Why a peer's sound cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteAudioError {
    /// No decoder could be made.
    #[error("cannot make a decoder")]
    Decoder(#[from] OpusError),
    /// The system gives us no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

/// A peer's sound; dropping it stops it.
#[derive(Debug)]
pub struct RemoteAudio {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    track: AudioTrack,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    buffer: JitterBuffer,
    /// When the first packet came.
    first: Option<Instant>,
    stopping: bool,
}

impl RemoteAudio {
    /// Waits for packets; nothing is rendered before the first one.
    ///
    /// # Errors
    /// When memory or threads are short.
    pub fn start() -> Result<Self, RemoteAudioError> {
        let state = State {
            buffer: JitterBuffer::new()?,
            first: None,
            stopping: false,
        };
        let shared = Arc::new(Shared {
            track: AudioTrack::new(TrackKind::Remote),
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let playout = Playout {
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new()
            .name("remote-audio".into())
            .spawn(move || playout.run())
            .map_err(RemoteAudioError::Thread)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Takes a packet as it came, in any order.
    pub fn push(&self, packet: AudioPacket) {
        let mut state = self.shared.lock();
        if state.first.is_none() {
            state.first = Some(packet.received);
            self.shared.changed.notify_all();
        }
        state.buffer.insert(packet);
    }

    /// The handle to renderers and mute.
    #[must_use]
    pub fn track(&self) -> AudioTrack {
        self.shared.track.clone()
    }

    /// What the jitter buffer did so far.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.shared.lock().buffer.stats()
    }
}

impl Drop for RemoteAudio {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A renderer may own the last handle: a thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the remote audio panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Playout {
    shared: Arc<Shared>,
}

impl Playout {
    fn run(self) {
        let Some(first) = self.wait_for_first() else {
            return;
        };
        let mut deadline = first + JitterBuffer::START_DELAY;
        let mut timestamp = Duration::ZERO;
        while self.wait_until(deadline) {
            self.play(deadline, timestamp);
            timestamp += FRAME;
            deadline += FRAME;
            let now = Instant::now();
            if deadline + MAX_OWED < now {
                deadline = now;
            } else if deadline < now && !self.wait_until(now + CATCH_UP) {
                return;
            }
        }
    }

    fn wait_for_first(&self) -> Option<Instant> {
        let mut state = self.shared.lock();
        loop {
            if state.stopping {
                return None;
            }
            if state.first.is_some() {
                return state.first;
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// False when it is time to stop.
    fn wait_until(&self, deadline: Instant) -> bool {
        let mut state = self.shared.lock();
        while !state.stopping {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// Plays what belongs to `deadline`, which may be past.
    fn play(&self, deadline: Instant, timestamp: Duration) {
        let mut sound = [0; SAMPLES_PER_FRAME];
        self.shared.lock().buffer.pull(deadline, &mut sound);
        if !self.shared.track.is_enabled() {
            sound.fill(0);
        }
        self.shared.track.render(&AudioFrame::new(sound, timestamp));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec::opus::{OpusEncoder, OpusTuning};
    use std::sync::mpsc;

    fn packets(count: u64) -> Vec<AudioPacket> {
        let mut encoder = OpusEncoder::new(40_000, OpusTuning::Voice).unwrap();
        let sound = crate::source::Sweep::render(0, count as usize * 960);
        let received = Instant::now();
        let frames = sound.chunks(960).zip(0..);
        frames
            .map(|(frame, sequence)| AudioPacket {
                sequence,
                timestamp: sequence * 960,
                data: encoder.encode(frame).unwrap().into(),
                received,
            })
            .collect()
    }

    #[test]
    fn sound_follows_the_first_packet() {
        let audio = RemoteAudio::start().unwrap();
        let (send, frames) = mpsc::channel();
        audio.track().add_renderer(move |frame: &AudioFrame| {
            let _ = send.send(frame.clone());
        });
        for packet in packets(5) {
            audio.push(packet);
        }
        let frames: Vec<_> = frames.iter().take(3).collect();
        assert_eq!(frames[0].timestamp(), Duration::ZERO);
        assert_eq!(frames[2].timestamp(), 2 * FRAME);
        assert!(frames[2].samples().iter().any(|s| s.unsigned_abs() > 1000));
        assert_eq!(audio.stats().received, 5);
    }

    #[test]
    fn mute_gives_silence() {
        let audio = RemoteAudio::start().unwrap();
        audio.track().set_enabled(false);
        let (send, frames) = mpsc::channel();
        audio.track().add_renderer(move |frame: &AudioFrame| {
            let _ = send.send(frame.clone());
        });
        packets(3).into_iter().for_each(|packet| audio.push(packet));
        assert!(
            frames
                .iter()
                .take(3)
                .all(|frame| frame.samples().iter().all(|&s| s == 0))
        );
    }

    #[test]
    fn it_stops_whether_or_not_it_ever_played() {
        drop(RemoteAudio::start().unwrap());
        let audio = RemoteAudio::start().unwrap();
        packets(1).into_iter().for_each(|packet| audio.push(packet));
        drop(audio);
    }
}

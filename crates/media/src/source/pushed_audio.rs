//! Sound pushed by the app: a voice agent, a mixer, a foreign capture library.
//!
//! The app pushes pieces of any size at any time; the source hands them on in
//! 20 ms frames at the pace of real time and sends silence while there are none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::frame::{AudioFrame, SAMPLE_RATE, SAMPLES_PER_FRAME};

/// Longest sound that can wait to be sent.
pub const MAX_CAPACITY: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Queue {
    samples: VecDeque<i16>,
    capacity: usize,
    pushers: usize,
    read: bool,
}

/// The source side; give it to [`LocalAudio`](crate::LocalAudio).
#[derive(Debug)]
pub struct PushedAudio {
    queue: Arc<Mutex<Queue>>,
    pace: AudioPace,
}

/// The app's side. The source ends when the last clone is dropped and everything
/// pushed has been sent.
#[derive(Debug)]
pub struct AudioPusher {
    queue: Arc<Mutex<Queue>>,
}

impl PushedAudio {
    /// A source that keeps at most `capacity` of sound waiting (40 ms to
    /// [`MAX_CAPACITY`], clamped), and what feeds it.
    #[must_use]
    pub fn new(capacity: Duration) -> (Self, AudioPusher) {
        let capacity = capacity.clamp(Duration::from_millis(40), MAX_CAPACITY);
        let capacity = capacity.as_millis() as usize * SAMPLE_RATE as usize / 1000;
        let queue = Queue {
            samples: VecDeque::new(),
            capacity,
            pushers: 1,
            read: true,
        };
        let queue = Arc::new(Mutex::new(queue));
        (
            Self {
                queue: Arc::clone(&queue),
                pace: AudioPace::new(),
            },
            AudioPusher { queue },
        )
    }
}

impl AudioPusher {
    /// Appends mono samples at 48 kHz and says how many of them fitted; the rest
    /// may be pushed again when some have been sent. None fit once the source is gone.
    pub fn push(&self, samples: &[i16]) -> usize {
        let mut queue = lock(&self.queue);
        if !queue.read {
            return 0;
        }
        let room = queue.capacity - queue.samples.len();
        let accepted = &samples[..samples.len().min(room)];
        queue.samples.extend(accepted);
        accepted.len()
    }

    /// Sound that was pushed and is not yet sent.
    #[must_use]
    pub fn waiting(&self) -> Duration {
        let samples = lock(&self.queue).samples.len() as u64;
        Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// Takes back everything that is not yet sent: somebody interrupted the robot.
    pub fn clear(&self) {
        lock(&self.queue).samples.clear();
    }
}

impl Clone for AudioPusher {
    fn clone(&self) -> Self {
        lock(&self.queue).pushers += 1;
        Self {
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Drop for AudioPusher {
    fn drop(&mut self) {
        lock(&self.queue).pushers -= 1;
    }
}

impl Drop for PushedAudio {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.read = false;
        queue.samples = VecDeque::new();
    }
}

impl Queue {
    /// The next frame; nothing when the app is gone and all is sent.
    fn take_frame(&mut self) -> Option<Vec<i16>> {
        if self.samples.len() >= SAMPLES_PER_FRAME {
            return Some(self.samples.drain(..SAMPLES_PER_FRAME).collect());
        }
        if self.pushers > 0 {
            // A beginning of a frame waits for its rest: cutting it would click.
            return Some(vec![0; SAMPLES_PER_FRAME]);
        }
        if self.samples.is_empty() {
            return None;
        }
        let mut last: Vec<i16> = self.samples.drain(..).collect();
        last.resize(SAMPLES_PER_FRAME, 0);
        Some(last)
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AudioSource for PushedAudio {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        let Some(tick) = self.pace.tick(wait) else {
            return Next::NotYet;
        };
        match lock(&self.queue).take_frame() {
            Some(samples) => Next::Frame(AudioFrame::new(samples, tick.timestamp)),
            None => Next::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pieces_of_any_size_become_frames() {
        let (source, pusher) = PushedAudio::new(Duration::from_secs(1));
        assert_eq!(pusher.push(&[1; 500]), 500);
        let take = || lock(&source.queue).take_frame();
        assert_eq!(take().unwrap(), [0; 960]);
        assert_eq!(pusher.push(&[2; 1000]), 1000);
        let first = take().unwrap();
        assert_eq!((first[499], first[500]), (1, 2));
        drop(pusher);
        let last = take().unwrap();
        assert_eq!((last.len(), last[539], last[540]), (960, 2, 0));
        assert!(take().is_none());
    }

    #[test]
    fn what_waits_is_bounded() {
        let (source, pusher) = PushedAudio::new(Duration::from_millis(50));
        assert_eq!(pusher.push(&vec![1; 5000]), 2400);
        assert_eq!(pusher.waiting(), Duration::from_millis(50));
        assert_eq!(pusher.push(&[1]), 0);
        pusher.clear();
        assert_eq!(pusher.push(&[1]), 1);
        drop(source);
        assert_eq!(pusher.push(&[1]), 0);
    }

    #[test]
    fn the_source_ends_with_its_last_pusher() {
        let (mut source, pusher) = PushedAudio::new(Duration::from_secs(1));
        let other = pusher.clone();
        drop(pusher);
        assert!(matches!(
            source.next_frame(Duration::from_secs(1)),
            Next::Frame(_)
        ));
        drop(other);
        assert!(matches!(
            source.next_frame(Duration::from_secs(1)),
            Next::Ended
        ));
    }
}

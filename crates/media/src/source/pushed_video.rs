//! Pictures pushed by the app: a robot, a screen, a camera of its own.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Next, VideoFormat, VideoSource};
use crate::frame::VideoFrame;

struct Slot {
    frame: Option<VideoFrame>,
    first_push: Option<Instant>,
    pusher_gone: bool,
    source_gone: bool,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The source end. Holds one picture: the newest wins.
pub struct PushedVideo {
    format: VideoFormat,
    shared: Arc<Shared>,
}

/// The app's end; the source ends when it is dropped.
pub struct FramePusher {
    shared: Arc<Shared>,
}

/// What became of a pushed picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be sent next.
    Taken,
    /// It will be sent next, instead of one that nobody had fetched yet.
    ReplacedOlder,
    /// The source is gone: nobody will ever fetch it.
    Closed,
}

impl PushedVideo {
    /// Both ends. `format` says what is going to be pushed, mostly.
    #[must_use]
    pub fn new(format: VideoFormat) -> (Self, FramePusher) {
        let slot = Slot {
            frame: None,
            first_push: None,
            pusher_gone: false,
            source_gone: false,
        };
        let shared = Arc::new(Shared {
            slot: Mutex::new(slot),
            changed: Condvar::new(),
        });
        (
            Self {
                format,
                shared: Arc::clone(&shared),
            },
            FramePusher { shared },
        )
    }
}

impl FramePusher {
    /// Hands a picture over, without blocking. Its timestamp is replaced by the time
    /// since the first push.
    pub fn push(&self, frame: VideoFrame) -> Pushed {
        let mut slot = self.shared.lock();
        if slot.source_gone {
            return Pushed::Closed;
        }
        let now = Instant::now();
        let timestamp = now - *slot.first_push.get_or_insert(now);
        let older = slot.frame.replace(frame.with_timestamp(timestamp));
        self.shared.changed.notify_one();
        if older.is_some() {
            Pushed::ReplacedOlder
        } else {
            Pushed::Taken
        }
    }
}

impl Drop for FramePusher {
    fn drop(&mut self) {
        self.shared.lock().pusher_gone = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for PushedVideo {
    fn drop(&mut self) {
        self.shared.lock().source_gone = true;
    }
}

impl VideoSource for PushedVideo {
    fn format(&self) -> VideoFormat {
        self.format
    }

    fn next_frame(&mut self, wait: Duration) -> Next<VideoFrame> {
        let waiting = |slot: &mut Slot| slot.frame.is_none() && !slot.pusher_gone;
        let (mut slot, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), wait, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        match slot.frame.take() {
            Some(frame) => Next::Frame(frame),
            None if slot.pusher_gone => Next::Ended,
            None => Next::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FrameRate;

    const FORMAT: VideoFormat = VideoFormat {
        width: 16,
        height: 16,
        fps: FrameRate::whole(30),
    };

    fn frame(value: u8) -> VideoFrame {
        VideoFrame::new(16, 16, vec![value; 384], Duration::from_secs(9)).unwrap()
    }

    fn next(source: &mut PushedVideo) -> Next<VideoFrame> {
        source.next_frame(Duration::ZERO)
    }

    #[test]
    fn the_newest_picture_wins() {
        let (mut source, pusher) = PushedVideo::new(FORMAT);
        assert!(matches!(next(&mut source), Next::NotYet));
        assert_eq!(pusher.push(frame(1)), Pushed::Taken);
        assert_eq!(pusher.push(frame(2)), Pushed::ReplacedOlder);
        let Next::Frame(got) = next(&mut source) else {
            panic!("a frame was pushed")
        };
        assert_eq!(got.y()[0], 2);
        assert!(got.timestamp() < Duration::from_secs(9));
        assert!(matches!(next(&mut source), Next::NotYet));
    }

    #[test]
    fn the_last_picture_is_still_delivered() {
        let (mut source, pusher) = PushedVideo::new(FORMAT);
        pusher.push(frame(1));
        drop(pusher);
        assert!(matches!(next(&mut source), Next::Frame(_)));
        assert!(matches!(source.next_frame(Duration::MAX), Next::Ended));
    }

    #[test]
    fn pushing_to_a_stopped_source_is_noticed() {
        let (source, pusher) = PushedVideo::new(FORMAT);
        drop(source);
        assert_eq!(pusher.push(frame(1)), Pushed::Closed);
    }
}

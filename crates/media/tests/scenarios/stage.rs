//! What the scenarios about pictures share.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use visavis_media::source::{FramePusher, PushedVideo, TestPattern};
use visavis_media::{
    EncodedVideo, FrameRate, LocalVideo, ReceivedVideo, RemoteVideo, Urgency, VideoEncoding,
    VideoFeed, VideoFormat, VideoFrame, VideoTrack,
};

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn format(width: u32, height: u32) -> VideoFormat {
    VideoFormat {
        width,
        height,
        fps: FrameRate::whole(30),
    }
}

/// A picture of the pattern, small and quick.
pub(crate) fn picture(counter: u32) -> VideoFrame {
    TestPattern::render(counter, u64::from(counter) * 33, 320, 180).unwrap()
}

/// Things that come from another thread, awaited one by one.
pub(crate) struct Arrivals<T>(Receiver<T>);

impl<T> Arrivals<T> {
    pub(crate) fn next(&self) -> T {
        self.0.recv_timeout(PATIENCE).expect("nothing came")
    }

    /// The first one that `wanted` is true of; the others are lost.
    pub(crate) fn next_that(&self, wanted: impl Fn(&T) -> bool) -> T {
        loop {
            let next = self.next();
            if wanted(&next) {
                return next;
            }
        }
    }

    /// What is there now.
    pub(crate) fn drain(&self) -> Vec<T> {
        self.0.try_iter().collect()
    }
}

pub(crate) fn rendered(track: &VideoTrack) -> Arrivals<VideoFrame> {
    let (sender, receiver) = channel();
    track.add_renderer(move |frame: &VideoFrame| {
        let _ = sender.send(frame.clone());
    });
    Arrivals(receiver)
}

/// A feed that did not ask for a key frame yet, and what it gets.
pub(crate) fn feed(video: &LocalVideo) -> (VideoFeed, Arrivals<Arc<EncodedVideo>>) {
    let (sender, receiver) = channel();
    let feed = video.attach(move |frame| {
        let _ = sender.send(frame);
    });
    (feed, Arrivals(receiver))
}

pub(crate) fn connected_feed(video: &LocalVideo) -> (VideoFeed, Arrivals<Arc<EncodedVideo>>) {
    let (feed, arrivals) = self::feed(video);
    feed.request_key_frame(Urgency::FirstPicture);
    (feed, arrivals)
}

/// Local video whose pictures the test pushes.
pub(crate) fn pushed() -> (LocalVideo, FramePusher) {
    let (source, pusher) = PushedVideo::new(format(320, 180));
    (
        LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap(),
        pusher,
    )
}

pub(crate) fn key_frame_requests(video: &RemoteVideo) -> Arrivals<()> {
    let (sender, receiver) = channel();
    video.on_key_frame_needed(move || {
        let _ = sender.send(());
    });
    Arrivals(receiver)
}

pub(crate) fn received(frame: &EncodedVideo, contiguous: bool) -> ReceivedVideo {
    ReceivedVideo {
        data: Arc::clone(&frame.data),
        timestamp: frame.timestamp,
        contiguous,
        received: Instant::now(),
    }
}

/// On the whole; compression leaves traces of what was there before.
pub(crate) fn is_black(frame: &VideoFrame) -> bool {
    let off: usize = frame.y().iter().map(|&y| usize::from(y.abs_diff(16))).sum();
    off < 4 * frame.y().len()
}

//! The thread that turns a source into frames.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Shared;
use super::encoding::{VideoEncoding, differs};
use super::feeds::Plan;
use super::timeline::Timeline;
use crate::codec::EncodedVideo;
use crate::codec::vp8::{VideoEncodeError, Vp8Config, Vp8Encoder};
use crate::frame::VideoFrame;
use crate::source::{Next, VideoSource, black_frame};

/// A request waits at most this long for the source.
const POLL: Duration = Duration::from_millis(5);
/// How often black is sent while the track is switched off.
const BLACK_INTERVAL: Duration = Duration::from_millis(500);

pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) encoding: VideoEncoding,
    pub(super) source: Box<dyn VideoSource>,
    pub(super) encoder: Option<Vp8Encoder>,
    pub(super) timeline: Timeline,
    /// The last picture of the source, seen or not.
    pub(super) taken: Option<VideoFrame>,
    pub(super) shown: Option<Shown>,
}

/// The picture that everybody sees now.
pub(super) struct Shown {
    frame: VideoFrame,
    at: Instant,
    black: bool,
}

impl Worker {
    pub(super) fn run(mut self) {
        self.prepare_encoder();
        while !self.shared.stopping.load(Ordering::Relaxed) {
            if let Some(source) = self.shared.take_next_source() {
                self.source = source;
                self.timeline.source_changed(Instant::now());
            }
            let fresh = self.read_source();
            let now = Instant::now();
            if self.shared.track.is_enabled() {
                self.show_source(fresh, now);
            } else {
                self.show_black(now);
            }
            self.repeat_if_wanted(now);
        }
    }

    /// Has an encoder ready for the first picture. Setting one up takes many milliseconds
    /// for a large picture, which is why it is done here and not by whoever starts the call.
    fn prepare_encoder(&mut self) {
        let format = self.source.format();
        let bitrate = self.encoding.start_bitrate;
        self.encoder = new_encoder(&self.encoding, bitrate, format.width, format.height)
            .inspect_err(|error| tracing::warn!(%error, "there is no encoder for the source"))
            .ok();
    }

    /// Whether a new picture was taken.
    fn read_source(&mut self) -> bool {
        if self.shared.ended.load(Ordering::Relaxed) {
            std::thread::sleep(POLL);
            return false;
        }
        match self.source.next_frame(POLL) {
            Next::Frame(frame) => {
                self.taken = Some(frame);
                true
            }
            Next::NotYet => false,
            Next::Ended => {
                self.shared.ended.store(true, Ordering::Relaxed);
                false
            }
        }
    }

    fn show_source(&mut self, fresh: bool, now: Instant) {
        let switched_on = self.shown.as_ref().is_some_and(|shown| shown.black);
        if !fresh && !switched_on {
            return;
        }
        let Some(frame) = self.taken.clone() else {
            return;
        };
        let timestamp = if fresh {
            self.timeline.of_source(frame.timestamp(), now)
        } else {
            self.timeline.of_now(now)
        };
        self.show(Shown {
            frame: frame.with_timestamp(timestamp),
            at: now,
            black: false,
        });
    }

    fn show_black(&mut self, now: Instant) {
        let recent = self.shown.as_ref().is_some_and(|shown| {
            shown.black && now.saturating_duration_since(shown.at) < BLACK_INTERVAL
        });
        if recent {
            return;
        }
        let (width, height) = match (&self.shown, &self.taken) {
            (Some(Shown { frame, .. }), _) | (None, Some(frame)) => (frame.width(), frame.height()),
            (None, None) => (self.source.format().width, self.source.format().height),
        };
        match black_frame(width, height, self.timeline.of_now(now)) {
            Ok(frame) => self.show(Shown {
                frame,
                at: now,
                black: true,
            }),
            Err(error) => tracing::error!(%error, "the video source promises an impossible size"),
        }
    }

    fn show(&mut self, shown: Shown) {
        self.shared.track.render(&shown.frame);
        self.send(&shown.frame, shown.at);
        self.shown = Some(shown);
    }

    /// A peer that just connected gets the picture that is there, not the next one.
    fn repeat_if_wanted(&mut self, now: Instant) {
        if !self.shared.feeds().wants_repeat(now) {
            return;
        }
        let Some(shown) = &self.shown else { return };
        let frame = shown
            .frame
            .clone()
            .with_timestamp(self.timeline.of_now(now));
        self.send(&frame, now);
    }

    fn send(&mut self, frame: &VideoFrame, captured: Instant) {
        let plan = self.shared.feeds().plan(&self.encoding, captured);
        let Some(plan) = plan else { return };
        let begin = Instant::now();
        let encoded = self.encode(frame, captured, plan);
        {
            let mut stats = self.shared.stats();
            stats.encode_time += begin.elapsed();
            stats.encoded += u64::from(matches!(encoded, Ok(Some(_))));
        }
        match encoded {
            Ok(Some(encoded)) => {
                let recipients = self.shared.feeds().recipients(encoded.key, captured);
                let encoded = Arc::new(encoded);
                for sink in recipients {
                    sink(Arc::clone(&encoded));
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "a picture could not be encoded; the encoder begins anew");
                self.encoder = None;
            }
        }
    }

    fn encode(
        &mut self,
        frame: &VideoFrame,
        captured: Instant,
        plan: Plan,
    ) -> Result<Option<EncodedVideo>, VideoEncodeError> {
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => none.insert(new_encoder(
                &self.encoding,
                plan.bitrate,
                frame.width(),
                frame.height(),
            )?),
        };
        if differs(encoder.bitrate(), plan.bitrate) {
            encoder.set_bitrate(plan.bitrate)?;
        }
        encoder.encode(frame, captured, plan.key)
    }
}

fn new_encoder(
    encoding: &VideoEncoding,
    bitrate: u32,
    width: u32,
    height: u32,
) -> Result<Vp8Encoder, VideoEncodeError> {
    let config = Vp8Config {
        bitrate,
        cpu_used: encoding.cpu_used,
        threads: encoding.threads,
        ..Vp8Config::default()
    };
    Vp8Encoder::new(&config, width, height)
}

//! Who gets which frame.
//!
//! A feed needs a key frame to begin with, and again after it missed a frame that
//! others got. A congested feed gets nothing; while no feed wants anything, nothing is
//! encoded, so that nobody misses anything.

use std::sync::Arc;
use std::time::Instant;

use super::encoding::VideoEncoding;
use super::key_frames::{KeyFrameGate, Urgency};
use crate::codec::EncodedVideo;

pub(super) type Sink = Arc<dyn Fn(Arc<EncodedVideo>) + Send + Sync>;

struct Feed {
    id: u64,
    sink: Sink,
    target: Option<u32>,
    congested: bool,
    needs_key: bool,
}

/// What to do with a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) key: bool,
    pub(super) bitrate: u32,
}

/// All feeds of one encoder, and what they asked for.
#[derive(Default)]
pub(super) struct Feeds {
    next_id: u64,
    feeds: Vec<Feed>,
    gate: KeyFrameGate,
}

impl Feeds {
    pub(super) fn attach(&mut self, sink: Sink) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.feeds.push(Feed {
            id,
            sink,
            target: None,
            congested: false,
            needs_key: true,
        });
        id
    }

    /// The sink is handed back to be dropped without a lock: that runs the app's code.
    pub(super) fn detach(&mut self, id: u64) -> Option<Sink> {
        let position = self.feeds.iter().position(|feed| feed.id == id)?;
        Some(self.feeds.remove(position).sink)
    }

    pub(super) fn set_target(&mut self, id: u64, bps: u32) {
        if let Some(feed) = self.find(id) {
            feed.target = Some(bps);
        }
    }

    pub(super) fn set_congested(&mut self, id: u64, congested: bool, now: Instant) {
        let Some(feed) = self.find(id) else { return };
        let freed = feed.congested && !congested;
        feed.congested = congested;
        if freed && feed.needs_key {
            self.gate.request(Urgency::Repair, now);
        }
    }

    pub(super) fn request_key_frame(&mut self, id: u64, urgency: Urgency, now: Instant) {
        if self.find(id).is_some() {
            self.gate.request(urgency, now);
        }
    }

    /// Whether to encode the picture that is there now, and how; nothing when no feed
    /// could use it.
    pub(super) fn plan(&self, encoding: &VideoEncoding, now: Instant) -> Option<Plan> {
        let key = self.gate.is_due(now);
        let wanted = self
            .feeds
            .iter()
            .any(|feed| !feed.congested && (key || !feed.needs_key));
        wanted.then(|| {
            let targets = self.feeds.iter().filter_map(|feed| feed.target);
            Plan {
                key,
                bitrate: encoding.target(targets),
            }
        })
    }

    /// Whether the last picture should be encoded again now, as a key frame.
    pub(super) fn wants_repeat(&self, now: Instant) -> bool {
        self.gate.is_due_at_once(now) && self.feeds.iter().any(|feed| !feed.congested)
    }

    /// A frame was encoded: who gets it.
    pub(super) fn recipients(&mut self, key: bool, now: Instant) -> Vec<Sink> {
        self.gate.sent(key, now);
        let mut sinks = Vec::new();
        for feed in &mut self.feeds {
            if feed.congested {
                feed.needs_key = true;
            } else if key || !feed.needs_key {
                feed.needs_key = false;
                sinks.push(Arc::clone(&feed.sink));
            }
        }
        sinks
    }

    fn find(&mut self, id: u64) -> Option<&mut Feed> {
        self.feeds.iter_mut().find(|feed| feed.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn feeds(count: usize) -> (Feeds, Vec<u64>) {
        let mut feeds = Feeds::default();
        let ids = (0..count).map(|_| feeds.attach(Arc::new(|_| {}))).collect();
        (feeds, ids)
    }

    fn plan(feeds: &Feeds, now: Instant) -> Option<bool> {
        feeds
            .plan(&VideoEncoding::default(), now)
            .map(|plan| plan.key)
    }

    #[test]
    fn nothing_is_encoded_until_somebody_wants_it() {
        let now = Instant::now();
        let (mut feeds, ids) = feeds(1);
        assert_eq!(plan(&feeds, now), None);
        assert!(!feeds.wants_repeat(now));
        feeds.request_key_frame(ids[0], Urgency::FirstPicture, now);
        assert_eq!(plan(&feeds, now), Some(true));
        assert!(feeds.wants_repeat(now));
        assert_eq!(feeds.recipients(true, now).len(), 1);
        assert_eq!(plan(&feeds, now), Some(false));
        assert!(feeds.detach(ids[0]).is_some());
        assert_eq!(plan(&feeds, now), None);
    }

    #[test]
    fn a_new_feed_begins_with_a_key_frame() {
        let now = Instant::now();
        let (mut feeds, ids) = feeds(2);
        feeds.request_key_frame(ids[0], Urgency::FirstPicture, now);
        assert_eq!(feeds.recipients(true, now).len(), 2);
        feeds.attach(Arc::new(|_| {}));
        assert_eq!(feeds.recipients(false, now).len(), 2);
        assert_eq!(feeds.recipients(true, now).len(), 3);
    }

    #[test]
    fn a_feed_that_missed_frames_resumes_at_a_key_frame() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let (mut feeds, ids) = feeds(2);
        feeds.recipients(true, start);
        feeds.set_congested(ids[1], true, start);
        assert_eq!(plan(&feeds, start), Some(false));
        assert_eq!(feeds.recipients(false, start).len(), 1);
        feeds.set_congested(ids[1], false, later);
        assert_eq!(plan(&feeds, later), Some(true));
        assert_eq!(feeds.recipients(true, later).len(), 2);
    }

    #[test]
    fn when_all_are_congested_nothing_is_missed() {
        let now = Instant::now();
        let (mut feeds, ids) = feeds(1);
        feeds.recipients(true, now);
        feeds.set_congested(ids[0], true, now);
        assert_eq!(plan(&feeds, now), None);
        feeds.request_key_frame(ids[0], Urgency::FirstPicture, now);
        assert!(!feeds.wants_repeat(now + Duration::from_secs(1)));
        let (mut feeds, ids) = self::feeds(1);
        feeds.recipients(true, now);
        feeds.set_congested(ids[0], true, now);
        feeds.set_congested(ids[0], false, now + Duration::from_secs(5));
        assert_eq!(plan(&feeds, now + Duration::from_secs(5)), Some(false));
    }

    #[test]
    fn the_slowest_feed_sets_the_pace() {
        let now = Instant::now();
        let (mut feeds, ids) = feeds(2);
        feeds.recipients(true, now);
        feeds.set_target(ids[0], 900_000);
        feeds.set_target(ids[1], 400_000);
        let bitrate = |feeds: &Feeds| {
            feeds
                .plan(&VideoEncoding::default(), now)
                .map(|plan| plan.bitrate)
        };
        assert_eq!(bitrate(&feeds), Some(400_000));
        feeds.detach(ids[1]);
        assert_eq!(bitrate(&feeds), Some(900_000));
    }
}

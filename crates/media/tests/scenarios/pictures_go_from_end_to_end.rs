//! What one side paints the other side sees, and everybody gets the same frames.

use std::sync::Arc;

use crate::stage::{connected_feed, format, picture, pushed, received, rendered};
use visavis_media::measure::PatternReading;
use visavis_media::source::TestPattern;
use visavis_media::{LocalVideo, RemoteVideo, VideoEncoding};

#[test]
fn the_pattern_arrives_whole() {
    let (local, pusher) = pushed();
    let own_view = rendered(&local.track());
    let remote = Arc::new(RemoteVideo::start().unwrap());
    let seen = rendered(&remote.track());

    let to_remote = Arc::clone(&remote);
    let feed = local.attach(move |frame| to_remote.push(received(&frame, true)));
    feed.request_key_frame(visavis_media::Urgency::FirstPicture);

    let mut reading = PatternReading::new(320, 180).unwrap();
    for counter in 0..30 {
        pusher.push(picture(counter));
        let own = TestPattern::read(&own_view.next()).unwrap();
        assert_eq!(own.counter, counter);
        reading.take(&seen.next());
    }
    assert_eq!(
        (reading.unreadable(), reading.missing(), reading.repeated()),
        (0, 0, 0),
        "{reading:?}"
    );
    assert_eq!(reading.pictures(), 30);
    assert_eq!(reading.sizes(), [(320, 180)]);
    assert!(reading.quality().unwrap().worst > 32.0, "{reading:?}");
    assert_eq!(remote.stats().dropped, 0);
    assert_eq!((remote.stats().width, remote.stats().height), (320, 180));
}

#[test]
fn every_peer_gets_the_very_same_frames() {
    let source = TestPattern::new(format(320, 180)).unwrap();
    let local = LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap();
    let (_first, to_first) = connected_feed(&local);
    let (_second, to_second) = connected_feed(&local);
    let begin = to_second.next();
    assert!(begin.key);
    let mut same = to_first.next_that(|frame| Arc::ptr_eq(frame, &begin));
    for _ in 0..5 {
        let next = to_first.next();
        assert!(Arc::ptr_eq(&next, &to_second.next()));
        assert!(next.timestamp > same.timestamp);
        same = next;
    }
}

#[test]
fn a_detached_peer_gets_nothing_more() {
    let source = TestPattern::new(format(320, 180)).unwrap();
    let local = LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap();
    let (first, to_first) = connected_feed(&local);
    let (_second, to_second) = connected_feed(&local);
    to_first.next();
    drop(first);
    // One may have been on its way.
    to_second.next();
    to_second.next();
    to_first.drain();
    to_second.next();
    assert!(to_first.drain().is_empty());
}

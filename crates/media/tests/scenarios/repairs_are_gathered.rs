//! However often peers ask, key frames stay rare; and the encoder follows the slowest.

use std::time::Duration;

use crate::stage::{connected_feed, format};
use visavis_media::source::TestPattern;
use visavis_media::{LocalVideo, LocalVideoError, Urgency, VideoEncoding};

#[test]
fn a_storm_of_requests_gives_few_key_frames() {
    let source = TestPattern::new(format(160, 96)).unwrap();
    let video = LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap();
    let (feed, frames) = connected_feed(&video);
    let first = frames.next();
    let mut keys = vec![first.captured];
    while keys.len() < 3 {
        feed.request_key_frame(Urgency::Repair);
        let frame = frames.next();
        if frame.key {
            keys.push(frame.captured);
        }
    }
    for pair in keys.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(500));
    }
}

#[test]
fn the_slowest_peer_sets_the_bit_rate() {
    let source = TestPattern::new(format(640, 360)).unwrap();
    let video = LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap();
    let (quick, frames) = connected_feed(&video);
    quick.set_target_bitrate(2_500_000);
    let size = || (0..20).map(|_| frames.next().data.len()).sum::<usize>();
    size();
    let plenty = size();
    let (slow, _to_slow) = connected_feed(&video);
    slow.set_target_bitrate(100_000);
    size();
    size();
    let little = size();
    assert!(little * 3 < plenty, "{little} of {plenty} bytes");
}

#[test]
fn impossible_encodings_are_refused() {
    let source = || Box::new(TestPattern::new(format(160, 96)).unwrap());
    let encoding = VideoEncoding {
        min_bitrate: 2_000_000,
        ..VideoEncoding::default()
    };
    let refused = LocalVideo::start(source(), encoding);
    assert!(matches!(refused, Err(LocalVideoError::Encoding)));
}

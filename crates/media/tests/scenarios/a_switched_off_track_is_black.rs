//! Switching a track off shows black and keeps everything else going.

use crate::stage::{connected_feed, format, is_black, picture, pushed, received, rendered};
use visavis_media::codec::{Vp8Config, Vp8Decoder, Vp8Encoder};
use visavis_media::source::TestPattern;
use visavis_media::{LocalVideo, RemoteVideo, VideoEncoding};

#[test]
fn peers_and_our_own_view_see_black() {
    let source = TestPattern::new(format(320, 180)).unwrap();
    let video = LocalVideo::start(Box::new(source), VideoEncoding::default()).unwrap();
    let track = video.track();
    let own_view = rendered(&track);
    let (_feed, frames) = connected_feed(&video);
    let mut decoder = Vp8Decoder::new().unwrap();
    let mut next = || {
        let frame = frames.next();
        decoder
            .decode(&frame.data, frame.timestamp)
            .unwrap()
            .unwrap()
    };
    assert!(!is_black(&next()));

    track.set_enabled(false);
    while !is_black(&next()) {}
    assert!(is_black(&next()), "black goes on");
    assert!(is_black(&own_view.next_that(is_black)));

    track.set_enabled(true);
    while is_black(&next()) {}
    assert!(TestPattern::read(&next()).is_some());
}

#[test]
fn a_source_that_stands_still_goes_black_and_comes_back() {
    let (video, pusher) = pushed();
    let own_view = rendered(&video.track());
    pusher.push(picture(7));
    own_view.next();
    video.track().set_enabled(false);
    assert!(is_black(&own_view.next()));
    video.track().set_enabled(true);
    let back = own_view.next_that(|frame| !is_black(frame));
    assert_eq!(TestPattern::read(&back).unwrap().counter, 7);
}

#[test]
fn a_peer_that_is_switched_off_is_black_once() {
    let remote = RemoteVideo::start().unwrap();
    let seen = rendered(&remote.track());
    let mut encoder = Vp8Encoder::new(&Vp8Config::default(), 320, 180).unwrap();
    let mut push = |n| {
        let frame = encoder
            .encode(&picture(n), std::time::Instant::now(), false)
            .unwrap()
            .unwrap();
        remote.push(received(&frame, true));
    };
    push(0);
    assert!(!is_black(&seen.next()));
    remote.track().set_enabled(false);
    push(1);
    assert!(is_black(&seen.next()));
    push(2);
    remote.track().set_enabled(true);
    push(3);
    // Frames 2 and 3 were pushed around the switch: black never comes again.
    assert!(!is_black(&seen.next()));
}

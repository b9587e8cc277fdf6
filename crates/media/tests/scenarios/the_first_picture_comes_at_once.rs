//! A peer that just connected is shown the picture that is there: the source is not
//! waited for, and nothing is encoded for peers that are not ready.

use crate::stage::{connected_feed, feed, picture, pushed, rendered};
use visavis_media::Urgency;

#[test]
fn a_source_that_stands_still_is_shown() {
    let (video, pusher) = pushed();
    let seen = rendered(&video.track());
    pusher.push(picture(0));
    seen.next();

    let (feed, frames) = connected_feed(&video);
    let first = frames.next();
    assert!(first.key);
    assert_eq!((first.width, first.height), (320, 180));

    // Asked again when nothing is being sent: again at once, and later on the time line.
    feed.request_key_frame(Urgency::FirstPicture);
    let again = frames.next();
    assert!(again.key && again.timestamp > first.timestamp);
}

#[test]
fn a_peer_that_is_not_ready_is_sent_nothing() {
    let (video, pusher) = pushed();
    let seen = rendered(&video.track());
    let (waiting, to_waiting) = feed(&video);
    for n in 0..3 {
        pusher.push(picture(n));
        seen.next();
    }
    assert!(to_waiting.drain().is_empty());

    let (_ready, to_ready) = connected_feed(&video);
    assert!(to_ready.next().key);
    // The key frame is for everybody, and so is what follows.
    assert!(to_waiting.next().key);
    waiting.request_key_frame(Urgency::FirstPicture);
    assert!(to_waiting.next().key);
}

#[test]
fn a_late_peer_begins_with_a_key_frame() {
    let (video, pusher) = pushed();
    let (_early, to_early) = connected_feed(&video);
    pusher.push(picture(0));
    assert!(to_early.next().key);
    let (late, to_late) = feed(&video);
    pusher.push(picture(1));
    assert!(!to_early.next().key);
    late.request_key_frame(Urgency::FirstPicture);
    for n in 2.. {
        pusher.push(picture(n));
        if to_early.next().key {
            break;
        }
    }
    assert!(to_late.next().key);
}

#[test]
fn the_picture_may_come_after_the_peer() {
    let (video, pusher) = pushed();
    let (_feed, frames) = connected_feed(&video);
    pusher.push(picture(0));
    assert!(frames.next().key);
}

#[test]
fn a_track_may_be_stopped_from_its_own_thread() {
    let (video, pusher) = pushed();
    let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
    let owner = std::sync::Arc::clone(&slot);
    let (done, stopped) = std::sync::mpsc::channel();
    video
        .track()
        .add_renderer(move |_: &visavis_media::VideoFrame| {
            drop(owner.lock().unwrap().take());
            done.send(()).unwrap();
        });
    *slot.lock().unwrap() = Some(video);
    pusher.push(picture(0));
    stopped.recv().unwrap();
}

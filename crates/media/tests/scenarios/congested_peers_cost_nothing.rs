//! Pictures that nobody can take are dropped before they are encoded.

use crate::stage::{connected_feed, picture, pushed, rendered};

#[test]
fn a_lone_peer_goes_on_without_a_key_frame() {
    let (video, pusher) = pushed();
    let seen = rendered(&video.track());
    let (feed, frames) = connected_feed(&video);
    pusher.push(picture(0));
    let first = frames.next();
    assert!(first.key);
    seen.next();

    feed.set_congested(true);
    // Two, so that the first was certainly handled when the second is seen.
    pusher.push(picture(1));
    let dropped = seen.next().timestamp();
    pusher.push(picture(2));
    seen.next();
    feed.set_congested(false);
    pusher.push(picture(3));
    let next = frames.next();
    assert!(!next.key);
    assert!(next.timestamp > dropped);
}

#[test]
fn a_slow_peer_does_not_stop_the_others() {
    let (video, pusher) = pushed();
    let (_quick, to_quick) = connected_feed(&video);
    let (slow, to_slow) = connected_feed(&video);
    for n in 0.. {
        pusher.push(picture(n));
        to_quick.next();
        if !to_slow.drain().is_empty() {
            break;
        }
    }
    slow.set_congested(true);
    // One may have been on its way.
    for n in 0..3 {
        pusher.push(picture(100 + n));
        to_quick.next();
    }
    to_slow.drain();
    for n in 0..3 {
        pusher.push(picture(200 + n));
        to_quick.next();
    }
    assert!(to_slow.drain().is_empty());

    slow.set_congested(false);
    let mut missed = 0;
    loop {
        pusher.push(picture(300 + missed));
        missed += 1;
        if to_quick.next().key {
            break;
        }
    }
    assert!(
        to_slow.next().key,
        "it missed frames, so it resumes at a key frame"
    );
}

//! After a loss nothing is shown until a key frame comes, and one is asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stage::{key_frame_requests, picture, received, rendered};
use visavis_media::codec::{Vp8Config, Vp8Encoder};
use visavis_media::source::TestPattern;
use visavis_media::{EncodedVideo, FRAME_QUEUE_LIMIT, RemoteVideo};

/// Frames 0 to `count`, with key frames where asked for.
fn stream(count: u32, keys: &[u32]) -> Vec<EncodedVideo> {
    let mut encoder = Vp8Encoder::new(&Vp8Config::default(), 320, 180).unwrap();
    (0..count)
        .map(|n| {
            let picture = picture(n).with_timestamp(Duration::from_millis(u64::from(n) * 33));
            encoder
                .encode(&picture, Instant::now(), keys.contains(&n))
                .unwrap()
                .unwrap()
        })
        .collect()
}

fn counters(frames: &[visavis_media::VideoFrame]) -> Vec<u32> {
    frames
        .iter()
        .map(|frame| TestPattern::read(frame).unwrap().counter)
        .collect()
}

#[test]
fn a_gap_is_skipped_to_the_next_key_frame() {
    let frames = stream(10, &[7]);
    let remote = RemoteVideo::start().unwrap();
    let seen = rendered(&remote.track());
    let asked = key_frame_requests(&remote);
    for (n, frame) in frames.iter().enumerate().filter(|&(n, _)| n != 3) {
        remote.push(received(frame, n != 4));
    }
    let shown: Vec<_> = (0..6).map(|_| seen.next()).collect();
    assert_eq!(counters(&shown), [0, 1, 2, 7, 8, 9]);
    asked.next();
    assert_eq!(remote.stats().dropped, 3);
    assert_eq!(remote.stats().decoded, 6);
}

#[test]
fn joining_in_the_middle_asks_until_a_key_frame_comes() {
    let frames = stream(4, &[3]);
    let remote = RemoteVideo::start().unwrap();
    let seen = rendered(&remote.track());
    remote.push(received(&frames[1], true));
    // Whoever can ask may be told later than the first frame comes.
    let asked = key_frame_requests(&remote);
    asked.next();
    asked.next();
    remote.push(received(&frames[3], false));
    assert_eq!(counters(&[seen.next()]), [3]);
}

#[test]
fn damaged_frames_do_no_harm() {
    let frames = stream(6, &[4]);
    let remote = RemoteVideo::start().unwrap();
    let seen = rendered(&remote.track());
    let asked = key_frame_requests(&remote);
    remote.push(received(&frames[0], true));
    assert_eq!(counters(&[seen.next()]), [0]);
    let mut bent = frames[1].clone();
    bent.data = Arc::from(&[0_u8; 100][..]);
    remote.push(received(&bent, true));
    bent.data = Arc::from(&[][..]);
    remote.push(received(&bent, true));
    // A key frame that claims 16383 pixels a side.
    let mut huge = frames[4].data.to_vec();
    huge[6..10].fill(0x3f);
    bent.data = Arc::from(huge);
    remote.push(received(&bent, true));
    asked.next();
    remote.push(received(&frames[3], true));
    remote.push(received(&frames[4], true));
    remote.push(received(&frames[5], true));
    let shown = [seen.next(), seen.next()];
    assert_eq!(counters(&shown), [4, 5]);
}

#[test]
fn too_many_frames_at_once_are_dropped_not_kept() {
    let frames = stream(3, &[2]);
    let remote = RemoteVideo::start().unwrap();
    let asked = key_frame_requests(&remote);
    // A renderer that is stuck holds the decoder up.
    let (release, stuck) = std::sync::mpsc::channel::<()>();
    let (tell, shown) = std::sync::mpsc::channel();
    remote
        .track()
        .add_renderer(move |frame: &visavis_media::VideoFrame| {
            tell.send(TestPattern::read(frame).unwrap().counter)
                .unwrap();
            let _ = stuck.recv();
        });
    remote.push(received(&frames[0], true));
    assert_eq!(shown.recv().unwrap(), 0);
    for _ in 0..=FRAME_QUEUE_LIMIT {
        remote.push(received(&frames[1], true));
    }
    assert_eq!(remote.stats().dropped, FRAME_QUEUE_LIMIT as u64);
    drop(release);
    asked.next();
    remote.push(received(&frames[2], true));
    assert_eq!(shown.recv().unwrap(), 2);
}

//! Another source, another size: peers see it go on.

use std::io::Write;

use crate::stage::{connected_feed, format, picture, pushed, rendered};
use std::time::Duration;
use visavis_media::source::{AtEnd, TestPattern, Y4mFile};
use visavis_media::{Next, VideoFrame, VideoSource};

#[test]
fn the_new_size_begins_with_a_key_frame_on_the_same_time_line() {
    let (video, pusher) = pushed();
    let own_view = rendered(&video.track());
    let (_feed, frames) = connected_feed(&video);
    pusher.push(picture(0));
    let mut last = frames.next().timestamp;
    video.switch_source(Box::new(TestPattern::new(format(160, 96)).unwrap()));
    let first = frames.next();
    assert!(first.key);
    assert_eq!((first.width, first.height), (160, 96));
    assert!(first.timestamp > last);
    last = first.timestamp;
    for _ in 0..3 {
        let next = frames.next();
        assert!(!next.key && next.timestamp > last);
        last = next.timestamp;
    }
    assert_eq!(own_view.next().width(), 320);
    assert_eq!(own_view.next().width(), 160);
}

#[test]
fn the_last_picture_of_an_ended_source_stays() {
    let (video, pusher) = pushed();
    let own_view = rendered(&video.track());
    pusher.push(picture(4));
    own_view.next();
    drop(pusher);
    while !video.source_ended() {
        std::thread::yield_now();
    }
    let (_feed, frames) = connected_feed(&video);
    assert!(frames.next().key);
}

/// Three pictures, due at once.
fn film(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("visavis-{}-{name}.y4m", std::process::id()));
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"YUV4MPEG2 W16 H16 F1000:1 C420\n").unwrap();
    for n in 0..3 {
        file.write_all(b"FRAME\n").unwrap();
        file.write_all(&[n; 384]).unwrap();
    }
    path
}

fn lumas(source: &mut Y4mFile, count: usize) -> Vec<u8> {
    let mut lumas = Vec::new();
    let mut last: Option<VideoFrame> = None;
    while lumas.len() < count {
        match source.next_frame(Duration::from_secs(1)) {
            Next::Frame(frame) => {
                assert!(last.is_none_or(|last| last.timestamp() < frame.timestamp()));
                lumas.push(frame.y()[0]);
                last = Some(frame);
            }
            Next::NotYet => {}
            Next::Ended => break,
        }
    }
    lumas
}

#[test]
fn a_film_repeats_or_ends() {
    let path = film("repeats");
    let mut repeating = Y4mFile::open(&path, AtEnd::Loop).unwrap();
    assert_eq!(repeating.format().fps.numerator(), 1000);
    assert_eq!(lumas(&mut repeating, 7), [0, 1, 2, 0, 1, 2, 0]);
    let mut ending = Y4mFile::open(&path, AtEnd::Stop).unwrap();
    assert_eq!(lumas(&mut ending, 7), [0, 1, 2]);
    assert!(matches!(
        ending.next_frame(Duration::from_secs(1)),
        Next::Ended
    ));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_film_without_pictures_is_refused() {
    let path = film("empty");
    std::fs::write(&path, "YUV4MPEG2 W16 H16 F25:1\n").unwrap();
    assert!(Y4mFile::open(&path, AtEnd::Loop).is_err());
    std::fs::remove_file(&path).unwrap();
    assert!(Y4mFile::open(&path, AtEnd::Loop).is_err());
}

//! The test pattern is natural enough to look good at the bit rates of a call, and its
//! mark can be read when it does not.

use std::time::{Duration, Instant};

use visavis_media::VideoFrame;
use visavis_media::codec::{Vp8Config, Vp8Decoder, Vp8Encoder};
use visavis_media::measure::PatternReading;
use visavis_media::source::{Mark, PatternPainter};

struct Outcome {
    pictures: Vec<VideoFrame>,
    key_bytes: usize,
    bytes: usize,
}

fn compress(width: u32, height: u32, bitrate: u32, frames: u32) -> Outcome {
    let config = Vp8Config {
        bitrate,
        ..Vp8Config::default()
    };
    let mut painter = PatternPainter::new(width, height).unwrap();
    let mut encoder = Vp8Encoder::new(&config, width, height).unwrap();
    let mut decoder = Vp8Decoder::new().unwrap();
    let mut outcome = Outcome {
        pictures: Vec::new(),
        key_bytes: 0,
        bytes: 0,
    };
    for counter in 0..frames {
        let clock_ms = 1_795_406_399_950 + u64::from(counter) * 1000 / 30;
        let timestamp = Duration::from_millis(u64::from(counter) * 1000 / 30);
        let picture = painter
            .paint(Mark { counter, clock_ms }, timestamp)
            .unwrap();
        let frame = encoder
            .encode(&picture, Instant::now(), false)
            .unwrap()
            .unwrap();
        if frame.key {
            outcome.key_bytes = frame.data.len();
        }
        outcome.bytes += frame.data.len();
        outcome
            .pictures
            .push(decoder.decode(&frame.data, timestamp).unwrap().unwrap());
    }
    outcome
}

fn reading(outcome: &Outcome, source: (u32, u32), seen: (u32, u32)) -> PatternReading {
    let mut reading = PatternReading::new(source.0, source.1).unwrap();
    for picture in &outcome.pictures {
        reading.take(&picture.scaled(seen.0, seen.1).unwrap());
    }
    assert_eq!(
        (reading.unreadable(), reading.missing()),
        (0, 0),
        "{reading:?}"
    );
    reading
}

#[test]
fn high_definition_looks_good_at_the_bit_rate_of_a_call() {
    let outcome = compress(1280, 720, 1_500_000, 60);
    let quality = reading(&outcome, (1280, 720), (1280, 720))
        .quality()
        .unwrap();
    assert!(
        quality.worst >= 35.0 && quality.median >= 40.0,
        "{quality:?}"
    );
    // The first picture has to get through a line that nothing is known of yet.
    assert!(outcome.key_bytes < 15_000, "{}", outcome.key_bytes);
    let kbit_per_second = outcome.bytes * 8 * 30 / 60 / 1000;
    assert!(kbit_per_second < 1_600, "{kbit_per_second}");
}

#[test]
fn the_mark_survives_a_thin_line_and_half_the_size() {
    let outcome = compress(1280, 720, 150_000, 20);
    reading(&outcome, (1280, 720), (640, 360));
    let outcome = compress(640, 360, 150_000, 40);
    reading(&outcome, (640, 360), (640, 360));
    reading(&outcome, (640, 360), (320, 180));
    let outcome = compress(320, 180, 150_000, 40);
    reading(&outcome, (320, 180), (320, 180));
}

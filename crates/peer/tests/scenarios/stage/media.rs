//! Pictures and sound whose content can be told: not encoded ones, for a connection
//! never looks inside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use visavis_peer::{OutgoingAudio, OutgoingVideo};

use super::{Stage, Who};

/// The time between two pictures.
const PICTURE_TIME: Duration = Duration::from_millis(40);
/// The time between two packets of sound.
const SOUND_TIME: Duration = Duration::from_millis(20);

/// The content of the picture with this number, of varying size.
pub(crate) fn picture_data(number: u32) -> Vec<u8> {
    let bytes = 200 + (number as usize * 977) % 6000;
    content(number, bytes)
}

fn content(number: u32, bytes: usize) -> Vec<u8> {
    let mut state = u64::from(number) + 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    // The lowest bit of a VP8 picture tells key frames (RFC 6386 section 9.1).
    let first = u8::from(number != 0);
    std::iter::once(first)
        .chain((1..bytes).map(|_| next()))
        .collect()
}

/// The picture with this number; the first one is a key frame.
pub(crate) fn picture(now: Instant, number: u32) -> OutgoingVideo {
    picture_of(now, number, picture_data(number))
}

fn picture_of(now: Instant, number: u32, data: Vec<u8>) -> OutgoingVideo {
    OutgoingVideo {
        data: Arc::from(data),
        timestamp: PICTURE_TIME * number,
        captured: now,
        key: number == 0,
    }
}

/// The packet of sound with this number.
pub(crate) fn sound(now: Instant, number: u32) -> OutgoingAudio {
    OutgoingAudio {
        data: Arc::from(content(number, 40 + number as usize % 80)),
        timestamp: SOUND_TIME * number,
        captured: now,
    }
}

/// What one side sends all the time: a picture every 40 ms, sound every 20 ms.
pub(crate) struct Line {
    from: Who,
    bytes: Option<usize>,
    pub(crate) pictures: u32,
    pub(crate) sounds: u32,
}

impl Line {
    pub(crate) const fn new(from: Who) -> Self {
        Self {
            from,
            bytes: None,
            pictures: 0,
            sounds: 0,
        }
    }

    /// Pictures of this rate, in bit/s.
    pub(crate) const fn at_rate(from: Who, rate: usize) -> Self {
        Self {
            bytes: Some(rate / 25 / 8),
            ..Self::new(from)
        }
    }

    /// Sends for a while; the stage runs meanwhile.
    pub(crate) fn send_for(&mut self, stage: &mut Stage, time: Duration) {
        let end = stage.now + time;
        while stage.now < end {
            let number = self.pictures;
            let bytes = self.bytes;
            stage.act(self.from, |connection, now| {
                let data = bytes.map_or_else(|| picture_data(number), |n| content(number, n));
                connection.send_video(now, picture_of(now, number, data));
            });
            self.pictures += 1;
            for _ in 0..2 {
                let number = self.sounds;
                stage.act(self.from, |connection, now| {
                    connection.send_audio(sound(now, number));
                });
                self.sounds += 1;
                stage.run_for(SOUND_TIME);
            }
        }
    }
}

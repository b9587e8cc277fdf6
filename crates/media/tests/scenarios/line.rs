//! A telephone line in virtual time: the time-marked sound is encoded, its packets
//! are delayed, lost or doubled as a test says, and played by a jitter buffer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use visavis_media::codec::OpusTuning;
use visavis_media::measure::SweepReading;
use visavis_media::source::Sweep;
use visavis_media::{AudioPacket, JitterBuffer, JitterStats};

/// Samples of a packet.
pub(crate) const FRAME: usize = 960;

/// Repeatable chance.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0.0 to 1.0.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One packet of the line, sent `at` so many ms.
pub(crate) struct Sent {
    pub(crate) sequence: u64,
    pub(crate) timestamp: u64,
    pub(crate) data: Arc<[u8]>,
    pub(crate) at: f64,
}

/// `seconds` of the time-marked sound in packets of 20 ms.
pub(crate) fn sweep_packets(seconds: usize, expected_loss: f32) -> Vec<Sent> {
    packets_of(&Sweep::render(0, seconds * 48_000), 40_000, expected_loss)
}

pub(crate) fn packets_of(sound: &[i16], bitrate: u32, expected_loss: f32) -> Vec<Sent> {
    let mut encoder = visavis_media::codec::OpusEncoder::new(bitrate, OpusTuning::Voice).unwrap();
    encoder.set_expected_loss(expected_loss).unwrap();
    sound
        .chunks_exact(FRAME)
        .zip(0..)
        .map(|(frame, n)| Sent {
            sequence: n,
            timestamp: n * FRAME as u64,
            data: encoder.encode(frame).unwrap().into(),
            at: n as f64 * 20.0,
        })
        .collect()
}

/// What came out at the other end.
pub(crate) struct Heard {
    pub(crate) sound: Vec<i16>,
    pub(crate) stats: JitterStats,
    /// The delay after every second.
    pub(crate) delays: Vec<Duration>,
}

impl Heard {
    pub(crate) fn reading(&self) -> SweepReading {
        SweepReading::analyse(&self.sound)
    }
}

/// Plays packets that arrive when `arrival` says (in ms; none: lost) until the last
/// one. `pace` is the length of a millisecond of the player's clock.
pub(crate) fn play_with_clock(
    sent: &[Sent],
    pace: f64,
    mut arrival: impl FnMut(&Sent) -> Option<f64>,
) -> Heard {
    let origin = Instant::now();
    let at = |ms: f64| origin + Duration::from_secs_f64(ms / 1000.0);
    let mut arriving: Vec<(f64, &Sent)> = sent
        .iter()
        .filter_map(|packet| Some((arrival(packet)? + 1000.0, packet)))
        .collect();
    arriving.sort_by(|a, b| a.0.total_cmp(&b.0));
    let last = arriving.last().unwrap().0;
    let mut now = arriving[0].0 + JitterBuffer::START_DELAY.as_secs_f64() * 1000.0;
    let mut buffer = JitterBuffer::new().unwrap();
    let mut heard = Heard {
        sound: Vec::new(),
        stats: buffer.stats(),
        delays: Vec::new(),
    };
    let mut arriving = arriving.into_iter().peekable();
    while now <= last {
        while let Some((received, packet)) = arriving.next_if(|(received, _)| *received <= now) {
            buffer.insert(AudioPacket {
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                data: Arc::clone(&packet.data),
                received: at(received),
            });
        }
        let mut frame = [0; FRAME];
        buffer.pull(at(now), &mut frame);
        heard.sound.extend(frame);
        if heard.sound.len().is_multiple_of(48_000) {
            heard.delays.push(buffer.stats().delay);
        }
        now += 20.0 * pace;
    }
    heard.stats = buffer.stats();
    heard
}

pub(crate) fn play(sent: &[Sent], arrival: impl FnMut(&Sent) -> Option<f64>) -> Heard {
    play_with_clock(sent, 1.0, arrival)
}

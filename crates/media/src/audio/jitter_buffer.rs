//! The adaptive jitter buffer: packets in at any time, sound out at an even pace.
//!
//! In the manner of NetEQ it plays with as little delay as the network's jitter
//! allows, and moves to a new delay by leaving out or doubling single pitch
//! periods. A lost packet is restored from the copy in the one after it (RFC 6716
//! §4.2.5) or else made up by the decoder and faded out. When nothing is there to
//! play, the last sound is held without moving on, so that what comes late is still
//! played whole.
//!
//! It has no thread and no clock, and never fails: hostile packets are counted.

use std::time::{Duration, Instant};

use super::delay::{DelayEstimator, MS, Ticks};
use super::extension::{self, Extension, FADE_END, fade};
use super::packets::{Inserted, Packets, Waiting};
use super::stretch::{self, Likeness};
use super::{AudioPacket, JitterStats};
use crate::codec::OpusError;
use crate::codec::opus::{OpusDecoder, fec_samples};

/// Sound waits at least this long, so that packets may swap places.
const MIN_SLACK: Ticks = 20 * MS;
/// Kept on top of the usual lateness.
const MARGIN: Ticks = 5 * MS;
/// Slack beyond this much over what is needed is played down.
const TOLERATED_EXCESS: Ticks = 25 * MS;
/// Beyond this, pitch periods are left out more often and less carefully.
const HURRY_EXCESS: Ticks = 150 * MS;
/// Beyond this, packets are thrown away.
const MAX_EXCESS: Ticks = 2000 * MS;
/// Sound between two changes of its length, usually
const CHANGE_INTERVAL: Ticks = 100 * MS;
/// and in a hurry.
const HURRIED_INTERVAL: Ticks = 60 * MS;
/// Sound is made up in pieces of this length.
const PIECE: usize = 480;
/// Made-up sound is faded over to real sound for this long.
const JOINT: usize = 240;
/// A decoder is told of this much lost sound at most, in samples.
const MAX_TOLD: Ticks = 2880;
/// Silence that a sender announced lies ahead at most this long; more is skipped.
const MAX_AHEAD: Ticks = 1000 * MS;
/// Packets up to this size carry no sound: the sender pauses (RFC 7587 §3.1.3).
const PAUSE_PACKET: usize = 2;
/// Above this share of lost packets the buffer also waits for their copies.
const NOTABLE_LOSS: f32 = 0.005;
/// How much of the measured loss is left after one more packet.
const LOSS_FORGET: f32 = 0.99;

/// Turns packets that come at any time into sound at an even pace, with as little delay
/// as the network's jitter allows. It has no thread and no clock, and never fails:
/// hostile packets are counted in [`JitterStats`].
#[derive(Debug)]
pub struct JitterBuffer {
    decoder: OpusDecoder,
    packets: Packets,
    delay: DelayEstimator,
    /// Decoded and not yet played.
    sound: Vec<i16>,
    /// What was played last.
    played: Vec<i16>,
    /// Sound held because no packet was there; nothing while there are packets.
    held: Option<Extension>,
    /// Nothing before the first packet was decoded.
    playing: Option<Position>,
    loss: f32,
    counted: Counted,
    stats: JitterStats,
}

/// Where decoding has come to.
#[derive(Debug, Clone, Copy)]
struct Position {
    /// The first sample not decoded.
    next: Ticks,
    /// Length of the last packet.
    duration: Ticks,
    /// Sound made up, since the last packet, while nothing was there.
    stalled: Ticks,
    /// Sound made up since the last packet, for whatever reason.
    made_up: usize,
    /// The sender announced a pause.
    paused: bool,
    /// Sound since its length was last changed.
    unchanged: Ticks,
}

/// Exact sample counts behind the durations of [`JitterStats`].
#[derive(Debug, Default)]
struct Counted {
    concealed: u64,
    recovered: u64,
    accelerated: u64,
    expanded: u64,
}

impl JitterBuffer {
    /// Sound begins this long after its first packet came.
    pub const START_DELAY: Duration = Duration::from_millis(30);

    /// An empty buffer.
    ///
    /// # Errors
    /// Only when memory is short.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self {
            decoder: OpusDecoder::new()?,
            packets: Packets::default(),
            delay: DelayEstimator::new(),
            sound: Vec::new(),
            played: Vec::new(),
            held: None,
            playing: None,
            loss: 0.0,
            counted: Counted::default(),
            stats: JitterStats::default(),
        })
    }

    /// Takes a packet, in any order; one that came too late is dropped and counted.
    pub fn insert(&mut self, packet: AudioPacket) {
        self.stats.received += 1;
        match self.packets.insert(packet) {
            Inserted::Kept { arrival, timestamp } => self.delay.observe(arrival, timestamp),
            Inserted::Late { arrival, timestamp } => {
                self.stats.late += 1;
                self.delay.observe(arrival, timestamp);
            }
            Inserted::Duplicate => self.stats.duplicates += 1,
            Inserted::Discarded => self.stats.discarded += 1,
            Inserted::NewStream([first, second]) => {
                self.begin_anew();
                self.insert(first);
                self.insert(second);
                // The first was already counted as discarded, the second just before.
                self.stats.received -= 2;
                self.stats.discarded -= 1;
            }
        }
        self.stats.discarded += self.packets.take_overflowed();
    }

    /// Fills `out` with the sound to play from `now` on, usually 10 or 20 ms;
    /// silence before the stream begins.
    pub fn pull(&mut self, now: Instant, out: &mut [i16]) {
        if out.is_empty() {
            return;
        }
        self.start_when_due(now);
        if let (Some(mut position), Some(now)) = (self.playing, self.packets.ticks(now)) {
            self.shed_excess(&mut position, now);
            self.fill(&mut position, out.len());
            self.adapt(&mut position, now, out.len());
            self.fill(&mut position, out.len());
            self.note_delay(&position, now);
            position.unchanged += out.len() as Ticks;
            self.playing = Some(position);
        }
        let available = out.len().min(self.sound.len());
        for (to, from) in out.iter_mut().zip(self.sound.drain(..available)) {
            *to = from;
        }
        out[available..].fill(0);
        self.remember(out);
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        let time = |samples: u64| Duration::from_micros(samples * 1000 / MS as u64);
        JitterStats {
            concealed: time(self.counted.concealed),
            recovered: time(self.counted.recovered),
            accelerated: time(self.counted.accelerated),
            expanded: time(self.counted.expanded),
            ..self.stats
        }
    }

    fn remember(&mut self, out: &[i16]) {
        self.played.extend_from_slice(out);
        let surplus = self.played.len().saturating_sub(extension::MEMORY);
        self.played.drain(..surplus);
    }

    fn begin_anew(&mut self) {
        self.held = None;
        self.packets = Packets::default();
        self.delay = DelayEstimator::new();
        self.playing = None;
        self.loss = 0.0;
        self.stats.restarts += 1;
        // Resetting cannot fail; if it did, the next packets would still decode.
        let _ = self.decoder.reset();
    }

    fn start_when_due(&mut self, now: Instant) {
        if self.playing.is_some() {
            return;
        }
        let Some(first) = self.packets.first() else {
            return;
        };
        if self
            .packets
            .ticks(now)
            .is_some_and(|now| now >= START_SLACK)
        {
            self.playing = Some(Position {
                next: first.timestamp,
                duration: first.duration,
                stalled: 0,
                made_up: 0,
                paused: false,
                unchanged: CHANGE_INTERVAL,
            });
        }
    }

    /// Makes sure that `samples` are decoded or made up.
    fn fill(&mut self, position: &mut Position, samples: usize) {
        while self.sound.len() < samples {
            self.go_on(position);
        }
    }

    /// Adds at least one piece of sound.
    fn go_on(&mut self, position: &mut Position) {
        let Some(first) = self.packets.first() else {
            return self.stall(position);
        };
        let gap = first.timestamp - position.next;
        let lost = self.packets.missing_before_first() > 0;
        let copied = if lost {
            fec_samples(&first.packet.data) as Ticks
        } else {
            0
        };
        let copied = if copied <= gap { copied } else { 0 };
        // What was made up while nothing was there has covered that much of the gap.
        let uncovered = gap - copied - position.stalled;
        if uncovered > 0 && uncovered <= MAX_AHEAD {
            self.make_up(position, lost);
            position.next += PIECE as Ticks;
        } else if copied > 0 && !position.paused {
            self.recover(position, copied);
        } else {
            self.play(position);
        }
    }

    /// Nothing to play: goes on without moving on.
    fn stall(&mut self, position: &mut Position) {
        if position.stalled == 0 && !position.paused {
            self.stats.underruns += 1;
            let past = [&self.played[..], &self.sound].concat();
            self.held = Some(Extension::of(&past));
        }
        self.make_up(position, !position.paused);
        position.stalled += PIECE as Ticks;
    }

    fn make_up(&mut self, position: &mut Position, count: bool) {
        let begin = position.made_up;
        position.made_up = begin.saturating_add(PIECE);
        if count {
            self.counted.concealed += PIECE as u64;
        }
        if let Some(held) = &mut self.held {
            self.sound.extend(held.next(PIECE));
            return;
        }
        match self.decoder.conceal(PIECE) {
            Ok(piece) if position.paused => self.sound.extend_from_slice(piece),
            Ok(piece) => {
                let faded = piece
                    .iter()
                    .enumerate()
                    .map(|(n, &sample)| fade(begin + n, sample));
                self.sound.extend(faded);
            }
            Err(_) => self.sound.resize(self.sound.len() + PIECE, 0),
        }
    }

    fn recover(&mut self, position: &mut Position, samples: Ticks) {
        let Some(first) = self.packets.first() else {
            return;
        };
        let (data, timestamp) = (first.packet.data.clone(), first.timestamp);
        let missing = timestamp - samples - position.next;
        let tail = self.tail(position, missing);
        position.next = timestamp;
        match self.decoder.decode_fec(&data, samples as usize) {
            Ok(decoded) => {
                self.counted.recovered += decoded.len() as u64;
                join(&mut self.sound, &tail, decoded);
                position.stalled = 0;
                position.made_up = 0;
            }
            // `stalled` stays, the packet itself is played next.
            Err(_) => tracing::debug!("no copy in the packet after a loss"),
        }
    }

    fn play(&mut self, position: &mut Position) {
        let missing = self.packets.missing_before_first();
        let Some(Waiting {
            packet,
            timestamp,
            duration,
            ..
        }) = self.packets.take_first()
        else {
            return;
        };
        self.note_loss(missing);
        let tail = self.tail(position, timestamp - position.next);
        position.next = timestamp + duration;
        position.duration = duration;
        position.stalled = 0;
        match self.decoder.decode(&packet.data) {
            Ok(decoded) => {
                join(&mut self.sound, &tail, decoded);
                position.made_up = 0;
                position.paused = packet.data.len() <= PAUSE_PACKET;
            }
            Err(_) => {
                self.stats.discarded += 1;
                for _ in 0..duration / PIECE as Ticks {
                    self.make_up(position, true);
                }
            }
        }
    }

    /// The continuation of made-up sound, to fade over from; empty when the decoder
    /// made it up and what follows joins it by itself. Of the `gap` in the sent sound
    /// that was covered without it, the decoder is told here.
    fn tail(&mut self, position: &Position, gap: Ticks) -> Vec<i16> {
        if let Some(mut held) = self.held.take() {
            let told = gap.clamp(0, MAX_TOLD) / JOINT as Ticks * JOINT as Ticks;
            if told > 0 && !position.paused {
                // Only its state matters; if it fails, decoding goes on from an older one.
                let _ = self.decoder.conceal(told as usize);
            }
            return held.next(JOINT);
        }
        if position.stalled == gap || position.made_up == 0 {
            return Vec::new();
        }
        if position.made_up >= FADE_END {
            return vec![0; JOINT];
        }
        match self.decoder.conceal(JOINT) {
            Ok(tail) => {
                let faded = tail.iter().enumerate();
                faded
                    .map(|(n, &sample)| fade(position.made_up + n, sample))
                    .collect()
            }
            Err(_) => vec![0; JOINT],
        }
    }

    fn note_loss(&mut self, missing: u64) {
        for _ in 0..missing.min(100) {
            self.loss = self.loss * LOSS_FORGET + (1.0 - LOSS_FORGET);
        }
        self.loss *= LOSS_FORGET;
    }

    /// How long the last packet that a frame needs should have been there.
    fn wanted_slack(&self, position: &Position) -> Ticks {
        let for_copies = if self.loss > NOTABLE_LOSS {
            position.duration
        } else {
            0
        };
        (self.delay.usual_lateness() + MARGIN + for_copies).max(MIN_SLACK)
    }

    /// How long a packet had been there at `now` if it had traveled fast.
    fn slack(&self, timestamp: Ticks, now: Ticks) -> Ticks {
        now - timestamp - self.delay.fastest_transit().unwrap_or(0)
    }

    /// The same for the next frame of `samples` that needs another packet than those
    /// decoded: how long the last packet of that frame will have been there. A packet
    /// longer than a frame counts once, when it is first needed.
    fn coming_slack(&self, position: &Position, now: Ticks, samples: usize) -> Ticks {
        let whole_frames = self.sound.len() / samples;
        let lacking = samples - self.sound.len() % samples;
        let further = (lacking as Ticks - 1) / position.duration * position.duration;
        self.slack(
            position.next + further,
            now + (whole_frames * samples) as Ticks,
        )
    }

    fn shed_excess(&mut self, position: &mut Position, now: Ticks) {
        let wanted = self.wanted_slack(position);
        let excess = |buffer: &Self| {
            buffer
                .packets
                .first()
                .map(|first| buffer.slack(first.timestamp, now) - wanted)
        };
        if excess(self).is_none_or(|excess| excess <= MAX_EXCESS) {
            return;
        }
        while excess(self).is_some_and(|excess| excess > 0) {
            if let Some(shed) = self.packets.take_first() {
                self.stats.discarded += 1;
                position.next = shed.timestamp + shed.duration;
            }
        }
    }

    /// Makes the decoded sound shorter or longer when the delay is not what it should be.
    fn adapt(&mut self, position: &mut Position, now: Ticks, samples: usize) {
        if position.made_up > 0 {
            return;
        }
        let excess = self.coming_slack(position, now, samples) - self.wanted_slack(position);
        if excess > TOLERATED_EXCESS {
            let (likeness, interval) = if excess > HURRY_EXCESS {
                (Likeness::Loose, HURRIED_INTERVAL)
            } else {
                (Likeness::Strict, CHANGE_INTERVAL)
            };
            if position.unchanged < interval {
                return;
            }
            self.decode_ahead(position);
            if self.spare(position, samples) < stretch::MAX_PERIOD as Ticks {
                return;
            }
            if let Some(removed) = stretch::shorten(&mut self.sound, likeness) {
                self.counted.accelerated += removed as u64;
                position.unchanged = 0;
            }
        } else if excess < 0
            && position.unchanged >= CHANGE_INTERVAL
            && let Some(added) = stretch::lengthen(&mut self.sound, Likeness::Strict)
        {
            self.counted.expanded += added as u64;
            position.unchanged = 0;
        }
    }

    /// Decodes what is there until a change of length has room.
    fn decode_ahead(&mut self, position: &mut Position) {
        while self.sound.len() < stretch::COMFORTABLE {
            let whole = self.packets.missing_before_first() == 0
                && self
                    .packets
                    .first()
                    .is_some_and(|first| first.timestamp <= position.next);
            if !whole {
                return;
            }
            self.play(position);
        }
    }

    /// Sound at hand beyond this frame and what the next packet takes to come. Packets
    /// that are late all of a sudden look like excess, but nothing waits behind them.
    fn spare(&self, position: &Position, samples: usize) -> Ticks {
        let at_hand = self.sound.len() as Ticks + self.packets.unbroken_from(position.next);
        at_hand - samples as Ticks - position.duration.max(MIN_SLACK)
    }

    fn note_delay(&mut self, position: &Position, now: Ticks) {
        let time = |ticks: Ticks| Duration::from_micros((ticks.max(0) * 1000 / MS) as u64);
        let first_unplayed = position.next - self.sound.len() as Ticks;
        self.stats.delay = time(self.slack(first_unplayed, now));
        self.stats.target = time(self.wanted_slack(position));
    }
}

/// [`JitterBuffer::START_DELAY`] in ticks.
const START_SLACK: Ticks = JitterBuffer::START_DELAY.as_millis() as Ticks * MS;

/// Appends `decoded`, faded over from `tail` at its beginning.
fn join(sound: &mut Vec<i16>, tail: &[i16], decoded: &[i16]) {
    let joint = stretch::cross_fade(tail, decoded);
    sound.extend_from_slice(&joint);
    sound.extend_from_slice(&decoded[joint.len()..]);
}

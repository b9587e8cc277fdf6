//! The packets that wait to be played, in the order they were sent.
//!
//! Decides which packets belong here: not the late, the doubled, the malformed,
//! nor those of another stream, until a second one confirms that the stream
//! began anew (RFC 3550 appendix A.1).

use std::collections::BTreeMap;
use std::time::Instant;

use super::AudioPacket;
use super::delay::{MS, Ticks};
use crate::codec::opus::packet_samples;

/// Packets kept at most.
pub(super) const MAX_WAITING: usize = 512;
/// A sequence number further away than this belongs to another stream.
const MAX_SEQUENCE_JUMP: u64 = 3000;
/// So does a timestamp that departs from the clock by more than this.
const MAX_TIMESTAMP_JUMP: Ticks = 5000 * MS;

/// A packet in the stream's own terms.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) packet: AudioPacket,
    /// When it came, in ticks since the first packet of the stream came.
    pub(super) arrival: Ticks,
    /// Its first sample, in ticks since that of the first packet.
    pub(super) timestamp: Ticks,
    /// Ticks that it sounds.
    pub(super) duration: Ticks,
}

/// What became of a packet.
#[derive(Debug)]
pub(super) enum Inserted {
    /// It waits. Arrival and timestamp are for the delay estimate.
    Kept { arrival: Ticks, timestamp: Ticks },
    /// Its time is over; arrival and timestamp as above.
    Late { arrival: Ticks, timestamp: Ticks },
    /// It was here before.
    Duplicate,
    /// It is no Opus packet, or nothing confirmed yet the new stream it claims.
    Discarded,
    /// These two begin another stream; they are to be inserted after [`Packets::default`].
    NewStream([AudioPacket; 2]),
}

/// Packets of one stream.
#[derive(Debug, Default)]
pub(super) struct Packets {
    waiting: BTreeMap<u64, Waiting>,
    /// The packet that all times are counted from.
    origin: Option<AudioPacket>,
    /// The packet with the highest sequence number so far.
    newest: Option<Waiting>,
    /// Bit n: the packet n before the newest was received.
    seen: u128,
    /// The sequence number to play next; 0 until the first was taken.
    next: u64,
    /// A packet that does not belong to the stream; the next may confirm it.
    stranger: Option<AudioPacket>,
    overflowed: u64,
}

impl Packets {
    pub(super) fn insert(&mut self, packet: AudioPacket) -> Inserted {
        let Ok(samples) = packet_samples(&packet.data) else {
            return Inserted::Discarded;
        };
        let origin = self.origin.get_or_insert_with(|| packet.clone());
        let waiting = Waiting {
            arrival: ticks_between(origin.received, packet.received),
            timestamp: packet.timestamp.wrapping_sub(origin.timestamp) as Ticks,
            duration: samples as Ticks,
            packet,
        };
        if self
            .newest
            .as_ref()
            .is_some_and(|newest| departs(newest, &waiting))
        {
            return self.meet_stranger(waiting.packet);
        }
        self.stranger = None;
        let sequence = waiting.packet.sequence;
        if self.note_seen(&waiting) {
            return Inserted::Duplicate;
        }
        let (arrival, timestamp) = (waiting.arrival, waiting.timestamp);
        if sequence < self.next {
            return Inserted::Late { arrival, timestamp };
        }
        self.waiting.insert(sequence, waiting);
        if self.waiting.len() > MAX_WAITING {
            self.drop_first();
            self.overflowed += 1;
        }
        Inserted::Kept { arrival, timestamp }
    }

    /// The packet to play next, or one after it when that is missing.
    pub(super) fn first(&self) -> Option<&Waiting> {
        self.waiting.first_key_value().map(|(_, waiting)| waiting)
    }

    /// How many packets are missing before [`first`](Self::first).
    pub(super) fn missing_before_first(&self) -> u64 {
        match self.first() {
            Some(first) if self.next > 0 => first.packet.sequence - self.next,
            _ => 0,
        }
    }

    /// Takes [`first`](Self::first); whatever is older is late from now on.
    pub(super) fn take_first(&mut self) -> Option<Waiting> {
        let (sequence, waiting) = self.waiting.pop_first()?;
        self.next = sequence.saturating_add(1);
        Some(waiting)
    }

    /// How much sound waits without a gap after the one before `timestamp`.
    pub(super) fn unbroken_from(&self, timestamp: Ticks) -> Ticks {
        let mut end = timestamp;
        for waiting in self.waiting.values() {
            if waiting.timestamp > end {
                break;
            }
            end = end.max(waiting.timestamp + waiting.duration);
        }
        end - timestamp
    }

    /// Packets dropped because more than [`MAX_WAITING`] waited, since the last call.
    pub(super) fn take_overflowed(&mut self) -> u64 {
        std::mem::take(&mut self.overflowed)
    }

    /// A moment in ticks since the first packet came; nothing before that.
    pub(super) fn ticks(&self, now: Instant) -> Option<Ticks> {
        self.origin
            .as_ref()
            .map(|origin| ticks_between(origin.received, now))
    }

    fn drop_first(&mut self) {
        self.waiting.pop_first();
    }

    fn meet_stranger(&mut self, packet: AudioPacket) -> Inserted {
        match self.stranger.take() {
            Some(before) if before.sequence.checked_add(1) == Some(packet.sequence) => {
                Inserted::NewStream([before, packet])
            }
            _ => {
                self.stranger = Some(packet);
                Inserted::Discarded
            }
        }
    }

    /// True when it was seen before.
    fn note_seen(&mut self, waiting: &Waiting) -> bool {
        let sequence = waiting.packet.sequence;
        let Some(newest) = &self.newest else {
            self.newest = Some(waiting.clone());
            self.seen = 1;
            return false;
        };
        let newest = newest.packet.sequence;
        if sequence > newest {
            let shift = u32::try_from(sequence - newest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.newest = Some(waiting.clone());
            return false;
        }
        let bit = u32::try_from(newest - sequence)
            .ok()
            .and_then(|age| 1u128.checked_shl(age));
        let Some(bit) = bit else {
            return self.waiting.contains_key(&sequence);
        };
        let before = self.seen & bit != 0;
        self.seen |= bit;
        before
    }
}

/// Whether a packet cannot be of the stream that `newest` is of.
fn departs(newest: &Waiting, other: &Waiting) -> bool {
    let jump = newest.packet.sequence.abs_diff(other.packet.sequence);
    let sent = other.timestamp.saturating_sub(newest.timestamp);
    let came = other.arrival.saturating_sub(newest.arrival);
    // Within a stream, what is sent later sounds later (RFC 3550 §5.1).
    let order = other.packet.sequence.cmp(&newest.packet.sequence);
    let disordered = sent != 0 && sent.cmp(&0) != order;
    disordered
        || jump > MAX_SEQUENCE_JUMP
        || sent.saturating_sub(came).saturating_abs() > MAX_TIMESTAMP_JUMP
}

fn ticks_between(from: Instant, to: Instant) -> Ticks {
    let micros = |duration: std::time::Duration| {
        Ticks::try_from(duration.as_micros() * MS as u128 / 1000).unwrap_or(Ticks::MAX)
    };
    match to.checked_duration_since(from) {
        Some(later) => micros(later),
        None => -micros(from.duration_since(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    /// One byte of a 20 ms CELT packet.
    fn packet(sequence: u64, start: Instant) -> AudioPacket {
        let received = start + Duration::from_millis(20 * (sequence % 10_000));
        AudioPacket {
            sequence,
            timestamp: sequence * 960,
            data: Arc::new([0xf8]),
            received,
        }
    }

    #[test]
    fn packets_come_out_in_order_and_gaps_are_known() {
        let start = Instant::now();
        let mut packets = Packets::default();
        for sequence in [7, 9, 8, 12] {
            assert!(matches!(
                packets.insert(packet(sequence, start)),
                Inserted::Kept { .. }
            ));
        }
        assert!(matches!(
            packets.insert(packet(9, start)),
            Inserted::Duplicate
        ));
        let mut order = Vec::new();
        let mut missing = Vec::new();
        while let Some(first) = packets.first() {
            order.push((first.packet.sequence, first.timestamp));
            missing.push(packets.missing_before_first());
            packets.take_first();
        }
        assert_eq!(order, [(7, 0), (8, 960), (9, 1920), (12, 4800)]);
        assert_eq!(missing, [0, 0, 0, 2]);
        assert!(matches!(
            packets.insert(packet(11, start)),
            Inserted::Late { .. }
        ));
        assert!(matches!(
            packets.insert(packet(8, start)),
            Inserted::Duplicate
        ));
    }

    #[test]
    fn a_new_stream_needs_two_packets() {
        let start = Instant::now();
        let mut packets = Packets::default();
        packets.insert(packet(10, start));
        assert!(matches!(
            packets.insert(packet(90_000, start)),
            Inserted::Discarded
        ));
        assert!(matches!(
            packets.insert(packet(11, start)),
            Inserted::Kept { .. }
        ));
        assert!(matches!(
            packets.insert(packet(90_000, start)),
            Inserted::Discarded
        ));
        assert!(matches!(
            packets.insert(packet(90_001, start)),
            Inserted::NewStream(_)
        ));
    }

    #[test]
    fn timestamps_that_contradict_the_order_begin_a_new_stream() {
        let start = Instant::now();
        let earlier = |sequence| AudioPacket {
            timestamp: (sequence - 40) * 960,
            ..packet(sequence, start)
        };
        let mut packets = Packets::default();
        packets.insert(packet(100, start));
        assert!(matches!(packets.insert(earlier(101)), Inserted::Discarded));
        assert!(matches!(
            packets.insert(earlier(102)),
            Inserted::NewStream(_)
        ));
    }

    #[test]
    fn sound_is_unbroken_up_to_the_first_gap() {
        let start = Instant::now();
        let mut packets = Packets::default();
        for sequence in [5, 6, 8] {
            packets.insert(packet(sequence, start));
        }
        assert_eq!(packets.unbroken_from(0), 2 * 960);
        assert_eq!(packets.unbroken_from(960), 960);
        packets.insert(packet(7, start));
        assert_eq!(packets.unbroken_from(0), 4 * 960);
    }

    #[test]
    fn what_waits_is_bounded() {
        let start = Instant::now();
        let mut packets = Packets::default();
        for sequence in 0..MAX_WAITING as u64 + 3 {
            packets.insert(packet(sequence, start));
        }
        assert_eq!(packets.take_overflowed(), 3);
        assert_eq!(packets.first().map(|first| first.packet.sequence), Some(3));
    }

    #[test]
    fn malformed_packets_are_discarded() {
        let mut packets = Packets::default();
        let data: Arc<[u8]> = Arc::new([]);
        let empty = AudioPacket {
            data,
            ..packet(1, Instant::now())
        };
        assert!(matches!(packets.insert(empty), Inserted::Discarded));
        assert!(packets.first().is_none());
    }
}

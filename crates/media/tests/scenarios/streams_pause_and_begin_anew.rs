//! What senders do besides sending evenly: pauses, restarts, other packet lengths, garbage.

use std::time::Duration;

use crate::line::{Sent, play, sweep_packets};
use visavis_media::codec::{OpusEncoder, OpusTuning};
use visavis_media::source::Sweep;

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let mut sent = sweep_packets(10, 0.0);
    for packet in &mut sent[250..] {
        packet.sequence += 40_000;
        packet.timestamp = packet.timestamp.wrapping_add(0x8000_0000);
    }
    let heard = play(&sent, |packet| Some(packet.at));
    assert_eq!(heard.stats.restarts, 1, "{:?}", heard.stats);
    let reading = heard.reading();
    assert!(reading.missing_ms <= 60, "{reading:?}");
    assert!(reading.heard_ms > 9800, "{reading:?}");
}

#[test]
fn timestamps_that_jump_back_are_followed() {
    for packets_back in [250, 249, 50, 3] {
        let mut sent = sweep_packets(10, 0.0);
        for packet in &mut sent[250..] {
            packet.timestamp -= packets_back * 960;
        }
        let heard = play(&sent, |packet| Some(packet.at));
        let reading = heard.reading();
        assert!(
            reading.missing_ms <= 60 && reading.heard_ms > 9800,
            "{packets_back}: {reading:?} {:?}",
            heard.stats
        );
        assert_eq!(heard.stats.restarts, 1, "{packets_back}: {:?}", heard.stats);
    }
}

#[test]
fn a_pause_without_packets_is_no_loss() {
    // 3 s without packets, as when the sender holds the call or has nothing to say.
    let sent: Vec<Sent> = sweep_packets(10, 0.0)
        .into_iter()
        .filter(|packet| !(4000.0..7000.0).contains(&packet.at))
        .zip(0..)
        .map(|(packet, sequence)| Sent { sequence, ..packet })
        .collect();
    let heard = play(&sent, |packet| Some(packet.at));
    let reading = heard.reading();
    assert!(reading.missing_ms.abs_diff(3000) <= 30, "{reading:?}");
    assert!(reading.late_ms <= 20, "{reading:?} {:?}", heard.stats);
    assert!(
        heard.stats.delay <= Duration::from_millis(60),
        "{:?}",
        heard.stats
    );
}

#[test]
fn packets_of_every_length_are_played() {
    // A packet of 2.5 ms needs more bits for the same sound to be told in it.
    for (samples, bitrate) in [
        (120, 64_000),
        (480, 40_000),
        (960, 40_000),
        (1920, 40_000),
        (2880, 40_000),
    ] {
        let mut encoder = OpusEncoder::new(bitrate, OpusTuning::Music).unwrap();
        let sound = Sweep::render(0, 5 * 48_000);
        let sent: Vec<Sent> = sound
            .chunks_exact(samples as usize)
            .zip(0u64..)
            .map(|(frame, n)| Sent {
                sequence: n,
                timestamp: n * samples,
                data: encoder.encode(frame).unwrap().into(),
                at: (n * samples) as f64 / 48.0,
            })
            .collect();
        let heard = play(&sent, |packet| Some(packet.at));
        let reading = heard.reading();
        assert!(
            reading.is_complete() && reading.heard_ms >= 4860,
            "{samples}: {reading:?} {:?}",
            heard.stats
        );
        assert_eq!(heard.stats.underruns, 0, "{samples}: {:?}", heard.stats);
        assert!(
            heard.stats.delay <= Duration::from_millis(110),
            "{samples}: {:?}",
            heard.stats
        );
    }
}

#[test]
fn garbage_does_not_stop_the_sound() {
    let mut sent = sweep_packets(6, 0.0);
    for n in [50, 51, 120, 200] {
        sent[n].data = std::sync::Arc::from([0xff, 0x00, 0xff].as_slice());
    }
    sent[150].data = std::sync::Arc::from([].as_slice());
    let heard = play(&sent, |packet| Some(packet.at));
    let reading = heard.reading();
    assert!(heard.stats.discarded > 0);
    assert!(
        reading.missing_ms <= 6 * 20 && reading.heard_ms > 5500,
        "{reading:?}"
    );
}

//! What senders do besides sending evenly: pauses, restarts, other packet lengths, garbage.
#![allow(clippy::unwrap_used)]

mod line;

use std::time::Duration;

use line::{Sent, play, sweep_packets};
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
    let mut sent = sweep_packets(10, 0.0);
    for packet in &mut sent[250..] {
        packet.timestamp -= 250 * 960;
    }
    let heard = play(&sent, |packet| Some(packet.at));
    let reading = heard.reading();
    assert!(
        reading.missing_ms <= 60 && reading.heard_ms > 9800,
        "{reading:?} {:?}",
        heard.stats
    );
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
    for samples in [120, 480, 1920, 2880u64] {
        let mut encoder = OpusEncoder::new(40_000, OpusTuning::Music).unwrap();
        let sound = Sweep::render(0, 5 * 48_000);
        let sent: Vec<Sent> = sound
            .chunks_exact(samples as usize)
            .zip(0..)
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
            reading.is_complete(),
            "{samples}: {reading:?} {:?}",
            heard.stats
        );
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

//! Loss, bursts, reordering and doubled packets.

use std::time::Duration;

use crate::line::{Chance, Sent, play, sweep_packets};

#[test]
fn single_losses_are_restored_from_the_next_packet() {
    for (loss, seed) in [(0.05, 2), (0.10, 3)] {
        let mut chance = Chance::new(seed);
        let mut lost = 0;
        let heard = play(&sweep_packets(15, loss as f32), |packet| {
            let here = chance.next() >= loss || packet.sequence == 0;
            lost += u64::from(!here);
            here.then_some(packet.at + 2.0 * chance.next())
        });
        let lost = Duration::from_millis(20 * lost);
        let stats = heard.stats;
        assert!(
            stats.recovered >= lost.mul_f64(0.7),
            "{loss}: {lost:?} {stats:?}"
        );
        assert!(
            stats.concealed <= lost.mul_f64(0.35),
            "{loss}: {lost:?} {stats:?}"
        );
        assert!(stats.delay <= Duration::from_millis(80), "{stats:?}");
    }
}

#[test]
fn rare_losses_are_made_up_for_and_forgotten() {
    let mut chance = Chance::new(1);
    let mut lost = 0;
    let heard = play(&sweep_packets(15, 0.01), |packet| {
        let here = chance.next() >= 0.01 || packet.sequence == 0;
        lost += u64::from(!here);
        here.then_some(packet.at + 2.0 * chance.next())
    });
    let reading = heard.reading();
    assert!(lost > 0 && heard.stats.concealed == Duration::from_millis(20 * lost));
    assert!(
        reading.missing_ms <= 50 * lost && reading.repeated_ms <= 10 * lost,
        "{lost} {reading:?}"
    );
    assert!(reading.heard_ms >= 15_000 - 60 * lost, "{lost} {reading:?}");
}

#[test]
fn a_burst_is_missing_and_nothing_else() {
    let heard = play(&sweep_packets(10, 0.0), |packet| {
        (!(4000.0..4200.0).contains(&packet.at)).then_some(packet.at)
    });
    let reading = heard.reading();
    assert!((185..=215).contains(&reading.missing_ms), "{reading:?}");
    assert_eq!(reading.repeated_ms, 0, "{reading:?}");
    assert!(reading.late_ms <= 20, "{reading:?}");
    assert!(
        heard.stats.delay <= Duration::from_millis(70),
        "{:?}",
        heard.stats
    );
    // Made-up sound fades to silence within 160 ms.
    let silent = heard
        .sound
        .chunks(480)
        .filter(|piece| piece.iter().all(|&s| s == 0))
        .count();
    assert!((1..=10).contains(&silent), "{silent}");
}

#[test]
fn swapped_and_doubled_packets_do_no_harm() {
    let sent = sweep_packets(15, 0.0);
    let heard = play(&sent, |packet| {
        // Every tenth packet is overtaken by the next one.
        Some(packet.at + if packet.sequence % 10 == 7 { 22.0 } else { 0.0 })
    });
    let reading = heard.reading();
    assert!(
        reading.missing_ms <= 60 && reading.repeated_ms == 0,
        "{reading:?}"
    );
    assert!(heard.stats.late <= 3, "{:?}", heard.stats);

    let doubled: Vec<_> = sent
        .iter()
        .flat_map(|packet| {
            let again = Sent {
                data: packet.data.clone(),
                at: packet.at + 5.0,
                ..*packet
            };
            let first = Sent {
                data: packet.data.clone(),
                ..*packet
            };
            [first, again]
        })
        .collect();
    let heard = play(&doubled, |packet| Some(packet.at));
    assert!(heard.reading().is_complete());
    assert!(heard.stats.duplicates >= 740, "{:?}", heard.stats);
}

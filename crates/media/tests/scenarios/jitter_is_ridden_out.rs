//! Packets that come unevenly, and all of them: nothing may be missing.

use std::time::Duration;

use crate::line::{Chance, Heard, play, play_with_clock, sweep_packets};

fn assert_complete(heard: &Heard, what: &str) {
    let reading = heard.reading();
    assert!(
        reading.is_complete(),
        "{what}: {reading:?} {:?}",
        heard.stats
    );
    assert_eq!(heard.stats.late, 0, "{what}");
}

#[test]
fn an_even_network_is_played_untouched_and_soon() {
    let heard = play(&sweep_packets(10, 0.0), |packet| Some(packet.at + 50.0));
    assert_complete(&heard, "even");
    let stats = heard.stats;
    assert_eq!(
        stats.concealed + stats.accelerated + stats.expanded,
        Duration::ZERO,
        "{stats:?}"
    );
    assert!(stats.delay <= Duration::from_millis(40), "{stats:?}");
    assert_eq!(heard.reading().late_ms, 0);
}

#[test]
fn hiccups_of_a_busy_machine_lose_nothing() {
    for seed in 1..=3 {
        let mut chance = Chance::new(seed);
        let mut held_until = 0.0;
        let heard = play(&sweep_packets(10, 0.0), |packet| {
            // Now and then everything stands still for up to 30 ms.
            if chance.next() < 0.04 {
                held_until = packet.at + 30.0 * chance.next();
            }
            Some(packet.at.max(held_until) + chance.next())
        });
        assert_complete(&heard, "hiccups");
        assert!(
            heard.stats.delay <= Duration::from_millis(90),
            "{:?}",
            heard.stats
        );
    }
}

#[test]
fn jitter_raises_the_delay_only_as_far_as_needed() {
    for spread in [10.0, 40.0, 80.0] {
        let mut chance = Chance::new(3);
        let heard = play(&sweep_packets(12, 0.0), |packet| {
            Some(packet.at + spread * chance.next())
        });
        let reading = heard.reading();
        assert_eq!(
            reading.missing_ms,
            heard.stats.late * 20,
            "{spread}: {reading:?} {:?}",
            heard.stats
        );
        assert!(heard.stats.late <= 4, "{spread}: {:?}", heard.stats);
        let most = Duration::from_secs_f64((spread + 80.0) / 1000.0);
        assert!(heard.stats.delay <= most, "{spread}: {:?}", heard.stats);
    }
}

#[test]
fn a_long_standstill_is_heard_late_but_whole() {
    let heard = play(&sweep_packets(20, 0.0), |packet| {
        let standstill = 3000.0..3300.0;
        Some(if standstill.contains(&packet.at) {
            standstill.end
        } else {
            packet.at
        })
    });
    assert_complete(&heard, "standstill");
    let reading = heard.reading();
    assert!((200..=330).contains(&reading.late_ms), "{reading:?}");
    // Afterwards the delay is worked off.
    assert!(
        heard.stats.delay <= Duration::from_millis(120),
        "{:?}",
        heard.stats
    );
    assert!(
        heard.stats.accelerated >= Duration::from_millis(150),
        "{:?}",
        heard.stats
    );
}

#[test]
fn clocks_that_run_apart_are_followed() {
    for pace in [0.9998, 1.0002] {
        let heard = play_with_clock(&sweep_packets(40, 0.0), pace, |packet| Some(packet.at));
        assert_complete(&heard, "drift");
        assert_eq!(heard.stats.underruns, 0, "{pace}: {:?}", heard.stats);
        assert!(
            heard.delays.iter().all(|d| *d < Duration::from_millis(90)),
            "{:?}",
            heard.delays
        );
    }
}

#[test]
fn a_longer_route_is_followed() {
    let heard = play(&sweep_packets(20, 0.0), |packet| {
        Some(packet.at + if packet.at < 5000.0 { 20.0 } else { 140.0 })
    });
    assert_complete(&heard, "route");
    assert!(
        heard.stats.delay <= Duration::from_millis(110),
        "{:?}",
        heard.stats
    );
}

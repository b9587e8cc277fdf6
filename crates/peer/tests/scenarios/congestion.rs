//! What the path takes is measured, and too much is told.

use std::time::Duration;

use visavis_peer::PeerEvent;

use crate::stage::{Alice, Bob, Line, SOON, Stage, Who};

fn congestion(stage: &Stage, who: Who) -> Vec<bool> {
    let told = stage[who].events.iter().filter_map(|event| match event {
        PeerEvent::Congested(congested) => Some(*congested),
        _ => None,
    });
    told.collect()
}

fn target(stage: &Stage, who: Who) -> Option<u64> {
    stage[who]
        .events
        .iter()
        .rev()
        .find_map(|event| match event {
            PeerEvent::TargetBitrate(rate) => Some(*rate),
            _ => None,
        })
}

#[test]
fn more_than_may_leave_is_told_and_its_end_too() {
    let mut stage = Stage::connected();
    Line::at_rate(Alice, 20_000_000).send_for(&mut stage, SOON / 5);
    assert_eq!(congestion(&stage, Alice).first(), Some(&true));
    stage.run_for(SOON * 6);
    let told = congestion(&stage, Alice);
    assert_eq!(told.last(), Some(&false), "{told:?}");
    assert!(told.windows(2).all(|two| two[0] != two[1]), "{told:?}");
    assert!(congestion(&stage, Bob).is_empty());
}

#[test]
fn what_fits_is_no_congestion() {
    let mut stage = Stage::connected();
    Line::at_rate(Alice, 800_000).send_for(&mut stage, SOON);
    assert!(congestion(&stage, Alice).is_empty());
}

#[test]
fn the_target_follows_a_path_that_narrows_and_widens() {
    let mut stage = Stage::connected();
    let mut line = Line::at_rate(Alice, 1_000_000);
    line.send_for(&mut stage, SOON);
    let wide = target(&stage, Alice).unwrap();
    assert!(wide >= 1_000_000, "{wide}");
    stage.network.capacity = Some(400_000);
    line.send_for(&mut stage, SOON * 2);
    let narrow = target(&stage, Alice).unwrap();
    assert!(narrow < 600_000, "{narrow}");
    stage.network.capacity = None;
    let mut line = Line::at_rate(Alice, 300_000);
    line.send_for(&mut stage, Duration::from_secs(30));
    let again = target(&stage, Alice).unwrap();
    assert!(again > narrow, "{again}");
}

#[test]
fn the_target_never_exceeds_the_configured_limit() {
    let config = visavis_peer::PeerConfig {
        max_video_bitrate: 300_000,
        ..visavis_peer::PeerConfig::default()
    };
    let mut stage = Stage::with(config);
    stage.negotiate(Alice);
    stage.run_until_connected();
    Line::at_rate(Alice, 300_000).send_for(&mut stage, SOON * 2);
    let targets = stage[Alice].events.iter().filter_map(|event| match event {
        PeerEvent::TargetBitrate(rate) => Some(*rate),
        _ => None,
    });
    let targets: Vec<u64> = targets.collect();
    assert!(
        !targets.is_empty() && targets.iter().all(|rate| *rate <= 300_000),
        "{targets:?}"
    );
}

#[test]
fn nothing_is_probed_before_a_picture_is_sent() {
    let sent = |stage: &Stage| {
        let readings = stage[Alice].events.iter().rev();
        let mut sent = readings.filter_map(|event| match event {
            PeerEvent::Stats(reading) => Some(reading.bytes_out),
            _ => None,
        });
        sent.next().unwrap()
    };
    let mut stage = Stage::connected();
    stage.run_for(SOON);
    let before = sent(&stage);
    stage.run_for(SOON * 4);
    let bytes_a_second = (sent(&stage) - before) / (SOON * 4).as_secs();
    assert!(bytes_a_second < 600, "{bytes_a_second}");
    Line::at_rate(Alice, 300_000).send_for(&mut stage, SOON);
    assert!(target(&stage, Alice).unwrap() > 300_000);
}

//! A network that goes away is noticed within five seconds, and so is its return.

use std::time::Duration;

use visavis_peer::PeerEvent;

use crate::stage::{Alice, Bob, Line, SOON, Stage, Who};

/// Within this time a loss is noticed.
const NOTICED: Duration = Duration::from_secs(5);

fn losses(stage: &Stage, who: Who) -> usize {
    stage[who].count(|event| matches!(event, PeerEvent::Disconnected))
}

fn returns(stage: &Stage, who: Who) -> usize {
    stage[who].count(|event| matches!(event, PeerEvent::Recovered))
}

#[test]
fn a_loss_is_noticed_within_five_seconds_of_the_last_packet() {
    let mut stage = Stage::connected();
    for who in [Alice, Bob] {
        Line::new(who).send_for(&mut stage, SOON / 5);
    }
    stage.cut_both_ways();
    stage.run_until(NOTICED, |stage| {
        losses(stage, Alice) == 1 && losses(stage, Bob) == 1
    });
    stage.run_for(SOON * 4);
    assert_eq!((losses(&stage, Alice), losses(&stage, Bob)), (1, 1));
}

#[test]
fn packets_that_return_end_the_loss_and_media_flows_again() {
    // The last is near the time for which paths are kept.
    for away in [6, 20, 60, 100] {
        let mut stage = Stage::connected();
        stage.cut_both_ways();
        stage.run_for(Duration::from_secs(away));
        assert_eq!(returns(&stage, Alice) + returns(&stage, Bob), 0);
        stage.network.mend();
        stage.run_until(NOTICED, |stage| {
            returns(stage, Alice) == 1 && returns(stage, Bob) == 1
        });
        stage.forget_events();
        for who in [Alice, Bob] {
            Line::new(who).send_for(&mut stage, SOON / 5);
            let heard = |event: &PeerEvent| matches!(event, PeerEvent::Audio(_));
            assert!(stage[who.other()].has(heard), "after {away} s");
            assert_eq!(losses(&stage, who), 0, "after {away} s");
        }
    }
}

#[test]
fn each_of_several_losses_is_told_with_its_end() {
    let mut stage = Stage::connected();
    for round in 1..=3 {
        stage.cut_both_ways();
        stage.run_until(NOTICED, |stage| {
            losses(stage, Alice) == round && losses(stage, Bob) == round
        });
        stage.network.mend();
        stage.run_until(NOTICED, |stage| {
            returns(stage, Alice) == round && returns(stage, Bob) == round
        });
        stage.run_for(SOON);
    }
}

#[test]
fn one_way_that_is_cut_is_noticed_by_the_one_who_hears_nothing() {
    let mut stage = Stage::connected();
    stage.cut_from(Alice);
    let mut line = Line::new(Bob);
    line.send_for(&mut stage, NOTICED);
    assert_eq!(losses(&stage, Bob), 1);
    assert_eq!(losses(&stage, Alice), 0);
    stage.network.mend();
    stage.run_until(NOTICED, |stage| returns(stage, Bob) == 1);
    assert_eq!(returns(&stage, Alice), 0);
}

#[test]
fn a_quiet_connection_is_not_a_lost_one() {
    let mut stage = Stage::connected();
    stage.run_for(Duration::from_secs(300));
    assert_eq!((losses(&stage, Alice), losses(&stage, Bob)), (0, 0));
}

#[test]
fn a_gap_of_two_seconds_is_no_loss() {
    let mut stage = Stage::connected();
    let mut lines = [Line::new(Alice), Line::new(Bob)];
    for _ in 0..5 {
        for line in &mut lines {
            line.send_for(&mut stage, SOON / 5);
        }
        stage.cut_both_ways();
        stage.run_for(Duration::from_secs(2));
        stage.network.mend();
    }
    assert_eq!((losses(&stage, Alice), losses(&stage, Bob)), (0, 0));
}

#[test]
fn a_bad_network_delays_the_connection_and_does_not_prevent_it() {
    let mut stage = Stage::new();
    stage.network.loss = 0.25;
    stage.network.delay = Duration::from_millis(150);
    stage.negotiate(Alice);
    stage.run_until(SOON * 5, |stage| {
        stage[Alice].is_connected() && stage[Bob].is_connected()
    });
}

//! One who closes tells the other, and is gone.

use std::time::Duration;

use visavis_peer::PeerEvent;

use crate::stage::{Alice, Bob, Line, SOON, Stage};

#[test]
fn closing_ends_with_one_closed_event_and_wants_nothing_more() {
    let mut stage = Stage::connected();
    stage.act(Alice, |connection, _| connection.close());
    stage.act(Alice, |connection, _| connection.close());
    assert!(stage[Alice].is_over());
    assert_eq!(
        stage[Alice].count(|event| matches!(event, PeerEvent::Closed)),
        1
    );
    assert!(matches!(
        stage[Alice].events.last(),
        Some(PeerEvent::Closed)
    ));
}

#[test]
fn closing_works_at_every_stage_of_the_way() {
    type Way = fn(&mut Stage);
    let ways: [(&str, Way); 5] = [
        ("new", |_| {}),
        ("offered", |stage| drop(stage.offer(Alice))),
        ("received", |stage| {
            let offer = stage.offer(Bob);
            stage.act(Alice, |connection, _| connection.apply_offer(&offer));
        }),
        ("connecting", |stage| stage.negotiate(Alice)),
        ("lost", |stage| {
            stage.negotiate(Alice);
            stage.run_until_connected();
            stage.cut_both_ways();
            stage.run_for(SOON * 2);
        }),
    ];
    for (name, go) in ways {
        let mut stage = Stage::new();
        go(&mut stage);
        stage.act(Alice, |connection, _| connection.close());
        assert!(stage[Alice].is_over(), "{name}");
        assert!(
            matches!(stage[Alice].events.last(), Some(PeerEvent::Closed)),
            "{name}"
        );
    }
}

#[test]
fn one_who_leaves_is_missed_within_two_seconds_and_does_not_come_back() {
    for leaving in [Alice, Bob] {
        let staying = leaving.other();
        let mut stage = Stage::connected();
        Line::new(leaving).send_for(&mut stage, SOON / 5);
        stage.act(leaving, |connection, _| connection.close());
        // What was under way arrives after the farewell.
        stage.network.delay = Duration::from_millis(60);
        stage.run_until(Duration::from_secs(2), |stage| {
            stage[staying].has(|event| matches!(event, PeerEvent::Disconnected))
        });
        stage.run_for(SOON * 12);
        assert_eq!(
            stage[staying].count(|event| matches!(event, PeerEvent::Disconnected)),
            1
        );
        assert!(!stage[staying].has(|event| matches!(event, PeerEvent::Recovered)));
        assert!(!stage[staying].has(|event| matches!(event, PeerEvent::Failed(_))));
    }
}

#[test]
fn the_one_who_stays_can_go_on_commanding() {
    let mut stage = Stage::connected();
    stage.act(Alice, |connection, _| connection.close());
    stage.run_for(SOON);
    Line::new(Bob).send_for(&mut stage, SOON / 5);
    stage.act(Bob, |connection, now| connection.request_key_frame(now));
    assert!(!stage[Bob].has(|event| matches!(event, PeerEvent::Failed(_))));
    stage.act(Bob, |connection, _| connection.close());
    assert!(matches!(stage[Bob].events.last(), Some(PeerEvent::Closed)));
}

#[test]
fn a_closed_connection_takes_nothing_more() {
    let mut stage = Stage::connected();
    let offer = stage[Alice].local_offer().unwrap();
    stage.act(Alice, |connection, _| connection.close());
    stage.run_for(SOON);
    stage.forget_events();
    stage.act(Alice, |connection, _| connection.create_offer());
    stage.act(Alice, |connection, _| connection.renegotiate(true, true));
    stage.act(Alice, |connection, now| connection.create_answer(now));
    Line::new(Alice).send_for(&mut stage, SOON / 5);
    assert!(stage[Alice].events.is_empty());
    stage.act(Alice, |connection, _| connection.apply_offer(&offer));
    stage.act(Alice, |connection, now| {
        connection.apply_answer(now, &offer)
    });
    assert!(!stage[Alice].has(|event| !matches!(event, PeerEvent::DescriptionRejected(_))));
}

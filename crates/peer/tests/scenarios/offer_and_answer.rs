//! An offer and its answer connect two peers, whoever calls.

use visavis_peer::{CandidateKind, Connection, DescriptionFault, PeerConfig, PeerEvent};

use crate::stage::{Alice, Bob, SOON, Stage, Who, candidates_of};

fn rejections(stage: &Stage, who: Who) -> Vec<DescriptionFault> {
    let faults = stage[who].events.iter().filter_map(|event| match event {
        PeerEvent::DescriptionRejected(fault) => Some(*fault),
        _ => None,
    });
    faults.collect()
}

#[test]
fn either_side_can_call() {
    for caller in [Alice, Bob] {
        let mut stage = Stage::new();
        stage.negotiate(caller);
        stage.run_until_connected();
    }
}

#[test]
fn the_way_to_a_connection_is_told_in_order() {
    let stage = Stage::connected();
    for who in [Alice, Bob] {
        let steps: Vec<_> = stage[who]
            .events
            .iter()
            .filter_map(|event| match event {
                PeerEvent::Checking => Some("checking"),
                PeerEvent::IceConnected => Some("ice"),
                PeerEvent::Connected => Some("connected"),
                _ => None,
            })
            .collect();
        assert_eq!(steps, ["checking", "ice", "connected"], "{who:?}");
    }
}

#[test]
fn descriptions_carry_the_candidates_known_by_then() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let answer = stage.answer(Bob, &offer);
    assert_eq!(candidates_of(&offer).len(), 1);
    assert_eq!(candidates_of(&answer).len(), 1);
}

#[test]
fn sound_alone_can_be_offered_and_answered() {
    let mut stage = Stage::without_addresses(
        PeerConfig {
            video: false,
            ..PeerConfig::default()
        },
        PeerConfig::default(),
    );
    stage.add_host(Alice, "192.0.2.1:1000");
    stage.add_host(Bob, "198.51.100.2:2000");
    stage.negotiate(Alice);
    stage.run_until_connected();
    let offer = stage[Alice].local_offer().unwrap();
    assert!(offer.contains("m=audio") && !offer.contains("m=video"));
}

#[test]
fn a_later_offer_replaces_one_that_was_not_answered() {
    let mut stage = Stage::new();
    let mut former = Stage::new();
    let outdated = former.offer(Alice);
    let offer = stage.offer(Alice);
    stage.act(Bob, |connection, _| connection.apply_offer(&outdated));
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn an_offer_does_not_reveal_the_callee_before_the_answer() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    stage.act(Bob, |connection, _| connection.apply_offer(&offer));
    stage.run_for(SOON);
    assert!(stage.network.log.is_empty());
    assert!(stage[Bob].candidates().is_empty());
}

#[test]
fn answering_without_an_offer_does_nothing() {
    let mut stage = Stage::new();
    stage.act(Bob, Connection::create_answer);
    assert!(stage[Bob].events.is_empty());
}

#[test]
fn an_answer_without_an_offer_is_refused_and_harmless() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let answer = stage.answer(Bob, &offer);
    let mut other = Stage::new();
    other.apply_answer(Alice, &answer);
    assert_eq!(rejections(&other, Alice), [DescriptionFault::Unusable]);
    other.negotiate(Alice);
    other.run_until_connected();
}

#[test]
fn a_second_answer_is_refused_and_the_connection_stays() {
    let mut stage = Stage::connected();
    let answer = stage[Bob].local_answer().unwrap();
    stage.apply_answer(Alice, &answer);
    assert_eq!(rejections(&stage, Alice), [DescriptionFault::Unusable]);
    stage.run_for(SOON);
    assert!(!stage[Alice].has(|event| matches!(event, PeerEvent::Disconnected)));
}

#[test]
fn an_offer_against_our_own_first_one_is_refused() {
    let mut stage = Stage::new();
    let (ours, theirs) = (stage.offer(Alice), stage.offer(Bob));
    stage.act(Alice, |connection, _| connection.apply_offer(&theirs));
    assert_eq!(rejections(&stage, Alice), [DescriptionFault::Unusable]);
    assert_eq!(stage[Alice].local_offer(), Some(ours));
}

#[test]
fn a_refused_offer_leaves_our_own_change_in_force() {
    let mut stage = Stage::connected();
    stage.act(Alice, |connection, _| connection.renegotiate(true, true));
    let offer = stage[Alice].local_offer().unwrap();
    stage.forget_events();
    stage.act(Alice, |connection, _| connection.apply_offer("no offer"));
    stage.act(Alice, Connection::create_answer);
    assert_eq!(rejections(&stage, Alice), [DescriptionFault::Malformed]);
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    assert_eq!(rejections(&stage, Alice).len(), 1);
}

#[test]
fn statistics_name_the_kinds_of_the_candidates_in_use() {
    let mut stage = Stage::connected();
    stage.run_until(SOON, |stage| {
        [Alice, Bob].iter().all(|who| {
            stage[*who].has(|event| {
                matches!(event, PeerEvent::Stats(stats)
                if stats.local_candidate == Some(CandidateKind::Host)
                    && stats.remote_candidate == Some(CandidateKind::Host))
            })
        })
    });
}

#[test]
fn media_can_be_added_and_paths_renewed_while_connected() {
    let audio_only = PeerConfig {
        video: false,
        ..PeerConfig::default()
    };
    let mut stage = Stage::with(audio_only);
    stage.negotiate(Alice);
    stage.run_until_connected();
    stage.act(Bob, |connection, _| connection.renegotiate(true, true));
    let offer = stage[Bob].local_offer().unwrap();
    assert!(offer.contains("m=video"));
    let answer = stage.answer(Alice, &offer);
    stage.apply_answer(Bob, &answer);
    stage.run_for(SOON);
    for who in [Alice, Bob] {
        let mut line = crate::stage::Line::new(who);
        line.send_for(&mut stage, SOON / 5);
        let received = |event: &PeerEvent| matches!(event, PeerEvent::Video(_));
        assert!(stage[who.other()].has(received), "{who:?}");
        assert!(!stage[who].has(|event| matches!(event, PeerEvent::Disconnected)));
    }
}

//! Candidates come in descriptions, after them, before them, and in every shape.

use std::time::Duration;

use visavis_peer::relay::RelayTransport;
use visavis_peer::{CandidateKind, IceCandidate, PeerConfig, PeerEvent};

use crate::stage::{
    Alice, Bob, SOON, Stage, StunServer, address, candidates_of, replaced, without,
};

fn candidate(text: &str) -> IceCandidate {
    IceCandidate {
        candidate: text.into(),
        sdp_mid: None,
        sdp_mline_index: Some(0),
    }
}

/// What is no candidate, or none that can be tried.
fn useless() -> Vec<IceCandidate> {
    let long = format!(
        "candidate:1 1 udp 1 192.0.2.9 1 typ host {}",
        "x".repeat(5000)
    );
    let texts = [
        "",
        " ",
        "a=",
        "candidate:",
        "candidate:1",
        "candidate:1 1 udp",
        "candidate:1 1 udp 2130706175 192.0.2.9 1000",
        "candidate:1 1 udp 2130706175 192.0.2.9 1000 typ",
        "candidate:1 1 udp 2130706175 192.0.2.9 1000 typ best",
        "candidate:1 1 udp 2130706175 192.0.2.9 70000 typ host",
        "candidate:1 1 udp 99999999999 192.0.2.9 1000 typ host",
        "candidate:1 -1 udp 1 192.0.2.9 1000 typ host",
        "candidate:1 1 sctp 1 192.0.2.9 1000 typ host",
        "candidate:1 1 tcp 1 192.0.2.9 9 typ host tcptype active",
        "candidate:1 1 udp 1 0.0.0.0 0 typ host",
        "candidate:1 1 udp 1 192.0.2.9 0 typ host",
        "candidate:1 1 udp 1 255.255.255.255 1000 typ host",
        "candidate:1 1 udp 1 224.0.0.1 1000 typ host",
        "candidate:1 1 udp 1 :: 1000 typ host",
        "candidate:1 1 udp 1 fe80::1%eth0 1000 typ host",
        "candidate:1 1 udp 1 host.example 1000 typ host",
        "candidate:1 1 udp 1 3b1f6c1e-0d6e-4b52-8d1c-0a6a6f6f7d1c.local 1000 typ host",
        "candidate:\u{0}\u{7}\u{1F600}",
        "candidate:1 1 udp 1 192.0.2.9 1000 typ host\r\nm=audio 9 X 0",
        "candidate:1 2 udp 1 192.0.2.9 1000 typ srflx raddr",
        "v=0",
        long.as_str(),
    ];
    texts.iter().map(|text| candidate(text)).collect()
}

#[test]
fn candidates_can_follow_the_descriptions() {
    let mut stage = Stage::new();
    let offer = without(&stage.offer(Alice), "a=candidate");
    let answer = without(&stage.answer(Bob, &offer), "a=candidate");
    stage.apply_answer(Alice, &answer);
    stage.run_for(Duration::from_secs(2));
    assert!(!stage[Alice].is_connected());
    for who in [Alice, Bob] {
        let candidates = stage[who.other()].candidates();
        assert!(!candidates.is_empty());
        stage.add_candidates(who, candidates);
    }
    stage.run_until_connected();
}

#[test]
fn the_candidates_of_one_side_are_enough() {
    for silent in [Alice, Bob] {
        let mut stage = Stage::new();
        let mut offer = stage.offer(Alice);
        if silent == Alice {
            offer = without(&offer, "a=candidate");
        }
        let mut answer = stage.answer(Bob, &offer);
        if silent == Bob {
            answer = without(&answer, "a=candidate");
        }
        stage.apply_answer(Alice, &answer);
        stage.run_until_connected();
    }
}

#[test]
fn candidates_before_the_offer_wait_for_the_answer() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    stage.add_candidates(Bob, candidates_of(&offer));
    let answer = without(
        &stage.answer(Bob, &without(&offer, "a=candidate")),
        "a=candidate",
    );
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn candidates_before_the_answer_wait_for_it() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let answer = stage.answer(Bob, &without(&offer, "a=candidate"));
    stage.add_candidates(Alice, candidates_of(&answer));
    stage.apply_answer(Alice, &without(&answer, "a=candidate"));
    stage.run_until_connected();
}

#[test]
fn an_address_found_after_the_offer_is_told_in_both_ways() {
    let mut stage = Stage::new();
    stage.offer(Alice);
    stage.add_host(Alice, "192.0.2.77:1077");
    let offer = stage[Alice].local_offer().unwrap();
    assert_eq!(candidates_of(&offer).len(), 2);
    assert_eq!(stage[Alice].candidates().len(), 2);
    assert!(offer.contains("192.0.2.77 1077"));
}

#[test]
fn an_address_found_after_the_connection_is_told_once() {
    let mut stage = Stage::connected();
    stage.forget_events();
    stage.add_host(Alice, "192.0.2.77:1077");
    assert_eq!(stage[Alice].candidates().len(), 1);
    assert_eq!(stage[Alice].local_offer(), None);
}

#[test]
fn names_in_place_of_addresses_are_passed_over() {
    let name = "8f2a9b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b.local";
    let mut stage = Stage::new();
    let offer = replaced(&stage.offer(Alice), "192.0.2.1", name);
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn names_that_follow_are_passed_over() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let answer = stage.answer(Bob, &without(&offer, "a=candidate"));
    stage.apply_answer(Alice, &answer);
    let mut candidates = candidates_of(&offer);
    candidates[0].candidate = replaced(&candidates[0].candidate, "192.0.2.1", "b.local");
    stage.add_candidates(Bob, candidates);
    stage.run_until_connected();
}

#[test]
fn useless_candidates_that_follow_harm_nothing() {
    for early in [true, false] {
        let mut stage = Stage::new();
        let offer = stage.offer(Alice);
        if early {
            stage.add_candidates(Bob, useless());
            stage.add_candidates(Alice, useless());
        }
        let answer = stage.answer(Bob, &offer);
        stage.apply_answer(Alice, &answer);
        if !early {
            stage.add_candidates(Bob, useless());
            stage.add_candidates(Alice, useless());
        }
        stage.run_until_connected();
        stage.add_candidates(Bob, useless());
        stage.run_for(SOON);
        assert!(!stage[Bob].has(|event| matches!(event, PeerEvent::Disconnected)));
    }
}

#[test]
fn useless_candidates_in_descriptions_harm_nothing() {
    let lines: String = useless()
        .iter()
        .map(|candidate| &candidate.candidate)
        .filter(|text| text.starts_with("candidate:") && !text.contains('\n'))
        .map(|text| format!("a={text}\r\n"))
        .collect();
    let with_useless = |sdp: &str| replaced(sdp, "a=candidate:", &format!("{lines}a=candidate:"));
    let mut stage = Stage::new();
    let offer = with_useless(&stage.offer(Alice));
    let answer = with_useless(&stage.answer(Bob, &offer));
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn a_flood_of_candidates_does_not_keep_the_right_one_from_working() {
    let flood = |from: u32| {
        (0..2000u32).map(move |n| {
            let port = 1024 + (from + n) % 60_000;
            candidate(&format!(
                "candidate:{n} 1 udp 2130706175 203.0.113.{} {port} typ host",
                n % 250
            ))
        })
    };
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    stage.add_candidates(Bob, flood(0).collect());
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
    stage.network.log.clear();
    stage.add_candidates(Bob, flood(5000).collect());
    stage.run_for(SOON);
    assert!(!stage[Bob].has(|event| matches!(event, PeerEvent::Disconnected)));
    let strangers =
        stage.network.log.iter().filter(|(_, to)| {
            *to != address("192.0.2.1:1000") && *to != address("198.51.100.2:2000")
        });
    assert!(strangers.count() <= 256, "strangers are flooded in turn");
}

/// Who is behind a NAT and has a relay: what comes through the relay before it is told of looks like
/// another address of the NAT.
#[test]
fn a_relay_is_not_preferred_to_a_straight_path_when_its_checks_come_first() {
    let mut stage = Stage::without_addresses(PeerConfig::default(), PeerConfig::default());
    stage.add_host(Alice, "198.51.100.7:1000");
    stage.add_host_behind(Bob, "10.9.9.9:2000", "203.0.113.2");
    stage.add_server("198.51.100.1:3478", StunServer::Answers);
    stage.run_for(SOON);
    stage.negotiate(Alice);
    stage.run_until_connected();

    let relayed = address("203.0.113.99:5000");
    stage[Bob].addresses.push(relayed);
    stage.act(Bob, |connection, _| {
        let local = address("10.9.9.9:2000");
        connection.add_relayed(relayed, local, RelayTransport::Udp);
    });
    let used = |stage: &Stage| {
        let stats = stage[Alice]
            .events
            .iter()
            .rev()
            .find_map(|event| match event {
                PeerEvent::Stats(stats) => Some(stats.remote_candidate),
                _ => None,
            });
        stats.flatten()
    };
    stage.run_for(SOON);
    assert_eq!(used(&stage), Some(CandidateKind::PeerReflexive));

    let told = stage[Bob].candidates();
    assert!(
        told.iter()
            .any(|told| told.candidate.contains(" typ relay"))
    );
    stage.add_candidates(Alice, told);
    stage.run_for(SOON);
    assert_eq!(used(&stage), Some(CandidateKind::ServerReflexive));
    for who in [Alice, Bob] {
        assert!(!stage[who].has(|event| matches!(event, PeerEvent::Disconnected)));
    }
}

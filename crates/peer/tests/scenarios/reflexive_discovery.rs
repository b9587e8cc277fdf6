//! What STUN servers see is offered, too.

use std::time::Duration;

use visavis_peer::{CandidateKind, PeerConfig, PeerEvent};

use crate::stage::{Alice, Bob, SOON, Stage, StunServer, Who, address, candidates_of};

/// Longer than a silent server is asked.
const PATIENCE: Duration = Duration::from_secs(20);

fn gathered(stage: &Stage, who: Who) -> usize {
    stage[who].count(|event| matches!(event, PeerEvent::GatheringDone))
}

fn reflexive(stage: &Stage, who: Who) -> Vec<String> {
    let offer = stage[who].local_offer().expect("an offer");
    let candidates = candidates_of(&offer).into_iter();
    let reflexive = candidates.filter(|c| c.candidate.contains(" typ srflx"));
    reflexive.map(|c| c.candidate).collect()
}

/// Alice in a private network, Bob in another.
fn private_networks() -> Stage {
    let mut stage = Stage::without_addresses(PeerConfig::default(), PeerConfig::default());
    stage.add_host_behind(Alice, "10.0.0.1:1000", "203.0.113.1");
    stage.add_host_behind(Bob, "10.9.9.9:2000", "203.0.113.2");
    stage
}

#[test]
fn peers_in_private_networks_meet_by_what_a_server_sees() {
    let mut stage = private_networks();
    stage.add_server("198.51.100.1:3478", StunServer::Answers);
    stage.all_servers_known();
    stage.run_until(SOON, |stage| {
        gathered(stage, Alice) == 1 && gathered(stage, Bob) == 1
    });
    stage.negotiate(Alice);
    stage.run_until_connected();
    stage.run_until(SOON, |stage| {
        stage[Alice].has(|event| {
            matches!(event, PeerEvent::Stats(stats)
            if stats.remote_candidate == Some(CandidateKind::ServerReflexive))
        })
    });
}

#[test]
fn what_is_found_late_is_told_late_and_connects_nevertheless() {
    let mut stage = private_networks();
    stage.network.delay = Duration::from_millis(300);
    stage.negotiate(Alice);
    stage.add_server("198.51.100.1:3478", StunServer::Answers);
    stage.all_servers_known();
    stage.run_until(SOON, |stage| {
        gathered(stage, Alice) == 1 && gathered(stage, Bob) == 1
    });
    for who in [Alice, Bob] {
        let candidates = stage[who.other()].candidates();
        stage.add_candidates(who, candidates);
    }
    stage.run_until(SOON * 2, |stage| {
        stage[Alice].is_connected() && stage[Bob].is_connected()
    });
}

#[test]
fn the_candidate_names_what_the_server_saw_and_hides_what_is_behind() {
    let mut stage = private_networks();
    stage.add_server("198.51.100.1:3478", StunServer::Answers);
    stage.run_for(SOON);
    stage.offer(Alice);
    let [candidate] = &reflexive(&stage, Alice)[..] else {
        panic!("one candidate");
    };
    assert!(
        candidate.contains(" 203.0.113.1 1000 typ srflx"),
        "{candidate}"
    );
    assert!(!candidate.contains("10.0.0.1"), "{candidate}");
}

#[test]
fn servers_that_do_not_help_end_the_gathering_and_harm_nothing() {
    use StunServer::{LeavesTheAddressOut, Refuses, Silent, TalksNonsense};
    for kind in [Silent, Refuses, LeavesTheAddressOut, TalksNonsense] {
        let mut stage = Stage::new();
        stage.add_server("203.0.113.7:3478", kind);
        stage.all_servers_known();
        stage.run_until(PATIENCE, |stage| {
            gathered(stage, Alice) == 1 && gathered(stage, Bob) == 1
        });
        stage.negotiate(Alice);
        assert!(reflexive(&stage, Alice).is_empty(), "{kind:?}");
        stage.run_until_connected();
    }
}

#[test]
fn the_connection_does_not_wait_for_a_silent_server() {
    let mut stage = Stage::new();
    stage.add_server("203.0.113.7:3478", StunServer::Silent);
    stage.all_servers_known();
    stage.negotiate(Alice);
    let took = stage.run_until(SOON, |stage| stage[Alice].is_connected());
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(gathered(&stage, Alice), 0);
}

#[test]
fn one_answer_of_several_servers_is_enough_and_equal_answers_are_one_candidate() {
    use StunServer::{Answers, Refuses, Silent};
    let mut stage = private_networks();
    for (n, kind) in [Silent, Answers, Refuses, Answers].into_iter().enumerate() {
        stage.add_server(&format!("198.51.100.{}:3478", n + 1), kind);
    }
    stage.all_servers_known();
    stage.run_for(Duration::from_secs(1));
    stage.offer(Alice);
    assert_eq!(reflexive(&stage, Alice).len(), 1);
    assert_eq!(gathered(&stage, Alice), 0);
    stage.run_until(PATIENCE, |stage| gathered(stage, Alice) == 1);
    assert_eq!(reflexive(&stage, Alice).len(), 1);
    assert_eq!(stage[Alice].candidates().len(), 2);
}

#[test]
fn a_server_is_asked_from_addresses_of_its_own_family() {
    let mut stage = Stage::without_addresses(PeerConfig::default(), PeerConfig::default());
    stage.add_host(Alice, "192.0.2.1:1000");
    stage.add_host(Alice, "[2001:db8::1]:1006");
    stage.add_server("198.51.100.1:3478", StunServer::Answers);
    stage.add_server("[2001:db8:ffff::1]:3478", StunServer::Answers);
    stage.all_servers_known();
    stage.run_until(SOON, |stage| gathered(stage, Alice) == 1);
    let asked = &stage.network.log;
    assert!(asked.contains(&(address("192.0.2.1:1000"), address("198.51.100.1:3478"))));
    assert!(asked.contains(&(
        address("[2001:db8::1]:1006"),
        address("[2001:db8:ffff::1]:3478")
    )));
    assert!(
        asked
            .iter()
            .all(|(from, to)| from.is_ipv4() == to.is_ipv4())
    );
}

#[test]
fn without_translation_there_is_nothing_to_add() {
    let mut stage = Stage::new();
    stage.add_server("203.0.113.7:3478", StunServer::Answers);
    stage.all_servers_known();
    stage.run_until(SOON, |stage| gathered(stage, Alice) == 1);
    stage.offer(Alice);
    assert_eq!(stage[Alice].candidates().len(), 1);
    assert!(reflexive(&stage, Alice).is_empty());
}

#[test]
fn gathering_ends_at_once_without_servers() {
    let mut stage = Stage::new();
    stage.all_servers_known();
    assert_eq!((gathered(&stage, Alice), gathered(&stage, Bob)), (1, 1));
    stage.run_for(SOON);
    assert_eq!(gathered(&stage, Alice), 1);
}

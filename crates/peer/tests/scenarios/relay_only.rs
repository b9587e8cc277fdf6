//! Under the policy of relays only, nobody learns an address of the machine.

use std::time::Duration;

use visavis_peer::{FailCause, IcePolicy, PeerConfig, PeerEvent};

use crate::stage::{Alice, Bob, Stage, StunServer, address, candidates_of};

fn relay_only() -> PeerConfig {
    PeerConfig {
        policy: IcePolicy::Relay,
        ..PeerConfig::default()
    }
}

fn reveals(event: &PeerEvent) -> bool {
    let text = format!("{event:?}");
    ["10.0.0.1", "203.0.113.1"]
        .iter()
        .any(|ip| text.contains(ip))
}

#[test]
fn no_address_is_revealed_in_either_role() {
    for caller in [Alice, Bob] {
        let mut stage = Stage::without_addresses(relay_only(), PeerConfig::default());
        stage.add_host_behind(Alice, "10.0.0.1:1000", "203.0.113.1");
        stage.add_host(Bob, "198.51.100.2:2000");
        stage.add_server("198.51.100.1:3478", StunServer::Answers);
        stage.all_servers_known();
        stage.negotiate(caller);
        stage.run_for(Duration::from_secs(40));
        assert!(!stage[Alice].has(reveals), "{:?}", stage[Alice].events);
        assert!(stage[Alice].candidates().is_empty());
        let (alice, server) = (address("10.0.0.1:1000"), address("198.51.100.1:3478"));
        let mut written = stage.network.log.iter().filter(|(from, _)| *from == alice);
        assert!(written.all(|(_, to)| *to == server));
        assert_eq!(stage[Alice].failure(), Some(FailCause::NoPath));
    }
}

#[test]
fn descriptions_are_made_all_the_same() {
    let mut stage = Stage::with(relay_only());
    let offer = stage.offer(Alice);
    let answer = stage.answer(Bob, &offer);
    assert!(candidates_of(&offer).is_empty() && candidates_of(&answer).is_empty());
}

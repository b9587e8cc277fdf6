//! Who may use the relay, and for how long.

use turn_types::attribute::XorPeerAddress;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use visavis_turn::server::{Credentials, Secret};

use crate::common::{ORIGIN, address, player, seconds, secret, udp, world};

#[test]
fn strangers_are_asked_who_they_are() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        let answer = alice.ask(&mut world, method, &[]);
        assert_eq!(answer.code(), 401);
        alice.learn(&answer);
        assert_eq!(alice.realm, "example.org");
        alice.nonce.clear();
    }
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn forged_credentials_are_refused() {
    let mut world = world();
    let honest = player("alice", "203.0.113.1:4000").credentials;
    let end = |seconds: u64| format!("{}:alice", ORIGIN + seconds);
    let forged = [
        Credentials::issue(
            &Secret::new(*b"another secret.."),
            "alice",
            seconds(ORIGIN + 3600),
        ),
        Credentials {
            username: end(7200),
            ..honest.clone()
        },
        Credentials {
            username: honest.username.replace("alice", "bob"),
            ..honest.clone()
        },
        Credentials {
            password: String::new(),
            ..honest.clone()
        },
        Credentials {
            username: "alice".to_owned(),
            ..honest.clone()
        },
        Credentials {
            username: ":".to_owned(),
            ..honest
        },
    ];
    for credentials in forged {
        let mut mallory = player("mallory", "203.0.113.6:4000");
        mallory.introduce(&mut world);
        mallory.credentials = credentials;
        let answer = mallory.ask(&mut world, ALLOCATE, &[&udp()]);
        assert_eq!(answer.code(), 401, "{:?}", mallory.credentials);
    }
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn expired_credentials_open_nothing_new() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    world.wait(seconds(3599));
    alice.introduce(&mut world);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
    let mut late = player("alice", "203.0.113.1:4001");
    late.introduce(&mut world);
    world.wait(seconds(1));
    assert_eq!(late.ask(&mut world, ALLOCATE, &[&udp()]).code(), 401);
}

#[test]
fn a_call_outlasts_its_credentials() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.credentials = Credentials::issue(&secret(), "alice", seconds(ORIGIN + 60));
    alice.allocate(&mut world);
    for _ in 0..60 {
        world.wait(seconds(120));
        let mut answer = alice.refresh(&mut world, 600);
        if answer.code() == 438 {
            alice.learn(&answer);
            answer = alice.refresh(&mut world, 600);
        }
        assert_eq!(answer.code(), 0);
    }
    assert_eq!(world.relay.allocations(), 1);
}

#[test]
fn newer_credentials_take_the_place_of_the_old() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    let old = alice.credentials.clone();
    world.wait(seconds(300));
    alice.credentials = Credentials::issue(&secret(), "alice", seconds(ORIGIN + 5000));
    assert_eq!(alice.refresh(&mut world, 3600).code(), 0);
    world.wait(seconds(3500));
    let answer = alice.refresh(&mut world, 3600);
    assert_eq!(answer.code(), 438);
    alice.learn(&answer);
    assert_eq!(alice.refresh(&mut world, 3600).code(), 0);
    // The old ones have ended meanwhile, and are not those of the allocation any longer.
    alice.credentials = old;
    assert_eq!(alice.refresh(&mut world, 3600).code(), 401);
}

#[test]
fn an_allocation_obeys_its_owner_only() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    let mut mallory = player("mallory", "203.0.113.1:4000");
    mallory.introduce(&mut world);
    assert_eq!(mallory.refresh(&mut world, 0).code(), 441);
    assert_eq!(mallory.permit(&mut world, "203.0.113.9:9"), 441);
    assert_eq!(mallory.bind(&mut world, 0x4000, "203.0.113.9:9"), 441);
    assert_eq!(world.relay.allocations(), 1);
}

#[test]
fn a_nonce_ends_after_ten_minutes() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    world.wait(seconds(601));
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp()]);
    assert_eq!(answer.code(), 438);
    alice.learn(&answer);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
}

#[test]
fn a_nonce_replayed_from_elsewhere_is_stale() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let recorded = alice.request(ALLOCATE, &[&udp()]);
    let elsewhere = player("alice", "203.0.113.6:4000").client;
    let answer = world
        .packet(elsewhere, &recorded)
        .map(crate::common::Answer);
    assert_eq!(answer.map(|answer| answer.code()), Some(438));
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn stale_and_wrong_at_once_is_wrong() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    alice.credentials.password.push('x');
    world.wait(seconds(601));
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 401);
}

#[test]
fn a_changed_request_is_refused() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    let peer = XorPeerAddress::new(address("203.0.113.9:9"), 3.into());
    let request = alice.request(CREATE_PERMISSION, &[&peer]);
    // The last byte of the peer's address.
    let mut changed = request.clone();
    changed[31] ^= 1;
    let answer = world
        .packet(alice.client, &changed)
        .map(crate::common::Answer);
    assert_eq!(answer.map(|answer| answer.code()), Some(401));
    let answer = world
        .packet(alice.client, &request)
        .map(crate::common::Answer);
    assert_eq!(answer.map(|answer| answer.code()), Some(0));
}

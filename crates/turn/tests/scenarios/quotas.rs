//! What one user, one stranger and all together can take.

use stun_types::message::BINDING;
use turn_types::attribute::EvenPort;
use turn_types::message::ALLOCATE;

use crate::common::{player, seconds, udp, world, world_with};

#[test]
fn a_user_has_so_many_allocations_and_no_more() {
    let mut world = world_with(|config| config.limits.allocations_per_user = 2);
    let mut players: Vec<_> = (0..3)
        .map(|port| player("alice", &format!("203.0.113.1:400{port}")))
        .collect();
    for (player, answer) in players.iter_mut().zip([0, 0, 486]) {
        player.introduce(&mut world);
        assert_eq!(player.ask(&mut world, ALLOCATE, &[&udp()]).code(), answer);
    }
    // Newer credentials are the same user.
    players[2].credentials = visavis_turn::server::Credentials::issue(
        &crate::common::secret(),
        "alice",
        seconds(crate::common::ORIGIN + 9999),
    );
    assert_eq!(players[2].ask(&mut world, ALLOCATE, &[&udp()]).code(), 486);
    player("bob", "203.0.113.2:4000").allocate(&mut world);
    players[0].refresh(&mut world, 0);
    assert_eq!(players[2].ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
}

#[test]
fn a_failed_allocation_does_not_count() {
    let mut world = world_with(|config| config.limits.allocations_per_user = 1);
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    world.no_ports = true;
    for _ in 0..3 {
        assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 508);
    }
    world.no_ports = false;
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
}

#[test]
fn the_relay_has_so_many_ports_and_no_more() {
    let mut world = world_with(|config| config.limits.allocations = 3);
    player("alice", "203.0.113.1:4000").allocate(&mut world);
    player("bob", "203.0.113.2:4000").allocate(&mut world);
    let mut carol = player("carol", "203.0.113.3:4000");
    carol.introduce(&mut world);
    let two = [&udp() as _, &EvenPort::new(true) as _];
    assert_eq!(carol.ask(&mut world, ALLOCATE, &two).code(), 508);
    assert_eq!(carol.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
    let mut dave = player("dave", "203.0.113.4:4000");
    dave.introduce(&mut world);
    assert_eq!(dave.ask(&mut world, ALLOCATE, &[&udp()]).code(), 508);
}

#[test]
fn bandwidth_is_bounded_by_user_in_both_directions() {
    let mut world = world_with(|config| config.limits.bytes_per_second_per_user = Some(10_000));
    let mut alice = player("alice", "203.0.113.1:4000");
    let mut other = player("alice", "203.0.113.1:4001");
    let relayed = alice.allocate(&mut world);
    other.allocate(&mut world);
    alice.bind(&mut world, 0x4000, "203.0.113.9:9");
    other.bind(&mut world, 0x4000, "203.0.113.9:9");
    for _ in 0..4 {
        alice.channel(&mut world, 0x4000, &[0; 1000]);
        other.channel(&mut world, 0x4000, &[0; 1000]);
        world.arrives(relayed, "203.0.113.9:9", &[0; 1000]);
    }
    assert_eq!(world.take_sent().len(), 10);
    assert_eq!(world.relay.counters().over_bandwidth, 2);
    world.wait(seconds(1));
    for _ in 0..12 {
        alice.channel(&mut world, 0x4000, &[0; 1000]);
    }
    assert_eq!(world.take_sent().len(), 10);
}

#[test]
fn bandwidth_is_bounded_for_all_users_together() {
    let mut world = world_with(|config| {
        config.limits.bytes_per_second = Some(10_000);
        config.limits.bytes_per_second_per_user = Some(8_000);
    });
    let mut alice = player("alice", "203.0.113.1:4000");
    let mut bob = player("bob", "203.0.113.2:4000");
    for player in [&mut alice, &mut bob] {
        player.allocate(&mut world);
        player.bind(&mut world, 0x4000, "203.0.113.9:9");
    }
    for _ in 0..9 {
        alice.channel(&mut world, 0x4000, &[0; 1000]);
    }
    assert_eq!(world.take_sent().len(), 8);
    for _ in 0..4 {
        bob.channel(&mut world, 0x4000, &[0; 1000]);
    }
    assert_eq!(world.take_sent().len(), 2);
    assert_eq!(world.relay.counters().over_bandwidth, 3);
}

#[test]
fn strangers_cannot_have_many_answers_sent_to_somebody_else() {
    let mut world = world_with(|config| config.limits.challenges_per_second = 10);
    let mut spoofed = player("", "203.0.113.66:53");
    let mut answers = 0;
    for _ in 0..10_000 {
        let request = spoofed.request(ALLOCATE, &[]);
        answers += usize::from(world.packet(spoofed.client, &request).is_some());
        world.wait(std::time::Duration::from_millis(1));
    }
    assert!((100..=140).contains(&answers), "{answers}");
    // Others are not affected.
    player("alice", "203.0.113.1:4000").allocate(&mut world);
}

#[test]
fn an_answer_to_a_stranger_is_small() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let request = alice.request(BINDING, &[]);
    let answer = alice.ask(&mut world, BINDING, &[]);
    assert!(answer.0.len() <= request.len() + 12);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp()]);
    assert!(answer.0.len() <= 120, "{}", answer.0.len());
}

#[test]
fn a_flood_of_allocations_from_one_address_ends_at_its_quota() {
    let mut world = world();
    let mut made = 0;
    for port in 1..2000 {
        let mut mallory = player("mallory", &format!("203.0.113.6:{port}"));
        let request = mallory.request(ALLOCATE, &[]);
        let Some(challenge) = world.packet(mallory.client, &request) else {
            continue;
        };
        mallory.learn(&crate::common::Answer(challenge));
        made += usize::from(mallory.ask(&mut world, ALLOCATE, &[&udp()]).code() == 0);
    }
    assert_eq!(made, 64);
    assert_eq!(world.relay.allocations(), 64);
    assert!(world.relay.counters().throttled > 1000);
}

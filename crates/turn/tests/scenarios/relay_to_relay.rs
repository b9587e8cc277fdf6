//! Two clients of one relay: their data never leaves it.

use crate::common::{Sent, channel_data, data_of, player, seconds, world};

#[test]
fn data_is_handed_over_inside() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let mut bob = player("bob", "203.0.113.2:4000");
    let at_alice = alice.allocate(&mut world);
    let at_bob = bob.allocate(&mut world);
    assert_eq!(alice.bind(&mut world, 0x4001, &at_bob.to_string()), 0);
    alice.channel(&mut world, 0x4001, b"not permitted yet");
    assert_eq!(world.take_sent(), []);
    assert_eq!(bob.permit(&mut world, &at_alice.to_string()), 0);
    alice.channel(&mut world, 0x4001, b"hello");
    let [Sent::ToClient(to, packet)] = &world.take_sent()[..] else {
        panic!("nothing arrived")
    };
    assert_eq!(*to, bob.client);
    assert_eq!(data_of(packet), (at_alice, b"hello".to_vec()));
    bob.send(&mut world, &at_alice.to_string(), b"hi");
    let arrived = Sent::ToClient(alice.client, channel_data(0x4001, b"hi"));
    assert_eq!(world.take_sent(), [arrived]);
    assert_eq!(world.relay.counters().handed_over, 3);
}

#[test]
fn an_allocation_that_has_ended_is_not_reached() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let mut bob = player("bob", "203.0.113.2:4000");
    alice.allocate(&mut world);
    let at_bob = bob.allocate(&mut world).to_string();
    assert_eq!(alice.permit(&mut world, &at_bob), 0);
    bob.refresh(&mut world, 0);
    alice.send(&mut world, &at_bob, b"anybody there?");
    assert_eq!(world.take_sent(), []);
    assert_eq!(alice.permit(&mut world, &at_bob), 403);
    assert_eq!(alice.bind(&mut world, 0x4000, &at_bob), 403);
}

#[test]
fn a_permission_for_a_neighbor_opens_no_other_port_of_the_relay() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let mut bob = player("bob", "203.0.113.2:4000");
    alice.allocate(&mut world);
    let at_bob = bob.allocate(&mut world).to_string();
    assert_eq!(alice.permit(&mut world, &at_bob), 0);
    alice.send(&mut world, "198.51.100.1:22", b"let me in");
    assert_eq!(world.take_sent(), []);
    world.wait(seconds(1));
    alice.send(&mut world, "198.51.100.1:0", b"let me in");
    assert_eq!(world.take_sent(), []);
}

#[test]
fn a_client_can_talk_to_itself() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let own = alice.allocate(&mut world).to_string();
    assert_eq!(alice.bind(&mut world, 0x4000, &own), 0);
    alice.channel(&mut world, 0x4000, b"echo");
    let arrived = Sent::ToClient(alice.client, channel_data(0x4000, b"echo"));
    assert_eq!(world.take_sent(), [arrived]);
}

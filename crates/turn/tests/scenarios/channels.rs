//! Channels: data with a number in place of an address.

use visavis_turn::server::Path;

use crate::common::{Sent, address, channel_data, data_of, player, seconds, world, world_with};

const PEER: &str = "203.0.113.9:9000";

#[test]
fn a_channel_carries_data_both_ways() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    assert_eq!(alice.bind(&mut world, 0x4000, PEER), 0);
    alice.channel(&mut world, 0x4000, b"hello");
    let sent = Sent::ToPeer(relayed, address(PEER), b"hello".to_vec());
    assert_eq!(world.take_sent(), [sent]);
    world.arrives(relayed, PEER, b"hi");
    let arrived = Sent::ToClient(alice.client, channel_data(0x4000, b"hi"));
    assert_eq!(world.take_sent(), [arrived]);
    // Another port of the same peer is permitted, but not on the channel.
    world.arrives(relayed, "203.0.113.9:1", b"hi");
    let [Sent::ToClient(_, packet)] = &world.take_sent()[..] else {
        panic!("nothing arrived")
    };
    assert_eq!(data_of(packet).0, address("203.0.113.9:1"));
}

#[test]
fn in_a_stream_channel_data_is_padded() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.client.path = Path::Stream(1);
    let relayed = alice.allocate(&mut world);
    alice.bind(&mut world, 0x4000, PEER);
    world.arrives(relayed, PEER, b"hi");
    let mut padded = channel_data(0x4000, b"hi");
    padded.extend([0; 2]);
    let arrived = Sent::ToClient(alice.client, padded);
    assert_eq!(world.take_sent(), [arrived]);
}

#[test]
fn number_and_peer_belong_together() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    assert_eq!(alice.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(alice.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(alice.bind(&mut world, 0x4001, PEER), 400);
    assert_eq!(alice.bind(&mut world, 0x4000, "203.0.113.8:9000"), 400);
    assert_eq!(alice.bind(&mut world, 0x7fff, "203.0.113.8:9000"), 0);
    for number in [0, 0x3fff, 0x8000, 0xffff] {
        assert_eq!(alice.bind(&mut world, number, "203.0.113.7:1"), 400);
    }
}

#[test]
fn a_channel_ends_after_ten_minutes() {
    let mut world = world_with(|config| config.limits.nonce_lifetime = seconds(3600));
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    alice.refresh(&mut world, 3600);
    alice.bind(&mut world, 0x4000, PEER);
    world.wait(seconds(500));
    alice.bind(&mut world, 0x4000, PEER);
    world.wait(seconds(250));
    alice.permit(&mut world, PEER);
    world.wait(seconds(250));
    alice.permit(&mut world, PEER);
    world.wait(seconds(99));
    alice.channel(&mut world, 0x4000, b"in time");
    assert_eq!(world.take_sent().len(), 1);
    world.wait(seconds(1));
    alice.channel(&mut world, 0x4000, b"too late");
    assert_eq!(world.take_sent(), []);
    assert_eq!(alice.bind(&mut world, 0x4001, PEER), 0);
    world.arrives(relayed, PEER, b"hi");
    let arrived = Sent::ToClient(alice.client, channel_data(0x4001, b"hi"));
    assert_eq!(world.take_sent(), [arrived]);
}

#[test]
fn the_permission_of_a_channel_ends_before_it() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    alice.bind(&mut world, 0x4000, PEER);
    world.wait(seconds(301));
    world.arrives(relayed, PEER, b"no permission");
    assert_eq!(world.take_sent(), []);
    alice.channel(&mut world, 0x4000, b"no permission");
    assert_eq!(world.take_sent(), []);
    alice.permit(&mut world, PEER);
    alice.channel(&mut world, 0x4000, b"still bound");
    assert_eq!(world.take_sent().len(), 1);
}

#[test]
fn channels_are_bounded() {
    let mut world = world_with(|config| config.limits.channels = 2);
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    for (port, answer) in [(1, 0), (2, 0), (3, 508), (1, 0)] {
        let peer = format!("203.0.113.9:{port}");
        assert_eq!(alice.bind(&mut world, 0x4000 + port, &peer), answer);
    }
}

#[test]
fn data_for_no_channel_is_dropped() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.channel(&mut world, 0x4000, b"no allocation");
    alice.allocate(&mut world);
    alice.channel(&mut world, 0x4000, b"no channel");
    alice.bind(&mut world, 0x4000, PEER);
    let mut cut = channel_data(0x4000, b"cut short");
    cut.pop();
    assert_eq!(world.packet(alice.client, &cut), None);
    assert_eq!(world.take_sent(), []);
    assert_eq!(world.relay.counters().unwanted, 3);
}

//! Who may be reached, and who may send.

use stun_types::attribute::AttributeWrite;
use turn_types::attribute::XorPeerAddress;
use turn_types::message::CREATE_PERMISSION;

use crate::common::{Sent, address, data_of, player, seconds, world, world_with};

const PEER: &str = "203.0.113.9:9000";

#[test]
fn data_goes_both_ways_once_the_peer_is_permitted() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    assert_eq!(alice.permit(&mut world, PEER), 0);
    for data in [&b""[..], b"1", b"12", b"123", b"1234", &[7; 1400]] {
        alice.send(&mut world, PEER, data);
        let sent = Sent::ToPeer(relayed, address(PEER), data.to_vec());
        assert_eq!(world.take_sent(), [sent]);
        world.arrives(relayed, PEER, data);
        let [Sent::ToClient(to, packet)] = &world.take_sent()[..] else {
            panic!("nothing arrived")
        };
        assert_eq!(*to, alice.client);
        assert_eq!(data_of(packet), (address(PEER), data.to_vec()));
    }
}

#[test]
fn a_permission_is_for_an_address_with_all_its_ports() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    alice.permit(&mut world, PEER);
    world.arrives(relayed, "203.0.113.9:1", b"another port");
    assert_eq!(world.take_sent().len(), 1);
    world.arrives(relayed, "203.0.113.10:9000", b"another address");
    alice.send(&mut world, "203.0.113.10:9000", b"another address");
    assert_eq!(world.take_sent(), []);
}

#[test]
fn a_permission_ends_after_five_minutes() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    alice.permit(&mut world, PEER);
    world.wait(seconds(200));
    alice.permit(&mut world, PEER);
    world.wait(seconds(299));
    world.arrives(relayed, PEER, b"in time");
    assert_eq!(world.take_sent().len(), 1);
    world.wait(seconds(1));
    world.arrives(relayed, PEER, b"too late");
    alice.send(&mut world, PEER, b"too late");
    assert_eq!(world.take_sent(), []);
}

#[test]
fn private_own_and_mapped_addresses_are_refused() {
    let mut world = world_with(|config| {
        config.peers.own = vec!["203.0.113.200".parse().expect("an address")];
    });
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    for peer in [
        "127.0.0.1:80",
        "10.0.0.1:80",
        "192.168.1.1:80",
        "172.16.0.1:80",
        "169.254.169.254:80",
        "0.0.0.0:80",
        "[::1]:80",
        "[::]:80",
        "[::ffff:127.0.0.1]:80",
        "[::ffff:10.0.0.1]:80",
        "[fd00::1]:80",
        "[fe80::1]:80",
        "198.51.100.1:22",
        "203.0.113.200:22",
    ] {
        assert_eq!(alice.permit(&mut world, peer), 403, "{peer}");
        assert_eq!(alice.bind(&mut world, 0x4000, peer), 403, "{peer}");
        alice.send(&mut world, peer, b"let me in");
    }
    assert_eq!(world.take_sent(), []);
}

#[test]
fn one_refused_peer_spoils_the_whole_request() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    // The transaction id is the next one of this player.
    let peers =
        ["203.0.113.9:9", "10.0.0.1:9"].map(|peer| XorPeerAddress::new(address(peer), 3.into()));
    let peers: Vec<&dyn AttributeWrite> = peers.iter().map(|peer| peer as _).collect();
    assert_eq!(alice.ask(&mut world, CREATE_PERMISSION, &peers).code(), 403);
    alice.send(&mut world, "203.0.113.9:9", b"hello");
    assert_eq!(world.take_sent(), []);
    assert_eq!(alice.ask(&mut world, CREATE_PERMISSION, &[]).code(), 400);
}

#[test]
fn a_peer_of_the_other_family_is_refused() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    assert_eq!(alice.permit(&mut world, "[2001:db8::9]:9"), 443);
    assert_eq!(alice.bind(&mut world, 0x4000, "[2001:db8::9]:9"), 443);
}

#[test]
fn permissions_are_bounded() {
    let mut world = world_with(|config| config.limits.permissions = 2);
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    assert_eq!(alice.permit(&mut world, "203.0.113.2:9"), 0);
    assert_eq!(alice.permit(&mut world, "203.0.113.3:9"), 0);
    assert_eq!(alice.permit(&mut world, "203.0.113.4:9"), 508);
    assert_eq!(alice.bind(&mut world, 0x4000, "203.0.113.4:9"), 508);
    assert_eq!(alice.permit(&mut world, "203.0.113.2:10"), 0);
    world.wait(seconds(300));
    assert_eq!(alice.permit(&mut world, "203.0.113.4:9"), 0);
}

//! Nothing that comes from the network makes the relay fail.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use stun_types::attribute::AttributeType;
use stun_types::message::Method;
use turn_types::attribute::{Lifetime, XorPeerAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::common::{Answer, Player, Strange, World, address, channel_data, player, udp, world};

fn a_call() -> (World, Player) {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    assert_eq!(alice.bind(&mut world, 0x4000, "203.0.113.9:9"), 0);
    (world, alice)
}

/// A well-formed message of each kind.
fn messages(alice: &mut Player) -> Vec<Vec<u8>> {
    let peer = XorPeerAddress::new(address("203.0.113.9:9"), 7.into());
    vec![
        alice.request(ALLOCATE, &[&udp()]),
        alice.request(REFRESH, &[&Lifetime::new(600)]),
        alice.request(CREATE_PERMISSION, &[&peer]),
        alice.request(CHANNEL_BIND, &[&peer]),
        alice.request(stun_types::message::BINDING, &[]),
        alice.indication("203.0.113.9:9", b"some data", &[]),
        channel_data(0x4000, b"some data"),
    ]
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(packets in vec(vec(any::<u8>(), 0..80), 1..20)) {
        let (mut world, alice) = a_call();
        for packet in &packets {
            world.packet(alice.client, packet);
        }
        prop_assert_eq!(world.relay.allocations(), 1);
    }

    #[test]
    fn broken_messages_do_no_harm(
        which in 0..7_usize,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        does_cut in any::<bool>(),
    ) {
        let (mut world, mut alice) = a_call();
        let mut packet = messages(&mut alice).swap_remove(which);
        for (at, value) in changes {
            let at = at.index(packet.len());
            packet[at] = value;
        }
        if does_cut {
            packet.truncate(cut.index(packet.len()));
        }
        world.packet(alice.client, &packet);
        world.packet(player("x", "203.0.113.7:1").client, &packet);
        prop_assert!(world.relay.allocations() <= 2);
    }

    /// Sealed properly, so that the checks behind authentication are reached.
    #[test]
    fn strange_attributes_of_a_known_user_are_answered(
        method in prop::sample::select(&[3_u16, 4, 8, 9]),
        attributes in vec(
            (
                prop::sample::select(&[0x0c_u16, 0x0d, 0x12, 0x13, 0x17, 0x18, 0x19, 0x1a, 0x22, 0x8000]),
                vec(any::<u8>(), 0..24),
            ),
            0..6,
        ),
    ) {
        let (mut world, mut alice) = a_call();
        let raws: Vec<Strange> = attributes
            .iter()
            .map(|(kind, value)| Strange(AttributeType::new(*kind), value.clone()))
            .collect();
        let written: Vec<_> = raws.iter().map(|raw| raw as _).collect();
        let answer = alice.ask(&mut world, Method::new(method), &written);
        prop_assert!([0, 400, 403, 420, 437, 440, 442, 443, 508].contains(&answer.code()));
    }
}

#[test]
fn answers_and_strange_methods_are_not_answered() {
    let (mut world, mut alice) = a_call();
    let strange = alice.request(Method::new(0x0b), &[]);
    assert_eq!(world.packet(alice.client, &strange), None);
    let mut response = alice.request(ALLOCATE, &[&udp()]);
    response[0] |= 0x01;
    assert_eq!(world.packet(alice.client, &response), None);
    let mut longer = alice.request(ALLOCATE, &[&udp()]);
    longer.extend([0; 4]);
    assert_eq!(world.packet(alice.client, &longer), None);
    for first in 0x80..=0xff {
        assert_eq!(world.packet(alice.client, &[first; 40]), None);
    }
    assert_eq!(world.packet(alice.client, &[]), None);
}

#[test]
fn a_request_without_all_of_its_credentials_is_a_bad_one() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    for kind in [0x06_u8, 0x14, 0x15] {
        let mut request = alice.request(ALLOCATE, &[&udp()]);
        // Called by a name that nobody knows and that can be passed over.
        let at = attribute(&request, kind);
        request[at..at + 2].copy_from_slice(&[0xff, 0xfe]);
        let answer = Answer(world.packet(alice.client, &request).unwrap());
        assert_eq!(answer.code(), 400);
    }
}

/// Where the attribute of this type begins.
fn attribute(request: &[u8], kind: u8) -> usize {
    let mut at = 20;
    while request[at..at + 2] != [0, kind] {
        let length = usize::from(u16::from_be_bytes([request[at + 2], request[at + 3]]));
        at += 4 + length.next_multiple_of(4);
    }
    at
}

#[test]
fn a_spoofed_source_gets_and_reaches_nothing() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    assert_eq!(alice.bind(&mut world, 0x4000, "203.0.113.9:9"), 0);
    // The same bytes from another address, or from another port of the same one.
    let requests = messages(&mut alice);
    for at in ["203.0.113.66:4000", "203.0.113.1:4001"] {
        let mallory = player("alice", at).client;
        for request in &requests {
            let answer = world.packet(mallory, request).map(Answer);
            let code = answer.map(|answer| answer.code());
            // Refused, not answered at all, or told its own address.
            assert!(matches!(code, None | Some(438 | 0)), "{at}: {code:?}");
        }
        assert!(world.take_sent().is_empty());
    }
    // A peer that nobody has permitted.
    world.arrives(relayed, "203.0.113.66:9", b"hello");
    assert!(world.take_sent().is_empty());
    assert_eq!(world.relay.allocations(), 1);
    alice.channel(&mut world, 0x4000, b"still there");
    assert_eq!(world.take_sent().len(), 1);
}

//! Making, keeping and ending allocations.
#![allow(clippy::unwrap_used)]

use stun_types::attribute::{AttributeType, UnknownAttributes, XorMappedAddress};
use turn_types::AddressFamily;
use turn_types::attribute::{
    DontFragment, EvenPort, Lifetime, RequestedAddressFamily, RequestedTransport, ReservationToken,
};
use turn_types::message::{ALLOCATE, REFRESH};
use visavis_turn::server::{Client, Input, Path};

use crate::common::{Sent, Strange, player, seconds, udp, world, world_with};

#[test]
fn a_client_gets_a_relayed_address_for_ten_minutes() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp()]);
    assert_eq!(answer.code(), 0);
    assert_eq!(answer.lifetime(), 600);
    assert!(world.open.values().any(|open| *open == answer.relayed()));
    let id = answer.message().transaction_id();
    assert_eq!(
        answer.get::<XorMappedAddress>().addr(id),
        alice.client.address
    );
    world.wait(seconds(599));
    assert_eq!(world.relay.allocations(), 1);
    world.wait(seconds(1));
    assert_eq!(world.relay.allocations(), 0);
    assert!(world.open.is_empty());
    assert_eq!(world.relay.next_timeout(), None);
}

#[test]
fn an_allocation_lives_as_long_as_it_is_refreshed() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    for _ in 0..20 {
        world.wait(seconds(300));
        let mut answer = alice.refresh(&mut world, 600);
        if answer.code() == 438 {
            alice.learn(&answer);
            answer = alice.refresh(&mut world, 600);
        }
        assert_eq!(answer.code(), 0);
        assert_eq!(answer.lifetime(), 600);
    }
    assert!(world.open.values().any(|open| *open == relayed));
}

#[test]
fn lifetimes_stay_between_ten_minutes_and_an_hour() {
    for (asked, given) in [(1, 600), (600, 600), (1800, 1800), (u32::MAX, 3600)] {
        let mut world = world();
        let mut alice = player("alice", "203.0.113.1:4000");
        alice.introduce(&mut world);
        let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &Lifetime::new(asked)]);
        assert_eq!(answer.lifetime(), given);
        assert_eq!(alice.refresh(&mut world, asked).lifetime(), given);
    }
}

#[test]
fn a_lifetime_of_zero_ends_it_at_once() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.allocate(&mut world);
    assert_eq!(alice.refresh(&mut world, 0).lifetime(), 0);
    assert!(world.open.is_empty());
    assert_eq!(alice.refresh(&mut world, 600).code(), 437);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
}

#[test]
fn the_same_request_twice_makes_one_allocation() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let first = alice.ask(&mut world, ALLOCATE, &[&udp()]);
    world.wait(seconds(2));
    let again = alice.request_again(ALLOCATE, &[&udp()]);
    let again = crate::common::Answer(world.packet(alice.client, &again).unwrap());
    assert_eq!(again.relayed(), first.relayed());
    assert_eq!(again.lifetime(), 598);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 437);
    assert_eq!(world.relay.allocations(), 1);
}

#[test]
fn only_udp_is_relayed() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[]).code(), 400);
    let tcp = RequestedTransport::new(6);
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&tcp]).code(), 442);
}

#[test]
fn dont_fragment_is_answered_as_unknown() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &DontFragment::new()]);
    assert_eq!(answer.code(), 420);
    let unknown = answer.get::<UnknownAttributes>();
    assert!(unknown.has_attribute(AttributeType::new(0x001a)));
    alice.allocate(&mut world);
    alice.permit(&mut world, "203.0.113.9:9");
    let packet = alice.indication("203.0.113.9:9", b"data", &[&DontFragment::new()]);
    assert_eq!(world.packet(alice.client, &packet), None);
    assert_eq!(world.take_sent(), []);
}

#[test]
fn an_even_port_is_even() {
    let mut world = world();
    for port in 0..4 {
        let mut alice = player("alice", &format!("203.0.113.1:400{port}"));
        alice.introduce(&mut world);
        let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &EvenPort::new(false)]);
        assert_eq!(answer.relayed().port() % 2, 0);
        assert!(!answer.has::<ReservationToken>());
    }
}

#[test]
fn the_port_above_is_kept_for_whoever_has_the_token() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let rtp = alice.ask(&mut world, ALLOCATE, &[&udp(), &EvenPort::new(true)]);
    let token = rtp.get::<ReservationToken>();
    assert_eq!(world.open.len(), 2);
    world.wait(seconds(29));
    let mut other = player("alice", "203.0.113.1:4001");
    other.introduce(&mut world);
    let both = other.ask(
        &mut world,
        ALLOCATE,
        &[&udp(), &token, &EvenPort::new(false)],
    );
    assert_eq!(both.code(), 400);
    let rtcp = other.ask(&mut world, ALLOCATE, &[&udp(), &token]);
    assert_eq!(rtcp.relayed().port(), rtp.relayed().port() + 1);
    assert_eq!(rtcp.relayed().ip(), rtp.relayed().ip());
    world.wait(seconds(10));
    assert_eq!(world.relay.allocations(), 2);
    let mut third = player("alice", "203.0.113.1:4002");
    third.introduce(&mut world);
    assert_eq!(
        third.ask(&mut world, ALLOCATE, &[&udp(), &token]).code(),
        508
    );
}

#[test]
fn a_reservation_that_nobody_takes_ends() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let rtp = alice.ask(&mut world, ALLOCATE, &[&udp(), &EvenPort::new(true)]);
    world.wait(seconds(31));
    assert_eq!(world.open.len(), 1);
    let mut other = player("alice", "203.0.113.1:4001");
    other.introduce(&mut world);
    let token = rtp.get::<ReservationToken>();
    assert_eq!(
        other.ask(&mut world, ALLOCATE, &[&udp(), &token]).code(),
        508
    );
}

#[test]
fn data_for_a_reserved_port_is_dropped() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let rtp = alice.ask(&mut world, ALLOCATE, &[&udp(), &EvenPort::new(true)]);
    let mut reserved = rtp.relayed();
    reserved.set_port(reserved.port() + 1);
    world.arrives(reserved, "203.0.113.9:9", b"early");
    assert_eq!(world.take_sent(), []);
}

#[test]
fn without_a_free_port_there_is_no_allocation() {
    let mut world = world();
    world.no_ports = true;
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    for attribute in [
        &EvenPort::new(true) as &dyn stun_types::attribute::AttributeWrite,
        &udp(),
    ] {
        let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), attribute]);
        assert_eq!(answer.code(), 508);
    }
    world.no_ports = false;
    assert_eq!(alice.ask(&mut world, ALLOCATE, &[&udp()]).code(), 0);
}

#[test]
fn a_closed_connection_takes_its_allocation_along() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.client.path = Path::Stream(7);
    alice.allocate(&mut world);
    let stranger = Client {
        path: Path::Stream(8),
        ..alice.client
    };
    world.step(Input::Gone { client: stranger });
    assert!(world.relay.has_allocation(alice.client));
    world.step(Input::Gone {
        client: alice.client,
    });
    assert!(!world.relay.has_allocation(alice.client));
    assert!(world.open.is_empty());
}

#[test]
fn one_address_on_two_paths_is_two_clients() {
    let mut world = world();
    let mut udp_alice = player("alice", "203.0.113.1:4000");
    let mut tcp_alice = player("alice", "203.0.113.1:4000");
    tcp_alice.client.path = Path::Stream(1);
    let first = udp_alice.allocate(&mut world);
    let second = tcp_alice.allocate(&mut world);
    assert_ne!(first, second);
}

#[test]
fn attributes_that_have_to_be_understood_are_named() {
    let mut world = world();
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(&mut world);
    let strange = Strange(AttributeType::new(0x0003), vec![0; 4]);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &strange]);
    assert_eq!(answer.code(), 420);
    let unknown = answer.get::<UnknownAttributes>();
    assert!(unknown.has_attribute(AttributeType::new(3)));
    let optional = Strange(AttributeType::new(0x8030), vec![0; 4]);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &optional]);
    assert_eq!(answer.code(), 0);
    let family = RequestedAddressFamily::new(AddressFamily::IPV6);
    assert_eq!(alice.ask(&mut world, REFRESH, &[&family]).code(), 443);
}

#[test]
fn what_was_allocated_by_a_relay_without_permission_stays_silent() {
    let mut world = world_with(|config| config.relay_v6 = None);
    let mut alice = player("alice", "203.0.113.1:4000");
    let relayed = alice.allocate(&mut world);
    world.arrives(relayed, "203.0.113.9:9", b"hello");
    alice.send(&mut world, "203.0.113.9:9", b"hello");
    assert_eq!(world.take_sent(), Vec::<Sent>::new());
    assert_eq!(world.relay.counters().unwanted, 2);
}

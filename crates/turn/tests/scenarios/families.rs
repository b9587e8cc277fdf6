//! IPv4 and IPv6 (RFC 6156, RFC 8656).

use stun_types::attribute::AttributeStaticType;
use turn_types::AddressFamily::{IPV4, IPV6};
use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, EvenPort, Lifetime, RequestedAddressFamily,
    XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, REFRESH};

use crate::common::{
    Answer, Player, Sent, Strange, World, address, player, udp, world, world_with,
};

fn relayed(answer: &Answer) -> Vec<std::net::SocketAddr> {
    let message = answer.message();
    let id = message.transaction_id();
    message
        .iter_attributes()
        .filter(|(_, raw)| raw.header.get_type() == XorRelayedAddress::TYPE)
        .filter_map(|(_, raw)| Some(XorRelayedAddress::try_from(&raw).ok()?.addr(id)))
        .collect()
}

fn introduced(world: &mut World) -> Player {
    let mut alice = player("alice", "203.0.113.1:4000");
    alice.introduce(world);
    alice
}

#[test]
fn a_client_chooses_its_family() {
    for (family, is_v6) in [(IPV4, false), (IPV6, true)] {
        let mut world = world();
        let mut alice = introduced(&mut world);
        let family = RequestedAddressFamily::new(family);
        let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &family]);
        assert_eq!(answer.relayed().is_ipv6(), is_v6);
    }
}

#[test]
fn an_ipv6_allocation_reaches_ipv6_peers() {
    let mut world = world();
    let mut alice = introduced(&mut world);
    let family = RequestedAddressFamily::new(IPV6);
    let own = alice
        .ask(&mut world, ALLOCATE, &[&udp(), &family])
        .relayed();
    assert_eq!(alice.permit(&mut world, "203.0.113.9:9"), 443);
    assert_eq!(alice.bind(&mut world, 0x4000, "[2001:db8::9]:9"), 0);
    alice.channel(&mut world, 0x4000, b"six");
    let sent = Sent::ToPeer(own, address("[2001:db8::9]:9"), b"six".to_vec());
    assert_eq!(world.take_sent(), [sent]);
}

#[test]
fn a_family_that_the_relay_lacks_is_refused() {
    let mut world = world_with(|config| config.relay_v6 = None);
    let mut alice = introduced(&mut world);
    let family = RequestedAddressFamily::new(IPV6);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &family]);
    assert_eq!(answer.code(), 440);
}

#[test]
fn both_families_come_in_one_allocation() {
    let mut world = world();
    let mut alice = introduced(&mut world);
    let additional = AdditionalAddressFamily::new(IPV6);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &additional]);
    let own = relayed(&answer);
    assert!(own[0].is_ipv4() && own[1].is_ipv6());
    assert_eq!(world.relay.allocations(), 1);
    for (index, peer) in ["203.0.113.9:9", "[2001:db8::9]:9"].into_iter().enumerate() {
        assert_eq!(alice.permit(&mut world, peer), 0);
        alice.send(&mut world, peer, b"data");
        let sent = Sent::ToPeer(own[index], address(peer), b"data".to_vec());
        assert_eq!(world.take_sent(), [sent]);
    }
}

#[test]
fn one_of_two_families_can_be_given_up() {
    let mut world = world();
    let mut alice = introduced(&mut world);
    let additional = AdditionalAddressFamily::new(IPV6);
    alice.ask(&mut world, ALLOCATE, &[&udp(), &additional]);
    let six = RequestedAddressFamily::new(IPV6);
    let answer = alice.ask(&mut world, REFRESH, &[&Lifetime::new(0), &six]);
    assert_eq!(answer.code(), 0);
    assert_eq!(world.open.len(), 1);
    assert_eq!(alice.permit(&mut world, "[2001:db8::9]:9"), 443);
    assert_eq!(alice.permit(&mut world, "203.0.113.9:9"), 0);
    let four = RequestedAddressFamily::new(IPV4);
    let answer = alice.ask(&mut world, REFRESH, &[&Lifetime::new(0), &four]);
    assert_eq!(answer.code(), 0);
    assert!(world.open.is_empty());
    assert_eq!(world.relay.allocations(), 0);
}

#[test]
fn a_second_family_that_is_missing_is_told() {
    let mut world = world_with(|config| config.relay_v6 = None);
    let mut alice = introduced(&mut world);
    let additional = AdditionalAddressFamily::new(IPV6);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &additional]);
    assert_eq!(relayed(&answer).len(), 1);
    let error = answer.get::<AddressErrorCode>();
    assert_eq!(error.family(), IPV6);
    assert_eq!(error.error().code(), 440);
}

#[test]
fn contradictory_wishes_are_bad_requests() {
    let mut world = world();
    let mut alice = introduced(&mut world);
    let four = Strange(AdditionalAddressFamily::TYPE, vec![1, 0, 0, 0]);
    let six = AdditionalAddressFamily::new(IPV6);
    let family = RequestedAddressFamily::new(IPV4);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &four]);
    assert_eq!(answer.code(), 400);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &six, &family]);
    assert_eq!(answer.code(), 400);
    let answer = alice.ask(&mut world, ALLOCATE, &[&udp(), &six, &EvenPort::new(true)]);
    assert_eq!(answer.code(), 400);
}

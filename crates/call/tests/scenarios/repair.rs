//! Lost connections that are brought back: by new paths, or by a new connection.

use crate::common::{ALICE, BOB, Device, World, id, secs, signal};
use visavis_call::{Input, PeerState, TransportEvent};
use visavis_signal::{Body, DescriptionKind, SessionDescription, Signal, SignalKind, Update};

fn connected(mut world: World) -> (World, Device, Device) {
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.connect(alice, bob, &id(1));
    (world, alice, bob)
}

fn lose(world: &mut World, device: Device) {
    let other = if world.address(device).user == ALICE {
        BOB
    } else {
        ALICE
    };
    world.transport(device, &id(1), other, TransportEvent::Disconnected);
}

fn updates(world: &mut World, device: Device) -> Vec<Update> {
    let sent = world.sent_signals(device).into_iter();
    sent.filter_map(|signal| match signal.body {
        Body::Update(update) => Some(update),
        _ => None,
    })
    .collect()
}

fn kind(update: &Update) -> (&'static str, DescriptionKind) {
    match update {
        Update::Reconnect(description) => ("replace", description.kind),
        Update::Renegotiate(description) => ("restart", description.kind),
        other => panic!("{other:?}"),
    }
}

fn reconnect(offer_id: &str, kind: DescriptionKind) -> Signal {
    let description = SessionDescription {
        offer_id: offer_id.into(),
        kind,
        sdp: "described anew".into(),
    };
    signal(
        &id(1),
        ALICE,
        &[BOB],
        Body::Update(Update::Reconnect(description)),
    )
}

#[test]
fn our_own_look_for_new_paths_at_once() {
    let (mut world, alice, bob) = connected(World::of_our_own());
    lose(&mut world, alice);
    world.run_for(secs(1));
    let (asked, answered) = (updates(&mut world, alice), updates(&mut world, bob));
    let asked: Vec<_> = asked.iter().map(kind).collect();
    let answered: Vec<_> = answered.iter().map(kind).collect();
    assert_eq!(asked, [("restart", DescriptionKind::Offer)]);
    assert_eq!(answered, [("restart", DescriptionKind::Answer)]);
    assert!(
        world
            .connections(alice)
            .contains(&"Renegotiate Video on new paths".into())
    );
    assert_eq!(world.peer_state(alice, &id(1), BOB), PeerState::Connected);
    assert!(
        world
            .plot(alice)
            .ends_with(&["Connected to 102".into(), "Reconnected to 102".into()])
    );
}

#[test]
fn when_both_ask_the_larger_id_is_heard() {
    let (mut world, alice, bob) = connected(World::of_our_own());
    lose(&mut world, alice);
    lose(&mut world, bob);
    world.run_for(secs(1));
    let (a, b) = (updates(&mut world, alice), updates(&mut world, bob));
    let last = |updates: &[Update]| updates.last().map(|update| kind(update).1);
    assert_eq!(last(&a), Some(DescriptionKind::Answer));
    assert_eq!(
        b.iter().map(kind).collect::<Vec<_>>(),
        [("restart", DescriptionKind::Offer)]
    );
    for (device, other) in [(alice, BOB), (bob, ALICE)] {
        assert_eq!(
            world.peer_state(device, &id(1), other),
            PeerState::Connected
        );
    }
}

#[test]
fn an_offer_that_was_lost_is_repeated() {
    let (mut world, alice, _) = connected(World::of_our_own());
    world.chat_works = false;
    lose(&mut world, alice);
    world.run_for(secs(2));
    world.chat_works = true;
    world.run_for(secs(2));
    assert_eq!(world.peer_state(alice, &id(1), BOB), PeerState::Connected);
}

#[test]
fn an_answer_that_was_lost_is_repeated() {
    let (mut world, alice, bob) = connected(World::of_our_own());
    lose(&mut world, alice);
    world.run_for(crate::common::millis(27));
    world.chat_works = false;
    world.run_for(secs(1));
    world.chat_works = true;
    world.run_for(secs(4));
    let answers = updates(&mut world, bob);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(world.peer_state(alice, &id(1), BOB), PeerState::Connected);
}

#[test]
fn chat_that_comes_back_is_used_at_once() {
    let (mut world, alice, _) = connected(World::of_our_own());
    world.chat_works = false;
    world.handle(alice, Input::ChatLost);
    lose(&mut world, alice);
    world.run_for(secs(10));
    assert_eq!(
        world.peer_state(alice, &id(1), BOB),
        PeerState::Disconnected
    );
    world.chat_works = true;
    world.handle(alice, Input::ChatRestored);
    world.run_for(crate::common::millis(200));
    assert_eq!(world.peer_state(alice, &id(1), BOB), PeerState::Connected);
}

#[test]
fn new_addresses_are_used_before_the_old_ones_are_missed() {
    let (mut world, alice, _) = connected(World::of_our_own());
    world.handle(alice, Input::NetworkChanged);
    world.run_for(secs(1));
    assert!(
        world
            .connections(alice)
            .contains(&"Renegotiate Video on new paths".into())
    );
    assert_eq!(world.plot(alice), Vec::<String>::new());
}

#[test]
fn a_client_of_the_documented_system_has_five_seconds_to_come_back_by_itself() {
    let (mut world, alice, _) = connected(World::new());
    lose(&mut world, alice);
    world.run_for(secs(4));
    assert_eq!(world.connections(alice), Vec::<String>::new());
    world.transport(alice, &id(1), BOB, TransportEvent::Connected);
    world.run_for(secs(60));
    assert_eq!(world.connections(alice), Vec::<String>::new());
    assert_eq!(updates(&mut world, alice), []);
}

#[test]
fn then_the_connection_is_replaced_and_the_larger_id_offers() {
    let (mut world, alice, bob) = connected(World::new());
    lose(&mut world, alice);
    world.run_for(secs(7));
    assert_eq!(world.connections(alice)[0], "Reopen Video");
    let theirs: Vec<_> = updates(&mut world, bob).iter().map(kind).collect();
    assert_eq!(theirs, [("replace", DescriptionKind::Offer)]);
    let ours: Vec<_> = updates(&mut world, alice).iter().map(kind).collect();
    assert_eq!(
        ours,
        [
            ("replace", DescriptionKind::Offer),
            ("replace", DescriptionKind::Answer)
        ]
    );
    for (device, other) in [(alice, BOB), (bob, ALICE)] {
        assert_eq!(
            world.peer_state(device, &id(1), other),
            PeerState::Connected
        );
    }
    assert!(world.plot(alice).contains(&"Reconnected to 102".into()));
}

#[test]
fn the_smaller_id_answers_with_the_same_offer_id() {
    let (mut world, alice, bob) = connected(World::new());
    let bob = world.address(bob);
    world.receive(
        alice,
        &bob,
        reconnect("their offer", DescriptionKind::Offer),
    );
    world.run_for(secs(1));
    let updates = updates(&mut world, alice);
    let Update::Reconnect(answer) = &updates[0] else {
        panic!("{updates:?}")
    };
    assert_eq!(
        (&*answer.offer_id, answer.kind),
        ("their offer", DescriptionKind::Answer)
    );
}

#[test]
fn the_larger_id_takes_no_offer_and_makes_its_own() {
    let (mut world, alice, bob) = connected(World::new());
    let alice = world.address(alice);
    world.chat_works = false;
    world.receive(
        bob,
        &alice,
        reconnect("their offer", DescriptionKind::Offer),
    );
    world.run_for(secs(1));
    let updates: Vec<_> = updates(&mut world, bob).iter().map(kind).collect();
    assert_eq!(updates, [("replace", DescriptionKind::Offer)]);
    let connections = world.connections(bob);
    assert!(
        !connections
            .iter()
            .any(|command| command.starts_with("ApplyOffer"))
    );
}

#[test]
fn an_answer_to_another_offer_is_out_of_date() {
    let (mut world, alice, bob) = connected(World::new());
    let bob = world.address(bob);
    world.chat_works = false;
    lose(&mut world, alice);
    world.run_for(secs(6));
    world.forget_logs();
    world.receive(
        alice,
        &bob,
        reconnect("another offer", DescriptionKind::Answer),
    );
    let connections = world.connections(alice);
    assert!(
        !connections
            .iter()
            .any(|command| command.starts_with("ApplyAnswer"))
    );
}

#[test]
fn nobody_outside_the_call_can_replace_a_connection() {
    let (mut world, alice, _) = connected(World::new());
    let stranger = visavis_call::Address::device(crate::common::MALLORY, "x");
    world.receive(alice, &stranger, reconnect("evil", DescriptionKind::Offer));
    assert_eq!(world.connections(alice), Vec::<String>::new());
}

#[test]
fn a_farewell_that_was_lost_with_chat_is_said_again() {
    let (mut world, alice, bob) = connected(World::of_our_own());
    world.chat_works = false;
    world.handle(alice, Input::ChatLost);
    world.hang_up(alice, &id(1));
    world.run_for(secs(5));
    world.forget_logs();
    world.chat_works = true;
    world.handle(alice, Input::ChatRestored);
    world.run_for(secs(1));
    let said: Vec<_> = world.sent_signals(alice).iter().map(Signal::kind).collect();
    assert_eq!(said, [SignalKind::HangUp]);
    assert!(world.plot(bob).contains(&"HungUp by 101".into()));
}

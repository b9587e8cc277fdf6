//! A call that is over stays over.

use crate::common::{ALICE, BOB, Device, World, accept, call, candidate, id, secs, signal};
use visavis_call::{Address, Command, CommandError};
use visavis_signal::{Body, CallType, UserInfo};

fn browser() -> Address {
    Address::device(ALICE, "browser")
}

fn ring(world: &mut World, bob: Device) {
    world.receive(
        bob,
        &browser(),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
}

fn bob_rings() -> (World, Device) {
    let mut world = World::new();
    let bob = world.device(BOB, "phone");
    ring(&mut world, bob);
    (world, bob)
}

#[test]
fn a_rejected_call_that_is_repeated_is_rejected_again_in_silence() {
    let (mut world, bob) = bob_rings();
    world.reject(bob, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    for _ in 0..3 {
        ring(&mut world, bob);
    }
    assert_eq!(world.sent(bob), ["reject to 101/browser"; 3]);
    assert_eq!(world.story(bob), Vec::<String>::new());
}

#[test]
fn a_call_that_is_repeated_while_the_session_closes_does_not_ring() {
    let (mut world, bob) = bob_rings();
    world.reject(bob, &id(1));
    world.forget_logs();
    ring(&mut world, bob);
    assert_eq!(world.story(bob), Vec::<String>::new());
    assert_eq!(world.sent(bob), ["reject to 101/browser"]);
}

#[test]
fn a_canceled_call_that_is_overtaken_by_its_cancelation_does_not_ring_again() {
    let (mut world, bob) = bob_rings();
    world.receive(bob, &browser(), signal(&id(1), ALICE, &[BOB], Body::HangUp));
    world.run_for(secs(1));
    world.forget_logs();
    ring(&mut world, bob);
    assert_eq!(world.story(bob), Vec::<String>::new());
    assert_eq!(world.sent(bob), Vec::<String>::new());
}

#[test]
fn a_call_that_rang_long_enough_does_not_ring_again_for_ten_minutes() {
    let (mut world, bob) = bob_rings();
    world.run_for(secs(61));
    world.forget_logs();
    world.run_for(secs(598));
    ring(&mut world, bob);
    assert_eq!(world.story(bob), Vec::<String>::new());
    world.run_for(secs(3));
    ring(&mut world, bob);
    assert_eq!(world.plot(bob), ["NewSession from 101"]);
}

#[test]
fn a_late_accept_is_hung_up_while_closing_and_afterwards() {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.hang_up(alice, &id(1));
    world.forget_logs();
    let late = signal(&id(1), ALICE, &[BOB], accept("answer"));
    world.receive(alice, &Address::device(BOB, "phone"), late.clone());
    assert_eq!(world.sent(alice), ["hangUp to 102/phone"]);
    world.run_for(secs(5));
    world.receive(alice, &Address::device(BOB, "phone"), late);
    assert_eq!(world.sent(alice), ["hangUp to 102/phone"]);
    assert!(!world.plot(alice).contains(&"Accepted by 102".into()));
}

#[test]
fn an_accept_for_a_call_that_another_device_made_is_left_to_that_device() {
    let mut world = World::new();
    let laptop = world.device(ALICE, "laptop");
    let accepted = signal(&id(1), ALICE, &[BOB], accept("answer"));
    world.receive(laptop, &Address::device(BOB, "browser"), accepted);
    assert_eq!(world.sent(laptop), Vec::<String>::new());
}

#[test]
fn two_devices_never_hang_up_on_each_other_without_end() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    world.hang_up(alice, &id(1));
    world.hang_up(bob, &id(1));
    world.run_for(secs(60));
    assert_eq!(world.sent(alice).len() + world.sent(bob).len(), 2);
    world.assert_over();
}

#[test]
fn an_accept_that_was_lost_is_sent_again() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    ring(&mut world, bob);
    world.accept(bob, &id(1));
    let answered = |answer: &str| visavis_call::TransportEvent::LocalAnswer(answer.into());
    world.transport(bob, &id(1), ALICE, answered("answer"));
    assert_eq!(world.sent_signals(bob).len(), 1);
    ring(&mut world, bob);
    assert_eq!(
        world.sent(bob),
        Vec::<String>::new(),
        "this one crossed the accept"
    );

    world.run_for(secs(5));
    ring(&mut world, bob);
    let again = world.sent_signals(bob);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].body, accept("answer"));

    world.transport(bob, &id(1), ALICE, visavis_call::TransportEvent::Connected);
    world.run_for(secs(5));
    ring(&mut world, bob);
    assert_eq!(world.sent(bob), Vec::<String>::new(), "he knows");
}

#[test]
fn an_accept_that_comes_twice_counts_once() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(2));
    world.forget_logs();
    world.receive(
        alice,
        &world.address(bob),
        signal(&id(1), ALICE, &[BOB], accept("answer of 102/phone")),
    );
    world.run_for(secs(2));
    assert_eq!(world.story(alice), Vec::<String>::new());
    assert_eq!(world.sent(alice), Vec::<String>::new());
}

#[test]
fn stragglers_of_a_call_that_is_over_mean_nothing() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    for body in [
        Body::Reject,
        Body::HangUp,
        Body::IceCandidates(vec![candidate("a")]),
    ] {
        world.receive(
            alice,
            &world.address(bob),
            signal(&id(1), ALICE, &[BOB], body),
        );
    }
    assert_eq!(world.story(alice), Vec::<String>::new());
    assert_eq!(world.sent(alice), Vec::<String>::new());
    assert_eq!(world.connections(alice), Vec::<String>::new());
}

#[test]
fn an_id_is_not_used_again() {
    let (mut world, bob) = bob_rings();
    world.reject(bob, &id(1));
    world.run_for(secs(1));
    let create = Command::Create {
        session: id(1),
        opponents: vec![ALICE],
        call_type: CallType::Video,
    };
    assert_eq!(
        world.try_command(bob, create),
        Err(CommandError::SessionExists)
    );
    let hang_up = Command::HangUp {
        session: id(1),
        user_info: UserInfo::new(),
    };
    assert_eq!(
        world.try_command(bob, hang_up),
        Err(CommandError::SessionClosed)
    );
}

//! A call that is over stays over.

use crate::common::scene::{Scene, own};
use crate::common::{
    ALICE, BOB, CAROL, Device, World, accept, call, candidate, id, info, secs, signal,
};
use visavis_call::{Address, Command, CommandError, TransportEvent, reason};
use visavis_signal::{Body, CallType, Signal, UserInfo};

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

#[test]
fn a_straggler_of_a_former_invitation_does_not_ring() {
    let mut world = World::of_our_own();
    let [alice, bob, carol] = [ALICE, BOB, CAROL].map(|user| world.device(user, "phone"));
    world.connect(alice, bob, &id(1));
    world.command(
        alice,
        Command::Add {
            session: id(1),
            user: CAROL,
            user_info: UserInfo::new(),
        },
    );
    world.run_for(secs(1));
    let calls = world.sent_signals(alice).into_iter();
    let invitation = calls.rev().find(|signal| signal.join.is_some()).unwrap();
    world.reject(carol, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    let alice = world.address(alice);
    world.receive(carol, &alice, invitation);
    assert_eq!(world.story(carol), Vec::<String>::new());
}

fn taken_by_bob() -> Scene {
    let mut bob = Scene::new(BOB, ALICE, &[BOB]);
    bob.take_call_of(&own(ALICE));
    bob.forget();
    bob
}

/// Alice hangs up on this device because another one of Bob's was faster.
fn turn_away(bob: &mut Scene) {
    let hang_up = Signal {
        user_info: info(&[(reason::KEY, reason::ACCEPTED_ELSEWHERE)]),
        ..bob.says(&own(ALICE), Body::HangUp)
    };
    bob.hear_signal(&own(ALICE), hang_up);
}

#[test]
fn the_word_that_another_device_was_faster_may_come_late() {
    let mut bob = taken_by_bob();
    bob.wait(secs(3));
    turn_away(&mut bob);
    assert_eq!(bob.plot()[0], "AcceptedElsewhere");
}

#[test]
fn one_who_is_connected_was_not_too_slow() {
    let mut bob = taken_by_bob();
    bob.report(ALICE, TransportEvent::Connected);
    bob.forget();
    turn_away(&mut bob);
    assert_eq!(bob.plot()[0], "HungUp by 101");
}

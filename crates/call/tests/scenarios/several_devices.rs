//! One user, several devices.

use crate::common::{ALICE, BOB, Device, World, accept, candidate, id, info, secs, signal};
use visavis_call::{Address, SessionState};
use visavis_signal::{Body, Signal, Update};

/// Alice's phone has called Bob, whose phone and laptop ring.
fn ringing() -> (World, Device, Device, Device) {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let (phone, laptop) = (world.device(BOB, "phone"), world.device(BOB, "laptop"));
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    assert_eq!(world.plot(phone), ["NewSession from 101"]);
    assert_eq!(world.plot(laptop), ["NewSession from 101"]);
    world.forget_logs();
    (world, alice, phone, laptop)
}

#[test]
fn accepting_on_one_ends_the_ringing_on_the_other() {
    let (mut world, alice, phone, laptop) = ringing();
    world.accept(phone, &id(1));
    world.run_for(secs(1));
    assert_eq!(
        world.story(laptop),
        [
            "101 Closed",
            "AcceptedElsewhere",
            "ConnectionClosed to 101",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed",
        ]
    );
    assert_eq!(world.sent(laptop), Vec::<String>::new());
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    assert_eq!(world.state(phone, &id(1)), Some(SessionState::Connected));
}

#[test]
fn rejecting_on_one_ends_the_ringing_on_the_other() {
    let (mut world, alice, phone, laptop) = ringing();
    world.reject(phone, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.plot(laptop)[0], "RejectedElsewhere");
    assert_eq!(world.sent(laptop), Vec::<String>::new());
    assert_eq!(world.plot(alice)[0], "Rejected by 102");
    world.assert_over();
}

#[test]
fn a_call_that_was_taken_elsewhere_does_not_ring_again_and_is_not_answered() {
    let (mut world, alice, phone, laptop) = ringing();
    world.accept(phone, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    world.receive(
        laptop,
        &world.address(alice),
        signal(&id(1), ALICE, &[BOB], crate::common::call("offer")),
    );
    assert_eq!(world.story(laptop), Vec::<String>::new());
    assert_eq!(world.sent(laptop), Vec::<String>::new());
}

#[test]
fn the_first_device_to_accept_gets_the_call_and_the_second_is_hung_up() {
    let (mut world, alice, phone, laptop) = ringing();
    world.accept(phone, &id(1));
    world.accept(laptop, &id(1));
    world.run_for(secs(3));
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    assert_eq!(world.state(phone, &id(1)), Some(SessionState::Connected));
    assert_eq!(world.state(laptop, &id(1)), None);
    assert!(world.plot(laptop).contains(&"AcceptedElsewhere".into()));
    assert!(world.sent(alice).contains(&"hangUp to 102/laptop".into()));
    assert_eq!(
        world
            .plot(alice)
            .iter()
            .filter(|event| event.starts_with("Accepted"))
            .count(),
        1
    );
}

#[test]
fn the_second_device_cannot_disturb_the_call_it_did_not_get() {
    let (mut world, alice, phone, _) = ringing();
    world.accept(phone, &id(1));
    world.run_for(secs(3));
    world.forget_logs();
    let browser = Address::device(BOB, "browser");
    let bodies = [
        Body::Reject,
        accept("answer"),
        Body::IceCandidates(vec![candidate("a")]),
        Body::Update(Update::default()),
        Body::Reject,
        Body::HangUp,
    ];
    for body in bodies {
        let signal = Signal {
            user_info: info(&[("a", "b")]),
            ..signal(&id(1), ALICE, &[BOB], body)
        };
        world.receive(alice, &browser, signal);
    }
    assert_eq!(world.story(alice), Vec::<String>::new());
    assert_eq!(world.connections(alice), Vec::<String>::new());
    assert_eq!(world.sent(alice), ["hangUp to 102/browser"]);
    let session = world.core(alice).session(&id(1)).unwrap();
    assert_eq!(*session.peer(BOB).unwrap().address(), world.address(phone));
}

#[test]
fn without_copies_the_other_device_rings_until_the_caller_is_gone() {
    let (mut world, alice, phone, laptop) = ringing();
    world.carbons = false;
    world.accept(phone, &id(1));
    world.run_for(secs(10));
    assert_eq!(world.state(laptop, &id(1)), Some(SessionState::Pending));
    world.reject(laptop, &id(1));
    world.run_for(secs(1));
    assert_eq!(
        world.state(alice, &id(1)),
        Some(SessionState::Connected),
        "the call goes on"
    );
}

#[test]
fn a_device_that_connects_to_chat_anew_is_followed() {
    let (mut world, alice, phone, _) = ringing();
    world.accept(phone, &id(1));
    world.run_for(secs(3));
    world.forget_logs();
    let moved = Address::device(BOB, "phone-again");
    world.receive(
        alice,
        &moved,
        signal(
            &id(1),
            ALICE,
            &[BOB],
            Body::IceCandidates(vec![candidate("a")]),
        ),
    );
    assert_eq!(world.connections(alice), ["AddCandidates: a"]);
    world.hang_up(alice, &id(1));
    assert_eq!(world.sent(alice), ["hangUp to 102/phone-again"]);
}

#[test]
fn while_nobody_answered_every_device_speaks_for_its_user() {
    let (mut world, alice, _, laptop) = ringing();
    world.receive(
        alice,
        &world.address(laptop),
        signal(&id(1), ALICE, &[BOB], Body::HangUp),
    );
    assert_eq!(world.plot(alice)[0], "HungUp by 102");
    assert_eq!(world.sent(alice), Vec::<String>::new());
}

#[test]
fn what_our_other_devices_say_does_not_touch_an_accepted_call() {
    let (mut world, _, phone, laptop) = ringing();
    world.carbons = false;
    world.accept(phone, &id(1));
    world.run_for(secs(3));
    world.forget_logs();
    for body in [accept("answer"), Body::Reject, Body::HangUp] {
        world.receive(
            phone,
            &world.address(laptop),
            signal(&id(1), ALICE, &[BOB], body),
        );
    }
    assert_eq!(world.story(phone), Vec::<String>::new());
    assert_eq!(world.state(phone, &id(1)), Some(SessionState::Connected));
}

#[test]
fn copies_of_what_our_other_device_does_in_its_own_call_mean_nothing_here() {
    let mut world = World::new();
    let laptop = world.device(BOB, "laptop");
    for body in [
        crate::common::call("offer"),
        accept("answer"),
        Body::Reject,
        Body::HangUp,
    ] {
        world.receive(
            laptop,
            &Address::device(BOB, "phone"),
            signal(&id(1), BOB, &[ALICE], body),
        );
    }
    assert_eq!(world.story(laptop), Vec::<String>::new());
    assert_eq!(world.sent(laptop), Vec::<String>::new());
}

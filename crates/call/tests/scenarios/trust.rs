//! Who can make a call ring, and who can change one.

use crate::common::{
    ALICE, BOB, CAROL, DAVE, Device, MALLORY, World, accept, call, candidate, id, info, secs,
    signal,
};
use visavis_call::{Address, CallConfig, Command, Core, Input, PeerState, SessionState, Time};
use visavis_signal::{Body, Signal, Update, UserId};

fn mallory() -> Address {
    Address::device(MALLORY, "x")
}

/// Everything that can be said, in the name of Alice.
fn everything() -> Vec<Signal> {
    let bodies = [
        call("evil"),
        accept("evil"),
        Body::Reject,
        Body::HangUp,
        Body::IceCandidates(vec![candidate("evil")]),
        Body::Update(Update::default()),
    ];
    let with_info = |body| Signal {
        user_info: info(&[("evil", "yes")]),
        ..signal(&id(1), ALICE, &[BOB], body)
    };
    bodies.map(with_info).into()
}

fn assert_nothing_happened(world: &mut World, device: Device) {
    assert_eq!(world.story(device), Vec::<String>::new());
    assert_eq!(world.sent(device), Vec::<String>::new());
    assert_eq!(world.connections(device), Vec::<String>::new());
}

#[test]
fn a_call_in_the_name_of_somebody_else_never_rings() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &mallory(),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn a_call_to_somebody_else_never_rings() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        signal(&id(1), ALICE, &[CAROL], call("offer")),
    );
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        signal(&id(2), ALICE, &[], call("offer")),
    );
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn a_caller_who_calls_himself_too_never_rings() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        signal(&id(1), ALICE, &[BOB, ALICE], call("offer")),
    );
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn a_call_without_caller_or_type_never_rings() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let call = signal(&id(1), ALICE, &[BOB], call("offer"));
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        Signal {
            caller: None,
            ..call.clone()
        },
    );
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        Signal {
            call_type: None,
            ..call
        },
    );
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn the_call_of_a_fellow_callee_never_rings() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let mesh_call = signal(&id(1), ALICE, &[BOB, CAROL], call("offer"));
    world.receive(bob, &Address::device(CAROL, "x"), mesh_call);
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn a_stranger_changes_nothing_whatever_he_says_and_whenever() {
    let (mut world, alice, bob) = World::two();
    let try_everything = |world: &mut World| {
        world.forget_logs();
        for signal in everything() {
            for device in [alice, bob] {
                world.receive(device, &mallory(), signal.clone());
                assert_nothing_happened(world, device);
            }
        }
    };
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    try_everything(&mut world);
    world.accept(bob, &id(1));
    world.run_for(secs(2));
    try_everything(&mut world);
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    world.hang_up(alice, &id(1));
    try_everything(&mut world);
    world.run_for(secs(1));
    // Over, and remembered.
    try_everything(&mut world);
}

#[test]
fn nothing_but_a_call_makes_a_session() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    for signal in everything().split_off(1) {
        world.receive(bob, &Address::device(ALICE, "x"), signal);
    }
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn a_caller_can_neither_accept_nor_reject_his_own_call() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.forget_logs();
    world.receive(
        bob,
        &world.address(alice),
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    world.receive(
        bob,
        &world.address(alice),
        signal(&id(1), ALICE, &[BOB], Body::Reject),
    );
    assert_nothing_happened(&mut world, bob);
}

#[test]
fn the_opponents_in_a_later_signal_change_nothing() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    let update = Signal {
        user_info: info(&[("a", "b")]),
        ..signal(&id(1), MALLORY, &[MALLORY], Body::Update(Update::default()))
    };
    world.receive(alice, &world.address(bob), update);
    assert_eq!(world.plot(alice), ["Updated by 102"]);
    let session = world.core(alice).session(&id(1)).unwrap();
    assert_eq!(
        (session.initiator(), session.opponents()),
        (ALICE, &[BOB][..])
    );
    assert_eq!(session.peer_state(MALLORY), PeerState::Unknown);
}

#[test]
fn nobody_answers_a_call_that_was_not_sent_yet() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.forget_logs();
    for signal in everything() {
        world.receive(alice, &Address::device(BOB, "x"), signal);
    }
    assert_nothing_happened(&mut world, alice);
}

#[test]
fn before_processing_starts_nothing_rings() {
    let mut core = Core::new(BOB, CallConfig::default(), 2).unwrap();
    let from = Address::device(ALICE, "x");
    let call = signal(&id(1), ALICE, &[BOB], call("offer"));
    assert_eq!(
        core.handle(
            Time::ORIGIN,
            Input::Signal {
                from: from.clone(),
                signal: call.clone()
            }
        )
        .count(),
        0
    );
    assert_eq!(
        core.command(Time::ORIGIN, Command::StartProcessing)
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        core.command(Time::ORIGIN, Command::StartProcessing)
            .unwrap()
            .count(),
        0
    );
    assert_ne!(
        core.handle(Time::ORIGIN, Input::Signal { from, signal: call })
            .count(),
        0,
        "the repetition rings"
    );
}

#[test]
fn ids_differ_by_more_than_their_case() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    let phone = Address::device(BOB, "iphone");
    world.receive(
        alice,
        &phone,
        signal(
            &"AB000000-0000-4000-8000-000000000000".parse().unwrap(),
            BOB,
            &[ALICE],
            call("x"),
        ),
    );
    world.receive(
        alice,
        &phone,
        signal(
            &"ab000000-0000-4000-8000-000000000000".parse().unwrap(),
            BOB,
            &[ALICE],
            call("x"),
        ),
    );
    assert_eq!(world.plot(alice), ["NewSession from 102"]);
    world.reject(
        alice,
        &"ab000000-0000-4000-8000-000000000000".parse().unwrap(),
    );
    let rejection = world.sent_signals(alice).pop().unwrap();
    assert_eq!(
        rejection.session.as_str(),
        "AB000000-0000-4000-8000-000000000000",
        "echoed as it came"
    );
}

#[test]
fn the_last_of_many_strangers_does_not_push_a_call_out() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "x"),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    for number in 0..200 {
        let stranger = UserId(1000 + u32::from(number));
        world.receive(
            bob,
            &Address::device(stranger, "x"),
            signal(&id(number + 2), stranger, &[BOB], call("offer")),
        );
    }
    assert_eq!(
        world.core(bob).sessions().count(),
        CallConfig::default().incoming_limit
    );
    assert_eq!(world.state(bob, &id(1)), Some(SessionState::Pending));
}

#[test]
fn a_mesh_call_of_somebody_outside_never_rings_and_changes_nothing() {
    let mut world = World::new();
    let [alice, bob] = [ALICE, BOB].map(|user| world.device(user, "phone"));
    world.create(alice, &id(1), &[BOB, CAROL]);
    world.start(alice, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    let dave = Address::device(DAVE, "x");
    let forged = signal(&id(1), ALICE, &[BOB, CAROL], call("offer"));
    world.receive(bob, &dave, forged.clone());
    assert_eq!(world.story(bob), Vec::<String>::new());
    let unknown = visavis_signal::Signal {
        session: id(9),
        ..forged
    };
    world.receive(bob, &dave, unknown);
    assert_eq!(world.story(bob), Vec::<String>::new());
}

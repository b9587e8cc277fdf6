//! Calls that are rejected without asking.

use crate::common::{ALICE, BOB, CAROL, Device, World, call, id, info, secs, signal};
use visavis_call::{Address, BusyCause, CallConfig, Event, SessionState, reason};
use visavis_signal::{Signal, SignalKind, UserId};

fn auto_reject() -> CallConfig {
    CallConfig {
        auto_reject: true,
        ..CallConfig::default()
    }
}

/// Alice and Bob, who is not asked while he is in a call.
fn two() -> (World, Device, Device) {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let bob = world.device_with(BOB, "phone", auto_reject());
    (world, alice, bob)
}

fn carol_calls(world: &mut World, bob: Device) {
    let call = Signal {
        user_info: info(&[("who", "Carol")]),
        ..signal(&id(9), CAROL, &[BOB], call("offer"))
    };
    world.receive(bob, &Address::device(CAROL, "browser"), call);
}

#[test]
fn a_call_during_a_call_is_rejected_and_the_app_told() {
    let (mut world, alice, bob) = two();
    world.connect(alice, bob, &id(1));
    carol_calls(&mut world, bob);
    let events = world.events(bob);
    assert!(
        matches!(&events[..], [Event::Busy { user: CAROL, user_info, cause: BusyCause::InCall, .. }]
            if user_info.get("who") == Some("Carol"))
    );
    let rejection = world.sent_signals(bob).pop().unwrap();
    assert_eq!(rejection.kind(), SignalKind::Reject);
    assert_eq!(
        (rejection.caller, &rejection.opponents[..]),
        (Some(CAROL), &[BOB][..])
    );
    assert_eq!(rejection.user_info, info(&[(reason::KEY, reason::BUSY)]));
    assert_eq!(world.state(bob, &id(1)), Some(SessionState::Connected));
}

#[test]
fn the_repetitions_of_a_rejected_call_are_rejected_in_silence() {
    let (mut world, alice, bob) = two();
    world.connect(alice, bob, &id(1));
    carol_calls(&mut world, bob);
    world.run_for(secs(5));
    carol_calls(&mut world, bob);
    assert_eq!(world.plot(bob), ["Busy for 103: InCall"]);
    assert_eq!(world.sent(bob), ["reject to 103/browser"; 2]);
    world.hang_up(bob, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    carol_calls(&mut world, bob);
    assert_eq!(
        world.story(bob),
        Vec::<String>::new(),
        "it was rejected once and for all"
    );
}

#[test]
fn who_dials_is_busy() {
    let (mut world, _, bob) = two();
    world.dial(bob, &id(1), ALICE);
    carol_calls(&mut world, bob);
    assert_eq!(world.plot(bob), ["Busy for 103: InCall"]);
}

#[test]
fn who_is_only_being_called_is_not_busy() {
    let (mut world, alice, bob) = two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    carol_calls(&mut world, bob);
    assert_eq!(
        world.plot(bob),
        ["NewSession from 101", "NewSession from 103"]
    );
}

#[test]
fn who_calls_each_other_at_the_same_time_is_not_busy_for_each_other() {
    let mut world = World::of_our_own();
    let alice = world.device_with(ALICE, "phone", auto_reject());
    let bob = world.device_with(BOB, "phone", auto_reject());
    world.dial(alice, &id(1), BOB);
    world.dial(bob, &id(2), ALICE);
    world.run_for(secs(1));
    for device in [alice, bob] {
        assert_eq!(world.state(device, &id(1)), Some(SessionState::Connected));
        assert_eq!(world.state(device, &id(2)), None);
    }
}

#[test]
fn without_auto_reject_every_call_is_delivered() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    carol_calls(&mut world, bob);
    assert_eq!(world.plot(bob), ["NewSession from 103"]);
}

#[test]
fn more_calls_than_may_ring_are_rejected() {
    let mut world = World::new();
    let bob = world.device(BOB, "phone");
    for number in 1..=5 {
        let caller = UserId(200 + u32::from(number));
        world.receive(
            bob,
            &Address::device(caller, "x"),
            signal(&id(number), caller, &[BOB], call("offer")),
        );
    }
    assert_eq!(
        world.plot(bob).last().unwrap(),
        "Busy for 205: TooManyRinging"
    );
    let rejection = world.sent_signals(bob).pop().unwrap();
    assert_eq!(
        rejection.user_info,
        info(&[(reason::KEY, reason::TOO_MANY_CALLS)])
    );

    world.reject(bob, &id(1));
    carol_calls(&mut world, bob);
    assert_eq!(
        world.plot(bob).last().unwrap(),
        "NewSession from 103",
        "there is room again"
    );
}

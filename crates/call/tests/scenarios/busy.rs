//! Calls that are rejected without asking.

use crate::common::{ALICE, BOB, CAROL, Device, World, call, id, info, secs, signal};
use visavis_call::{Address, CallConfig};
use visavis_signal::Signal;

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

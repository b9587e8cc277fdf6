//! Accepting, rejecting and canceling, and what is attached to each.

use crate::common::{ALICE, BOB, World, id, millis, secs};
use visavis_call::CallConfig;
use visavis_signal::UserInfo;

#[test]
fn a_call_can_be_rejected_in_the_moment_it_comes_in() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(millis(25));
    assert_eq!(world.plot(bob), ["NewSession from 101"]);
    world.reject(bob, &id(1));
    assert_eq!(world.sent(bob), ["reject to 101/phone"]);
}

#[test]
fn a_session_that_was_never_started_can_be_closed() {
    let (mut world, alice, _) = World::two();
    world.create(alice, &id(1), &[BOB]);
    world.hang_up(alice, &id(1));
    assert_eq!(
        world.story(alice),
        [
            "102 Closed",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed"
        ]
    );
    assert_eq!(world.connections(alice), Vec::<String>::new());
    world.assert_over();
}

#[test]
fn a_limit_of_bandwidth_travels_beside_the_user_info() {
    let mut world = World::new();
    let alice = world.device_with(
        ALICE,
        "phone",
        CallConfig {
            bandwidth: Some(500),
            ..CallConfig::default()
        },
    );
    let bob = world.device(BOB, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    let session = world.core(bob).session(&id(1)).unwrap();
    assert_eq!(session.peer(ALICE).unwrap().bandwidth(), Some(500));
    assert_eq!(session.user_info(), &UserInfo::new());
    assert_eq!(world.sent_signals(alice)[0].bandwidth, Some(500));
}

#[test]
fn a_bandwidth_of_zero_is_no_limit() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let mut call = crate::common::signal(&id(1), ALICE, &[BOB], crate::common::call("offer"));
    call.bandwidth = Some(0);
    world.receive(bob, &visavis_call::Address::device(ALICE, "browser"), call);
    assert_eq!(
        world
            .core(bob)
            .session(&id(1))
            .unwrap()
            .peer(ALICE)
            .unwrap()
            .bandwidth(),
        None
    );
}

//! Several calls at once, and several opponents in one.

use crate::common::{ALICE, BOB, CAROL, World, id, secs};
use visavis_call::{CallConfig, PeerState, SessionState};

#[test]
fn calls_live_side_by_side() {
    let (mut world, alice, bob) = World::two();
    let carol = world.device(CAROL, "phone");
    world.connect(alice, bob, &id(1));
    world.connect(carol, bob, &id(2));
    world.hang_up(bob, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.state(alice, &id(1)), None);
    assert_eq!(world.state(carol, &id(2)), Some(SessionState::Connected));
    assert_eq!(world.plot(carol), Vec::<String>::new());
}

#[test]
fn one_who_does_not_come_leaves_the_call_to_the_others() {
    let (mut world, alice, bob) = World::two();
    let carol = world.device(CAROL, "phone");
    world.create(alice, &id(1), &[BOB, CAROL]);
    world.start(alice, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.sent(alice), ["call to 102", "call to 103"]);

    world.reject(bob, &id(1));
    world.accept(carol, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.peer_state(alice, &id(1), BOB), PeerState::Rejected);
    assert_eq!(world.peer_state(alice, &id(1), CAROL), PeerState::Connected);
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));

    world.hang_up(carol, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.plot(alice).last().unwrap(), "Closed");
    world.assert_over();
}

#[test]
fn one_who_comes_too_late_is_hung_up_while_the_others_talk() {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let bob = world.device(BOB, "phone");
    // Carol's phone is patient, and hears nothing of the end of the dialing.
    let patient = CallConfig {
        answer_interval: secs(600),
        ..CallConfig::default()
    };
    let carol = world.device_with(CAROL, "phone", patient);
    world.create(alice, &id(1), &[BOB, CAROL]);
    world.start(alice, &id(1));
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(58));
    world.chat_works = false;
    world.run_for(secs(2));
    world.chat_works = true;
    assert_eq!(
        world.peer_state(alice, &id(1), CAROL),
        PeerState::NotAnswered
    );
    world.forget_logs();

    world.accept(carol, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.sent(alice), ["hangUp to 103/phone"]);
    assert_eq!(world.plot(alice), Vec::<String>::new());
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    assert_eq!(world.state(carol, &id(1)), None);
}

//! Two who call each other at the same moment are in one call in the end, and it never rings.

use crate::common::{ALICE, BOB, Device, World, call, id, info, secs, signal};
use visavis_call::{Command, SessionState, reason};
use visavis_signal::{SessionId, SignalKind};

fn both_call(world: &mut World) -> (Device, Device) {
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.dial(alice, &id(1), BOB);
    world.dial(bob, &id(2), ALICE);
    (alice, bob)
}

fn in_call(world: &World, device: Device) -> Vec<SessionId> {
    let sessions = world.core(device).sessions();
    sessions.map(|session| session.id().clone()).collect()
}

#[test]
fn between_our_own_the_smaller_id_stays() {
    let mut world = World::of_our_own();
    let (alice, bob) = both_call(&mut world);
    world.run_for(secs(1));
    for device in [alice, bob] {
        assert_eq!(in_call(&world, device), [id(1)]);
        assert_eq!(world.state(device, &id(1)), Some(SessionState::Connected));
        let plot = world.plot(device);
        assert!(!plot.iter().any(|event| event.starts_with("NewSession")));
    }
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    world.assert_over();
}

#[test]
fn whoever_comes_over_is_told_which_call_goes_on() {
    let mut world = World::of_our_own();
    let (_, bob) = both_call(&mut world);
    world.run_for(secs(1));
    let plot = world.plot(bob);
    assert_eq!(plot[0], format!("Replaced by {}", id(1)));
    assert!(plot.contains(&"Closed".into()));
    assert!(plot.contains(&"Connected to 101".into()));
}

#[test]
fn what_was_attached_to_the_call_goes_along_with_the_answer() {
    let mut world = World::of_our_own();
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.dial(alice, &id(1), BOB);
    world.create(bob, &id(2), &[ALICE]);
    let user_info = info(&[("mood", "good")]);
    let session = id(2);
    world.command(bob, Command::Start { session, user_info });
    world.run_for(secs(1));
    let accept = world.sent_signals(bob).into_iter();
    let accept = accept.filter(|signal| signal.kind() == SignalKind::Accept);
    let infos: Vec<_> = accept.map(|signal| signal.user_info).collect();
    assert_eq!(infos, [info(&[("mood", "good")])]);
}

#[test]
fn against_a_client_of_the_documented_system_his_call_stays() {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.forget_logs();
    let bob = visavis_call::Address::device(BOB, "browser");
    let his = signal(&id(2), BOB, &[ALICE], call("offer"));
    world.receive(alice, &bob, his);
    world.run_for(secs(1));
    assert_eq!(in_call(&world, alice), [id(2)]);
    let sent = world.sent_signals(alice);
    assert_eq!(sent[0].kind(), SignalKind::HangUp);
    assert_eq!(sent[0].session, id(1));
    assert_eq!(sent[0].user_info.get(reason::KEY), Some(reason::GLARE));
    assert!(
        sent.iter()
            .any(|signal| signal.kind() == SignalKind::Accept && signal.session == id(2))
    );
}

#[test]
fn a_call_to_several_rings_as_usual() {
    let mut world = World::of_our_own();
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.dial(alice, &id(1), BOB);
    world.create(bob, &id(2), &[ALICE, crate::common::CAROL]);
    world.start(bob, &id(2));
    world.run_for(secs(1));
    assert!(world.plot(alice).contains(&"NewSession from 102".into()));
    assert!(world.plot(bob).contains(&"NewSession from 101".into()));
}

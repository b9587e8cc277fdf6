//! Connections that get lost, come back, break, or never come about.

use crate::common::{ALICE, BOB, Device, World, call, id, millis, secs, signal};
use visavis_call::{Address, SessionState, TransportEvent};

fn connected() -> (World, Device, Device) {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    (world, alice, bob)
}

#[test]
fn an_answer_that_never_gets_ready_ends_the_call() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "browser"),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    world.accept(bob, &id(1));
    world.run_for(secs(62));
    assert_eq!(world.sent(bob), ["reject to 101/browser"]);
    assert_eq!(
        world.plot(bob)[1..3],
        ["ConnectionFailed to 101", "ConnectionClosed to 101"]
    );
    world.assert_over();
}

#[test]
fn a_shell_that_never_reports_the_release_does_not_keep_the_session() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "browser"),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    world.reject(bob, &id(1));
    assert_eq!(world.state(bob, &id(1)), Some(SessionState::GoingToClose));
    assert_eq!(world.plot(bob).last().unwrap(), "StartClose");
    world.run_for(secs(1));
    assert_eq!(world.plot(bob), ["Closed"]);
    world.assert_over();
}

#[test]
fn a_session_is_closed_only_when_its_connection_is_released() {
    let (mut world, alice, _) = connected();
    world.hang_up(alice, &id(1));
    assert_eq!(world.plot(alice), ["ConnectionClosed to 102", "StartClose"]);
    world.run_for(millis(10));
    assert_eq!(world.plot(alice), ["Closed"]);
}

#[test]
fn verdicts_of_the_network_before_the_answer_mean_nothing() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.forget_logs();
    for event in [
        TransportEvent::Checking,
        TransportEvent::Connected,
        TransportEvent::Disconnected,
    ] {
        world.transport(alice, &id(1), BOB, event);
    }
    assert_eq!(world.story(alice), Vec::<String>::new());
}

#[test]
fn what_the_network_reports_before_the_start_changes_nothing() {
    let (mut world, alice, _) = World::two();
    world.create(alice, &id(1), &[BOB]);
    let offer = TransportEvent::LocalOffer("offer".into());
    for event in [offer, TransportEvent::Failed, TransportEvent::Closed] {
        world.transport(alice, &id(1), BOB, event);
    }
    assert_eq!(world.story(alice), Vec::<String>::new());
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::New));
}

#[test]
fn what_the_network_reports_after_the_end_changes_nothing() {
    let (mut world, alice, _) = connected();
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    for event in [
        TransportEvent::Connected,
        TransportEvent::Failed,
        TransportEvent::Closed,
    ] {
        world.transport(alice, &id(1), BOB, event);
    }
    assert_eq!(world.story(alice), Vec::<String>::new());
    world.assert_over();
}

//! Connections that get lost, come back, break, or never come about.

use crate::common::{ALICE, BOB, Device, World, call, id, info, millis, secs, signal};
use visavis_call::{Address, DescriptionFault, PeerState, SessionState, TransportEvent, reason};
use visavis_signal::SignalKind;

fn connected() -> (World, Device, Device) {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    (world, alice, bob)
}

#[test]
fn a_lost_connection_that_comes_back_goes_on() {
    let (mut world, alice, _) = connected();
    world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
    assert_eq!(
        world.peer_state(alice, &id(1), BOB),
        PeerState::Disconnected
    );
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    world.run_for(secs(29));
    world.transport(alice, &id(1), BOB, TransportEvent::Connected);
    world.run_for(secs(3600));
    assert_eq!(
        world.story(alice),
        [
            "102 Disconnected",
            "Disconnected from 102",
            "Reconnecting to 102",
            "102 Connected",
            "Connected to 102",
            "Reconnected to 102"
        ]
    );
}

#[test]
fn a_lost_connection_has_the_disconnect_time() {
    let (mut world, alice, bob) = connected();
    world.reachable = false;
    world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
    world.run_for(secs(30) - millis(1));
    assert_eq!(
        world.plot(alice),
        ["Disconnected from 102", "Reconnecting to 102"]
    );
    world.run_for(secs(1));
    assert_eq!(
        world.story(alice),
        [
            "102 DisconnectTimeout",
            "DisconnectTimeout of 102",
            "ConnectionClosed to 102",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed",
        ]
    );
    let left = world.sent_signals(alice).pop().unwrap();
    assert_eq!(left.kind(), SignalKind::HangUp);
    assert_eq!(
        left.user_info,
        info(&[(reason::KEY, reason::NO_CONNECTION)])
    );
    let plot = world.plot(bob);
    assert!(plot.contains(&"HungUp by 101".into()), "{plot:?}");
    world.assert_over();
}

#[test]
fn each_loss_has_the_whole_time() {
    let (mut world, alice, _) = connected();
    for _ in 0..3 {
        world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
        world.run_for(secs(20));
        world.transport(alice, &id(1), BOB, TransportEvent::Connected);
        world.run_for(secs(20));
    }
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
}

#[test]
fn a_lost_connection_that_breaks_gets_no_more_time() {
    let (mut world, alice, _) = connected();
    world.reachable = false;
    world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
    world.run_for(secs(20));
    world.transport(alice, &id(1), BOB, TransportEvent::Failed);
    world.run_for(secs(11));
    assert_eq!(
        world.plot(alice)[..4],
        [
            "Disconnected from 102",
            "Reconnecting to 102",
            "ConnectionFailed to 102",
            "DisconnectTimeout of 102"
        ]
    );
}

#[test]
fn a_broken_connection_may_come_back_too() {
    let (mut world, alice, _) = connected();
    world.transport(alice, &id(1), BOB, TransportEvent::Failed);
    world.transport(alice, &id(1), BOB, TransportEvent::Failed);
    world.transport(alice, &id(1), BOB, TransportEvent::Connected);
    world.run_for(secs(60));
    assert_eq!(
        world.plot(alice),
        [
            "ConnectionFailed to 102",
            "Reconnecting to 102",
            "Connected to 102",
            "Reconnected to 102"
        ]
    );
}

#[test]
fn a_lost_connection_can_be_hung_up() {
    let (mut world, alice, bob) = connected();
    world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
    world.transport(bob, &id(1), ALICE, TransportEvent::Disconnected);
    world.hang_up(bob, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.plot(alice)[2], "HungUp by 102");
    world.assert_over();
}

#[test]
fn a_call_that_never_connects_fails_when_the_time_to_answer_is_over() {
    let (mut world, alice, bob) = World::two();
    world.reachable = false;
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(58));
    world.story(alice);
    world.run_for(secs(2));
    assert_eq!(
        world.story(alice),
        [
            "102 Failed",
            "ConnectionFailed to 102",
            "102 Closed",
            "ConnectionClosed to 102",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed",
        ]
    );
    assert!(world.plot(bob).contains(&"HungUp by 101".into()));
    world.assert_over();
}

#[test]
fn a_call_accepted_in_the_last_second_has_ten_seconds_to_connect() {
    let (mut world, alice, bob) = World::two();
    world.reachable = false;
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(59));
    world.accept(bob, &id(1));
    world.run_for(secs(9));
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connecting));
    assert_eq!(world.state(bob, &id(1)), Some(SessionState::Connecting));
    world.run_for(secs(3));
    world.assert_over();
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
fn a_transport_that_cannot_work_ends_the_call_at_once() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.transport(bob, &id(1), ALICE, TransportEvent::Failed);
    assert_eq!(world.sent(bob), ["reject to 101/phone"]);
    world.run_for(secs(1));
    assert_eq!(world.plot(alice)[0], "Rejected by 102");
    world.assert_over();
}

#[test]
fn a_transport_that_closes_by_itself_ends_the_call() {
    let (mut world, alice, bob) = connected();
    world.transport(alice, &id(1), BOB, TransportEvent::Closed);
    assert_eq!(
        world.plot(alice),
        [
            "ConnectionFailed to 102",
            "ConnectionClosed to 102",
            "StartClose",
            "Closed"
        ]
    );
    assert_eq!(
        world.connections(alice),
        Vec::<String>::new(),
        "there is nothing left to close"
    );
    world.run_for(secs(1));
    assert_eq!(world.plot(bob)[0], "HungUp by 101");
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
fn a_connection_may_come_about_without_checking() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("offer".into()),
    );
    let answer = signal(&id(1), ALICE, &[BOB], crate::common::accept("answer"));
    world.receive(alice, &Address::device(BOB, "browser"), answer);
    world.forget_logs();
    world.transport(alice, &id(1), BOB, TransportEvent::Connected);
    world.transport(alice, &id(1), BOB, TransportEvent::Checking);
    assert_eq!(
        world.story(alice),
        ["102 Connected", "session Connected", "Connected to 102"]
    );
}

#[test]
fn an_unusable_offer_is_rejected_and_the_app_told_why() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.transport(
        bob,
        &id(1),
        ALICE,
        TransportEvent::DescriptionRejected(DescriptionFault::NoBundle),
    );
    world.run_for(secs(1));
    assert_eq!(
        world.story(bob)[1..4],
        [
            "101 Error",
            "DescriptionRejected of 101: NoBundle",
            "ConnectionClosed to 101"
        ]
    );
    let rejection = world.sent_signals(bob).pop().unwrap();
    assert_eq!(rejection.kind(), SignalKind::Reject);
    assert_eq!(
        rejection.user_info,
        info(&[(reason::KEY, reason::UNUSABLE_DESCRIPTION)])
    );
    assert_eq!(world.plot(alice)[0], "Rejected by 102");
    world.assert_over();
}

#[test]
fn an_unusable_answer_is_hung_up_and_the_app_told_why() {
    let (mut world, alice, bob) = World::two();
    world.reachable = false;
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::DescriptionRejected(DescriptionFault::BadFingerprint),
    );
    world.run_for(secs(1));
    assert_eq!(
        world.plot(alice)[0],
        "DescriptionRejected of 102: BadFingerprint"
    );
    assert_eq!(world.sent(alice)[0], "hangUp to 102/phone");
    assert_eq!(world.plot(bob)[0], "HungUp by 101");
    world.assert_over();
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

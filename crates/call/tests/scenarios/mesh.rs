//! Calls among several: everybody connects with everybody.

use crate::common::{ALICE, BOB, CAROL, DAVE, Device, World, call, id, secs, signal};
use visavis_call::{
    Address, CallConfig, Command, CommandError, PeerState, SessionState, TransportEvent,
};
use visavis_signal::{CallType, SignalKind, UserId};

/// Alice calls the others, and it rings at all of them.
fn ringing(others: &[UserId]) -> (World, Device, Vec<Device>) {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let devices: Vec<_> = others
        .iter()
        .map(|user| world.device(*user, "phone"))
        .collect();
    world.create(alice, &id(1), others);
    world.start(alice, &id(1));
    world.run_for(secs(1));
    (world, alice, devices)
}

fn assert_connected(world: &World, device: Device, others: &[UserId]) {
    for other in others {
        assert_eq!(
            world.peer_state(device, &id(1), *other),
            PeerState::Connected,
            "{other}"
        );
    }
}

#[test]
fn three_are_connected_each_with_each() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    for device in &devices {
        world.accept(*device, &id(1));
    }
    world.run_for(secs(2));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert_connected(&world, devices[0], &[ALICE, CAROL]);
    assert_connected(&world, devices[1], &[ALICE, BOB]);
}

#[test]
fn four_are_connected_in_whatever_order_they_accept() {
    let others = [BOB, CAROL, DAVE];
    for order in [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
        [2, 0, 1],
        [0, 2, 1],
        [1, 2, 0],
    ] {
        let (mut world, alice, devices) = ringing(&others);
        for index in order {
            world.accept(devices[index], &id(1));
            world.run_for(secs(7));
        }
        assert_connected(&world, alice, &others);
        assert_connected(&world, devices[0], &[ALICE, CAROL, DAVE]);
        assert_connected(&world, devices[1], &[ALICE, BOB, DAVE]);
        assert_connected(&world, devices[2], &[ALICE, BOB, CAROL]);
    }
}

#[test]
fn eight_are_connected() {
    let mut world = World::new();
    let config = CallConfig {
        max_opponents: 7,
        ..CallConfig::default()
    };
    let users: Vec<_> = (101..109).map(UserId).collect();
    let devices: Vec<_> = users
        .iter()
        .map(|user| world.device_with(*user, "phone", config.clone()))
        .collect();
    world.create(devices[0], &id(1), &users[1..]);
    world.start(devices[0], &id(1));
    world.run_for(secs(1));
    for device in &devices[1..] {
        world.accept(*device, &id(1));
    }
    world.run_for(secs(8));
    for (device, user) in devices.iter().zip(&users) {
        let others: Vec<_> = users
            .iter()
            .copied()
            .filter(|other| other != user)
            .collect();
        assert_connected(&world, *device, &others);
    }
}

#[test]
fn more_opponents_than_allowed_are_refused() {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let create = Command::Create {
        session: id(1),
        opponents: [102, 103, 104, 105].map(UserId).into(),
        call_type: CallType::Video,
    };
    assert_eq!(
        world.try_command(alice, create),
        Err(CommandError::TooManyOpponents { given: 4, limit: 3 })
    );
}

#[test]
fn between_two_callees_the_larger_id_offers() {
    let (mut world, _, devices) = ringing(&[BOB, CAROL]);
    let (bob, carol) = (devices[0], devices[1]);
    assert_eq!(world.peer_state(bob, &id(1), CAROL), PeerState::Wait);
    assert_eq!(world.peer_state(carol, &id(1), BOB), PeerState::New);
    world.accept(carol, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.peer_state(carol, &id(1), BOB), PeerState::Pending);
    assert!(world.sent(carol).contains(&"call to 102".into()));
    // Kept until Bob accepts.
    assert_eq!(world.peer_state(bob, &id(1), CAROL), PeerState::Pending);
    assert_eq!(world.sent(bob), Vec::<String>::new());
    world.accept(bob, &id(1));
    world.run_for(secs(1));
    assert_connected(&world, bob, &[ALICE, CAROL]);
    let sent = world.sent(bob);
    assert!(sent.contains(&"accept to 103/phone".into()), "{sent:?}");
    assert!(!sent.contains(&"call to 103".into()));
}

#[test]
fn a_mesh_call_names_the_caller_and_carries_no_user_info() {
    let (mut world, _, devices) = ringing(&[BOB, CAROL]);
    let accept = Command::Accept {
        session: id(1),
        user_info: crate::common::info(&[("for", "alice")]),
    };
    world.command(devices[1], accept);
    world.run_for(secs(1));
    let sent = world.sent_signals(devices[1]);
    let mesh = sent
        .iter()
        .find(|signal| signal.kind() == SignalKind::Call)
        .unwrap();
    assert_eq!(mesh.caller, Some(ALICE));
    assert_eq!(mesh.opponents, [BOB, CAROL]);
    assert!(mesh.user_info.is_empty());
}

#[test]
fn when_the_caller_leaves_the_others_stay_connected() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    devices
        .iter()
        .for_each(|device| world.accept(*device, &id(1)));
    world.run_for(secs(2));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.state(alice, &id(1)), None);
    assert_connected(&world, devices[0], &[CAROL]);
    assert_connected(&world, devices[1], &[BOB]);
    assert_eq!(
        world.peer_state(devices[0], &id(1), ALICE),
        PeerState::HungUp
    );
    world.hang_up(devices[0], &id(1));
    world.run_for(secs(1));
    world.assert_over();
}

#[test]
fn when_all_leave_at_once_it_is_over_for_all() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    devices
        .iter()
        .for_each(|device| world.accept(*device, &id(1)));
    world.run_for(secs(2));
    for device in [alice, devices[0], devices[1]] {
        world.hang_up(device, &id(1));
    }
    world.run_for(secs(2));
    world.assert_over();
}

#[test]
fn a_rejection_is_told_to_everybody() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    world.reject(devices[0], &id(1));
    world.run_for(secs(1));
    assert_eq!(
        world.sent(devices[0]),
        ["reject to 101/phone", "reject to 103"]
    );
    assert!(world.plot(alice).contains(&"Rejected by 102".into()));
    assert!(world.plot(devices[1]).contains(&"Rejected by 102".into()));
    assert_eq!(world.state(devices[1], &id(1)), Some(SessionState::Pending));
}

#[test]
fn a_canceled_call_stops_ringing_and_nobody_waits() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    world.accept(devices[1], &id(1));
    world.run_for(secs(1));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    // Bob had not answered: there is nobody left to answer, and Carol learns of it.
    assert_eq!(world.state(devices[0], &id(1)), None);
    assert!(world.plot(devices[1]).contains(&"Rejected by 102".into()));
    world.assert_over();
}

#[test]
fn one_who_never_accepts_is_given_up_by_everybody() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    world.accept(devices[0], &id(1));
    world.run_for(secs(75));
    assert!(world.plot(alice).contains(&"NotAnswered by 103".into()));
    assert!(
        world
            .plot(devices[0])
            .contains(&"NotAnswered by 103".into())
    );
    assert_connected(&world, alice, &[BOB]);
    assert_eq!(world.state(devices[1], &id(1)), None);
}

#[test]
fn one_who_accepts_in_the_last_moment_is_heard_of_by_everybody() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    world.accept(devices[0], &id(1));
    world.run_for(secs(58));
    world.accept(devices[1], &id(1));
    world.run_for(secs(7));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert_connected(&world, devices[0], &[ALICE, CAROL]);
}

#[test]
fn a_mesh_call_of_somebody_outside_never_rings_and_changes_nothing() {
    let (mut world, _, devices) = ringing(&[BOB, CAROL]);
    world.forget_logs();
    let dave = Address::device(DAVE, "x");
    let forged = signal(&id(1), ALICE, &[BOB, CAROL], call("offer"));
    world.receive(devices[0], &dave, forged.clone());
    assert_eq!(world.story(devices[0]), Vec::<String>::new());
    let unknown = visavis_signal::Signal {
        session: id(9),
        ..forged
    };
    world.receive(devices[0], &dave, unknown);
    assert_eq!(world.story(devices[0]), Vec::<String>::new());
}

#[test]
fn a_connection_that_breaks_takes_only_its_own_peer_out() {
    let (mut world, alice, devices) = ringing(&[BOB, CAROL]);
    devices
        .iter()
        .for_each(|device| world.accept(*device, &id(1)));
    world.run_for(secs(2));
    world.reachable = false;
    world.transport(devices[0], &id(1), CAROL, TransportEvent::Disconnected);
    world.transport(devices[1], &id(1), BOB, TransportEvent::Disconnected);
    world.run_for(secs(40));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert!(!world.peer_state(devices[0], &id(1), CAROL).is_live());
    assert_connected(&world, devices[0], &[ALICE]);
}

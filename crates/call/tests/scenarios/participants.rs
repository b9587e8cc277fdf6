//! Users who come into a call that goes on, and those who come back to it.

use crate::common::{ALICE, BOB, CAROL, DAVE, Device, World, id, info, secs};
use visavis_call::{
    CallConfig, Command, CommandError, Input, PeerState, SessionState, TransportEvent,
};
use visavis_signal::UserId;

struct Party {
    world: World,
    alice: Device,
    bob: Device,
    carol: Device,
    dave: Device,
}

/// Alice and Bob talk; Carol and Dave are at home.
fn party() -> Party {
    let mut world = World::of_our_own();
    let [alice, bob, carol, dave] =
        [ALICE, BOB, CAROL, DAVE].map(|user| world.device(user, "phone"));
    world.connect(alice, bob, &id(1));
    Party {
        world,
        alice,
        bob,
        carol,
        dave,
    }
}

fn add(user: UserId) -> Command {
    Command::Add {
        session: id(1),
        user,
        user_info: info(&[("come", "in")]),
    }
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
fn whoever_is_added_rings_and_is_connected_with_everybody() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        ..
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    let rang = world.plot(carol);
    assert!(rang.contains(&"NewSession from 101".into()), "{rang:?}");
    assert_eq!(
        world
            .core(carol)
            .session(&id(1))
            .unwrap()
            .user_info()
            .get("come"),
        Some("in")
    );
    for device in [alice, bob] {
        assert!(world.plot(device).contains(&"ParticipantAdded 103".into()));
    }
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert_connected(&world, bob, &[ALICE, CAROL]);
    assert_connected(&world, carol, &[ALICE, BOB]);
}

#[test]
fn a_callee_adds_through_the_one_who_keeps_the_list() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        ..
    } = party();
    world.command(bob, add(CAROL));
    world.run_for(secs(1));
    assert_eq!(
        world.core(carol).session(&id(1)).unwrap().initiator(),
        ALICE
    );
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    assert_connected(&world, carol, &[ALICE, BOB]);
    assert_connected(&world, alice, &[BOB, CAROL]);
}

#[test]
fn when_the_caller_is_gone_the_smallest_id_keeps_the_list() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        dave,
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    world.command(carol, add(DAVE));
    world.run_for(secs(1));
    let session = world.core(dave).session(&id(1)).unwrap();
    assert_eq!(session.initiator(), BOB);
    assert_eq!(session.peer_state(ALICE), PeerState::Unknown);
    world.accept(dave, &id(1));
    world.run_for(secs(6));
    assert_connected(&world, dave, &[BOB, CAROL]);
    assert_connected(&world, bob, &[CAROL, DAVE]);
}

#[test]
fn two_additions_at_once_end_with_everybody_connected() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        dave,
    } = party();
    world.command(alice, add(CAROL));
    world.command(bob, add(DAVE));
    world.run_for(secs(1));
    world.accept(carol, &id(1));
    world.accept(dave, &id(1));
    world.run_for(secs(12));
    assert_connected(&world, alice, &[BOB, CAROL, DAVE]);
    assert_connected(&world, bob, &[ALICE, CAROL, DAVE]);
    assert_connected(&world, carol, &[ALICE, BOB, DAVE]);
    assert_connected(&world, dave, &[ALICE, BOB, CAROL]);
}

#[test]
fn a_full_call_takes_nobody_in() {
    let mut world = World::of_our_own();
    let config = CallConfig {
        max_opponents: 1,
        ..CallConfig::default()
    };
    let alice = world.device_with(ALICE, "phone", config);
    let bob = world.device(BOB, "phone");
    world.connect(alice, bob, &id(1));
    assert_eq!(
        world.try_command(alice, add(CAROL)),
        Err(CommandError::TooManyOpponents { given: 2, limit: 1 })
    );
    world.command(bob, add(CAROL));
    world.run_for(secs(1));
    assert_eq!(world.plot(bob), ["AddRefused 103: Full"]);
}

#[test]
fn who_is_in_the_call_is_not_added() {
    let Party {
        mut world, alice, ..
    } = party();
    let refused = world.try_command(alice, add(BOB));
    assert_eq!(refused, Err(CommandError::AlreadyInCall { user: BOB }));
    assert_eq!(
        world.try_command(alice, add(ALICE)),
        Err(CommandError::OwnUserAmongOpponents)
    );
}

#[test]
fn one_who_rejects_leaves_the_call_as_it_was() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        ..
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    world.reject(carol, &id(1));
    world.run_for(secs(15));
    assert_connected(&world, alice, &[BOB]);
    assert_connected(&world, bob, &[ALICE]);
    assert_eq!(world.peer_state(bob, &id(1), CAROL), PeerState::Rejected);
}

#[test]
fn a_client_of_the_documented_system_and_a_newcomer_are_named_as_unreachable() {
    let mut world = World::new();
    let [alice, bob, carol] = [ALICE, BOB, CAROL].map(|user| world.device(user, "phone"));
    // Everybody takes everybody for a client of the documented system.
    world.connect(alice, bob, &id(1));
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    let plot = world.plot(alice);
    assert!(
        plot.contains(&"ParticipantUnreachable 103 102".into()),
        "{plot:?}"
    );
    let plot = world.plot(carol);
    assert!(
        plot.contains(&"ParticipantUnreachable 102 103".into()),
        "{plot:?}"
    );
    assert_eq!(world.plot(bob), Vec::<String>::new());
    world.accept(carol, &id(1));
    world.run_for(secs(2));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert_eq!(world.peer_state(carol, &id(1), BOB), PeerState::Unknown);
}

/// Bob's connection is gone for longer than anybody waits.
fn bob_drops_out(world: &mut World, alice: Device, bob: Device) {
    world.reachable = false;
    world.chat_works = false;
    world.handle(bob, Input::ChatLost);
    world.transport(alice, &id(1), BOB, TransportEvent::Disconnected);
    world.transport(bob, &id(1), ALICE, TransportEvent::Disconnected);
    world.run_for(secs(35));
    world.reachable = true;
    world.chat_works = true;
    world.handle(bob, Input::ChatRestored);
    world.run_for(secs(1));
}

#[test]
fn one_who_dropped_out_comes_back_without_ringing() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        ..
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    world.transport(carol, &id(1), BOB, TransportEvent::Disconnected);
    world.transport(bob, &id(1), CAROL, TransportEvent::Disconnected);
    bob_drops_out(&mut world, alice, bob);
    assert_eq!(world.state(bob, &id(1)), None);
    assert_eq!(
        world.peer_state(alice, &id(1), BOB),
        PeerState::DisconnectTimeout
    );
    world.forget_logs();

    world.command(bob, Command::Rejoin { session: id(1) });
    world.run_for(secs(8));
    assert_eq!(world.state(bob, &id(1)), Some(SessionState::Connected));
    assert_connected(&world, alice, &[BOB, CAROL]);
    assert_connected(&world, bob, &[ALICE, CAROL]);
    assert_eq!(world.plot(bob)[0], "NewSession from 101");
}

#[test]
fn one_who_left_can_be_called_again_and_rings() {
    let Party {
        mut world,
        alice,
        bob,
        carol,
        ..
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    world.hang_up(carol, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    assert_eq!(world.plot(carol)[0], "NewSession from 101");
    assert_eq!(world.state(carol, &id(1)), Some(SessionState::Pending));
    world.accept(carol, &id(1));
    world.run_for(secs(6));
    assert_connected(&world, bob, &[ALICE, CAROL]);
}

#[test]
fn a_straggler_of_a_former_invitation_does_not_ring() {
    let Party {
        mut world,
        alice,
        carol,
        ..
    } = party();
    world.command(alice, add(CAROL));
    world.run_for(secs(1));
    let calls = world.sent_signals(alice).into_iter();
    let invitation = calls.rev().find(|signal| signal.join.is_some()).unwrap();
    world.reject(carol, &id(1));
    world.run_for(secs(1));
    world.forget_logs();
    let alice = world.address(alice);
    world.receive(carol, &alice, invitation);
    assert_eq!(world.story(carol), Vec::<String>::new());
}

#[test]
fn a_call_that_was_never_ours_cannot_be_rejoined() {
    let Party {
        mut world, dave, ..
    } = party();
    let rejoin = Command::Rejoin { session: id(1) };
    assert_eq!(
        world.try_command(dave, rejoin),
        Err(CommandError::UnknownSession)
    );
}

/// Carol's part in a call of three ends in some way, for Alice and for Bob.
fn carol_ends(end: PeerState) -> Party {
    let mut party = party();
    let world = &mut party.world;
    world.hang_up(party.alice, &id(1));
    world.run_for(secs(1));
    world.create(party.alice, &id(2), &[BOB, CAROL]);
    world.start(party.alice, &id(2));
    world.run_for(secs(1));
    world.accept(party.bob, &id(2));
    world.run_for(secs(1));
    let sides = [(party.alice, CAROL), (party.bob, CAROL)];
    let report = |world: &mut World, event: TransportEvent| {
        for (device, peer) in sides {
            world.transport(device, &id(2), peer, event.clone());
        }
    };
    match end {
        PeerState::Rejected => world.reject(party.carol, &id(2)),
        PeerState::NotAnswered => world.run_for(secs(75)),
        _ => world.accept(party.carol, &id(2)),
    }
    match end {
        PeerState::Error => {
            world.run_for(crate::common::millis(60));
            let fault = visavis_call::DescriptionFault::Unusable;
            report(world, TransportEvent::DescriptionRejected(fault));
            world.hang_up(party.carol, &id(2));
        }
        PeerState::HungUp => {
            world.run_for(secs(7));
            world.hang_up(party.carol, &id(2));
        }
        PeerState::Closed => {
            world.run_for(secs(7));
            report(world, TransportEvent::Closed);
        }
        PeerState::DisconnectTimeout => {
            world.run_for(secs(7));
            world.reachable = false;
            report(world, TransportEvent::Disconnected);
            world.run_for(secs(31));
            world.reachable = true;
        }
        _ => {}
    }
    world.run_for(secs(1));
    party
}

#[test]
fn however_somebodys_part_ended_he_can_be_called_again() {
    for end in PeerState::ALL
        .into_iter()
        .filter(|state| state.may_become(PeerState::New))
    {
        if end == PeerState::Unknown {
            continue;
        }
        let Party {
            mut world,
            alice,
            bob,
            ..
        } = carol_ends(end);
        for device in [alice, bob] {
            assert_eq!(world.peer_state(device, &id(2), CAROL), end);
        }
        world.forget_logs();
        let again = Command::Add {
            session: id(2),
            user: CAROL,
            user_info: info(&[]),
        };
        world.command(alice, again);
        assert_eq!(world.story(alice)[..2], ["103 New", "ParticipantAdded 103"]);
        world.run_for(crate::common::millis(10));
        assert_eq!(
            world.story(bob)[..2],
            ["103 Wait", "ParticipantAdded 103"],
            "{end}"
        );
    }
}

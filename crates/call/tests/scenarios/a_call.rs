//! A call as it should be, from the first to the last event, on both sides.

use crate::common::{ALICE, BOB, World, id, info, secs};
use visavis_call::{Command, Direction, SessionState};
use visavis_signal::{Body, CallType, Update};

#[test]
fn both_sides_are_told_everything_in_order() {
    let (mut world, alice, bob) = World::two();
    let session = id(1);

    world.dial(alice, &session, BOB);
    world.run_for(secs(1));
    assert_eq!(world.story(alice), ["session Pending", "102 Pending"]);
    assert_eq!(world.story(bob), ["NewSession from 101"]);

    world.accept(bob, &session);
    world.run_for(secs(2));
    assert_eq!(
        world.story(alice),
        [
            "session Connecting",
            "Accepted by 102",
            "102 Connecting",
            "StartConnect to 102",
            "102 Checking",
            "102 Connected",
            "session Connected",
            "Connected to 102",
        ]
    );
    assert_eq!(
        world.story(bob),
        [
            "session Connecting",
            "101 Connecting",
            "StartConnect to 101",
            "101 Checking",
            "101 Connected",
            "session Connected",
            "Connected to 101",
        ]
    );

    world.hang_up(alice, &session);
    world.run_for(secs(1));
    let end = [
        "session GoingToClose",
        "StartClose",
        "session Closed",
        "Closed",
    ];
    assert_eq!(
        world.story(alice),
        [&["102 Closed", "ConnectionClosed to 102"][..], &end].concat()
    );
    assert_eq!(
        world.story(bob),
        [
            &["101 HungUp", "HungUp by 101", "ConnectionClosed to 101"][..],
            &end
        ]
        .concat()
    );
    world.assert_over();
}

#[test]
fn the_connections_are_led_from_offer_to_close() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(3));
    world.hang_up(bob, &id(1));
    world.run_for(secs(1));

    assert_eq!(
        world.connections(alice),
        [
            "Open Video",
            "CreateOffer",
            "ApplyAnswer: answer of 102/phone",
            "AddCandidates: 102/phone",
            "AddCandidates: 102/phone",
            "Close",
        ]
    );
    assert_eq!(
        world.connections(bob),
        [
            "Open Video",
            "ApplyOffer: offer of 101/phone",
            "CreateAnswer",
            "AddCandidates: 101/phone",
            "AddCandidates: 101/phone",
            "Close",
        ]
    );
}

#[test]
fn signals_go_to_the_device_once_it_is_known() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(3));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));

    let expected = [
        "call to 102",
        "iceCandidates to 102/phone",
        "iceCandidates to 102/phone",
        "hangUp to 102/phone",
    ];
    assert_eq!(world.sent(alice), expected);
    let expected = [
        "accept to 101/phone",
        "iceCandidates to 101/phone",
        "iceCandidates to 101/phone",
    ];
    assert_eq!(world.sent(bob), expected);
}

#[test]
fn a_session_says_who_is_in_it() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Pending));
    world.run_for(secs(1));

    for (device, direction, peer) in [
        (alice, Direction::Outgoing, BOB),
        (bob, Direction::Incoming, ALICE),
    ] {
        let session = world.core(device).session(&id(1)).unwrap();
        assert_eq!(session.id(), &id(1));
        assert_eq!(session.direction(), direction);
        assert_eq!(session.initiator(), ALICE);
        assert_eq!(session.opponents(), [BOB]);
        assert_eq!(session.call_type(), CallType::Video);
        assert_eq!(
            session.peers().map(|peer| peer.user()).collect::<Vec<_>>(),
            [peer]
        );
        assert!(session.peer(crate::common::CAROL).is_none());
    }
}

#[test]
fn an_audio_call_is_one_on_both_sides() {
    let (mut world, alice, bob) = World::two();
    let create = Command::Create {
        session: id(1),
        opponents: vec![BOB],
        call_type: CallType::Audio,
    };
    world.command(alice, create);
    world.start(alice, &id(1));
    world.run_for(secs(1));
    assert_eq!(
        world.core(bob).session(&id(1)).unwrap().call_type(),
        CallType::Audio
    );
    assert_eq!(world.connections(alice)[0], "Open Audio");
    assert_eq!(world.connections(bob)[0], "Open Audio");
}

#[test]
fn updates_travel_both_ways_during_the_call() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    let update = |to| Command::Update {
        session: id(1),
        to,
        user_info: info(&[("microphone", "off")]),
    };

    world.command(alice, update(None));
    world.command(bob, update(Some(ALICE)));
    world.run_for(secs(1));
    assert_eq!(world.plot(alice), ["Updated by 102"]);
    assert_eq!(world.plot(bob), ["Updated by 101"]);
    let sent = world.sent_signals(alice);
    assert!(matches!(
        &sent[0].body,
        Body::Update(Update::Data { reason: None })
    ));
    assert_eq!(sent[0].user_info, info(&[("microphone", "off")]));
}

#[test]
fn either_side_can_end_it() {
    for caller_ends in [true, false] {
        let (mut world, alice, bob) = World::two();
        world.connect(alice, bob, &id(1));
        let (leaver, other, name) = if caller_ends {
            (alice, bob, 101)
        } else {
            (bob, alice, 102)
        };
        world.hang_up(leaver, &id(1));
        world.run_for(secs(1));
        assert_eq!(world.sent(leaver).len(), 1);
        assert_eq!(world.plot(other)[0], format!("HungUp by {name}"));
        assert_eq!(world.sent(other), Vec::<String>::new());
        world.assert_over();
    }
}

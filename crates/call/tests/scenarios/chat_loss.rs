//! Chat may go and come back while a call lives.

use crate::common::{ALICE, BOB, World, accept, id, secs, signal};
use visavis_call::{Address, Command, CommandError, Input, SessionState, TransportEvent};
use visavis_signal::{SignalKind, UserInfo};

#[test]
fn a_connected_call_goes_on_without_chat() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    world.handle(alice, Input::ChatLost);
    world.run_for(secs(3600));
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Connected));
    assert_eq!(world.story(alice), Vec::<String>::new());
    world.handle(alice, Input::ChatRestored);
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));
    world.assert_over();
}

#[test]
fn dialing_pauses_and_goes_on_at_once_when_chat_is_back() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.handle(alice, Input::ChatLost);
    world.run_for(secs(21));
    assert_eq!(world.sent(alice), ["call to 102"]);
    world.handle(alice, Input::ChatRestored);
    assert_eq!(world.sent(alice), ["call to 102"]);
    world.run_for(secs(5));
    assert_eq!(world.sent(alice), ["call to 102"]);
}

#[test]
fn time_does_not_stand_still_without_chat() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.handle(alice, Input::ChatLost);
    world.run_for(secs(62));
    assert_eq!(world.plot(alice)[0], "NotAnswered by 102");
    world.assert_over();
}

#[test]
fn an_offer_that_gets_ready_without_chat_goes_out_when_it_is_back() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.handle(alice, Input::ChatLost);
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("offer".into()),
    );
    assert_eq!(world.sent(alice), Vec::<String>::new());
    world.handle(alice, Input::ChatRestored);
    assert_eq!(world.sent(alice), ["call to 102"]);
    assert_eq!(world.story(alice), ["session Pending", "102 Pending"]);
}

#[test]
fn nobody_can_be_called_without_chat() {
    let (mut world, alice, _) = World::two();
    world.handle(alice, Input::ChatLost);
    world.create(alice, &id(1), &[BOB]);
    let start = Command::Start {
        session: id(1),
        user_info: UserInfo::new(),
    };
    assert_eq!(
        world.try_command(alice, start.clone()),
        Err(CommandError::ChatLost)
    );
    world.handle(alice, Input::ChatRestored);
    assert_eq!(world.try_command(alice, start), Ok(()));
}

#[test]
fn an_answered_call_is_not_dialed_again_when_chat_is_back() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("offer".into()),
    );
    world.receive(
        alice,
        &Address::device(BOB, "x"),
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    world.handle(alice, Input::ChatLost);
    world.handle(alice, Input::ChatRestored);
    assert_eq!(world.sent(alice), ["call to 102"]);
}

#[test]
fn a_signal_that_could_not_be_delivered_is_only_told() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.handle(
        alice,
        Input::SignalFailed {
            session: id(1),
            to: BOB,
            kind: SignalKind::Call,
        },
    );
    world.handle(
        alice,
        Input::SignalFailed {
            session: id(2),
            to: BOB,
            kind: SignalKind::Call,
        },
    );
    assert_eq!(world.plot(alice), ["SignalFailed to 102: call"]);
    assert_eq!(
        world.state(alice, &id(1)),
        Some(SessionState::Pending),
        "dialing goes on"
    );
}

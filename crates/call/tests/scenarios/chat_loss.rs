//! Chat may go and come back while a call lives.

use crate::common::scene::{Scene, own};
use crate::common::{ALICE, BOB, World, accept, id, millis, signal};
use visavis_call::{Address, Command, Input, TransportEvent};
use visavis_signal::UserInfo;

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
fn a_farewell_is_said_again_for_a_minute() {
    let mut alice = Scene::calling(ALICE, [own(BOB)]);
    let hang_up = Command::HangUp {
        session: id(1),
        user_info: UserInfo::new(),
    };
    alice.command(hang_up).unwrap();
    alice.report(BOB, TransportEvent::Closed);
    assert!(alice.is_over());
    alice.forget();
    alice.wait(millis(59_999));
    alice.handle(Input::ChatRestored);
    assert_eq!(alice.sent(), ["hangUp to 102"]);
    alice.wait(millis(1));
    alice.handle(Input::ChatRestored);
    assert_eq!(alice.sent(), Vec::<String>::new());
}

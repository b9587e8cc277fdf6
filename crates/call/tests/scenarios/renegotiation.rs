//! Descriptions that are exchanged while a connection lasts: whose offer counts, and what follows.

use crate::common::scene::{Scene, browser, own, renegotiate};
use crate::common::{ALICE, BOB, CAROL, accept, call, id, secs};
use visavis_call::{Command, DescriptionFault, Input, TransportEvent};
use visavis_signal::{Body, CallType, DescriptionKind, Signal, Update};

const NEXT: [&str; 1] = ["Renegotiate Video on new paths"];

fn offers(scene: &mut Scene, offer: &str) {
    scene.hear(&own(BOB), renegotiate(offer, DescriptionKind::Offer));
}

/// The ids under which answers were sent.
fn answered(scene: &mut Scene) -> Vec<String> {
    let answers = scene.signals().into_iter().filter_map(|(_, signal)| {
        let Body::Update(Update::Renegotiate(description)) = signal.body else {
            return None;
        };
        (description.kind == DescriptionKind::Answer).then(|| description.offer_id.to_string())
    });
    answers.collect()
}

/// The id of the offer that was sent.
fn offered(scene: &mut Scene) -> String {
    let offers = scene.signals().into_iter().filter_map(|(_, signal)| {
        let Body::Update(Update::Renegotiate(description)) = signal.body else {
            return None;
        };
        (description.kind == DescriptionKind::Offer).then(|| description.offer_id.to_string())
    });
    offers.last().unwrap()
}

/// Alice is connected with Bob, whose offers count more than hers.
fn alice() -> Scene {
    Scene::calling(ALICE, [own(BOB)])
}

#[test]
fn an_offer_that_comes_twice_is_answered_once() {
    let mut alice = alice();
    offers(&mut alice, "x");
    offers(&mut alice, "x");
    assert_eq!(alice.commands(BOB), ["ApplyOffer: x", "CreateAnswer"]);
}

#[test]
fn of_offers_that_come_faster_than_they_are_answered_four_wait() {
    let mut alice = alice();
    for offer in ["a", "b", "c", "d", "e"] {
        offers(&mut alice, offer);
    }
    let commands = alice.commands(BOB);
    assert_eq!(commands.len(), 8);
    assert_eq!(commands[6..], ["ApplyOffer: d", "CreateAnswer"]);
}

#[test]
fn an_offer_that_is_of_no_use_gets_no_answer_and_the_next_one_gets_its_own() {
    let mut alice = alice();
    offers(&mut alice, "x");
    let unusable = DescriptionFault::Unusable;
    alice.report(BOB, TransportEvent::DescriptionRejected(unusable));
    assert_eq!(answered(&mut alice), Vec::<String>::new());
    offers(&mut alice, "y");
    alice.answer_is_ready(BOB);
    assert_eq!(answered(&mut alice), ["y"]);
}

#[test]
fn new_paths_that_gave_way_to_his_offer_are_looked_for_after_it() {
    let mut alice = alice();
    alice.handle(Input::NetworkChanged);
    alice.offer_is_ready(BOB);
    offers(&mut alice, "x");
    assert_eq!(
        alice.commands(BOB),
        [NEXT[0], "ApplyOffer: x", "CreateAnswer"]
    );
    alice.answer_is_ready(BOB);
    assert_eq!(alice.commands(BOB), NEXT);
}

#[test]
fn new_paths_for_a_lost_connection_are_found_by_his_offer_as_well() {
    let mut alice = alice();
    alice.report(BOB, TransportEvent::Disconnected);
    alice.offer_is_ready(BOB);
    offers(&mut alice, "x");
    alice.forget();
    alice.answer_is_ready(BOB);
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
}

#[test]
fn other_media_that_gave_way_to_his_offer_follow_it_though_the_connection_is_lost() {
    let mut alice = alice();
    alice.report(BOB, TransportEvent::Disconnected);
    downgrade(&mut alice);
    alice.offer_is_ready(BOB);
    offers(&mut alice, "x");
    alice.forget();
    alice.answer_is_ready(BOB);
    assert_eq!(alice.commands(BOB), ["Renegotiate Audio"]);
}

fn downgrade(scene: &mut Scene) {
    let downgrade = Command::Upgrade {
        session: id(1),
        call_type: CallType::Audio,
    };
    scene.command(downgrade).unwrap();
}

#[test]
fn one_offer_is_out_at_a_time() {
    let (mut alice, bob) = (alice(), own(BOB));
    alice.handle(Input::NetworkChanged);
    alice.handle(Input::NetworkChanged);
    assert_eq!(alice.commands(BOB), NEXT, "while it is made");
    alice.offer_is_ready(BOB);
    let offer = offered(&mut alice);
    alice.handle(Input::NetworkChanged);
    assert_eq!(alice.commands(BOB), Vec::<String>::new(), "while it is out");
    alice.hear(&bob, renegotiate(&offer, DescriptionKind::Answer));
    assert_eq!(alice.commands(BOB)[1..], NEXT, "once it is answered");
}

#[test]
fn an_offer_waits_until_all_of_his_are_answered() {
    let mut alice = alice();
    alice.handle(Input::NetworkChanged);
    alice.offer_is_ready(BOB);
    offers(&mut alice, "x");
    offers(&mut alice, "y");
    alice.forget();
    alice.answer_is_ready(BOB);
    assert_eq!(answered(&mut alice), ["x"]);
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.answer_is_ready(BOB);
    assert_eq!(answered(&mut alice), ["y"]);
    assert_eq!(alice.commands(BOB), NEXT);
}

#[test]
fn an_attempt_at_new_paths_is_the_offer_that_is_out_until_it_is_answered() {
    let (mut alice, bob) = (alice(), own(BOB));
    alice.report(BOB, TransportEvent::Disconnected);
    alice.offer_is_ready(BOB);
    alice.wait(secs(5));
    let offer = offered(&mut alice);
    alice.forget();
    alice.hear(&bob, renegotiate(&offer, DescriptionKind::Answer));
    alice.report(BOB, TransportEvent::Connected);
    let renegotiate = |command: &String| command.starts_with("Renegotiate");
    assert!(!alice.commands(BOB).iter().any(renegotiate));
}

#[test]
fn chat_that_comes_back_begins_another_attempt_at_once() {
    let mut alice = alice();
    alice.handle(Input::ChatLost);
    alice.report(BOB, TransportEvent::Disconnected);
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.handle(Input::ChatRestored);
    assert_eq!(alice.commands(BOB), NEXT);
}

#[test]
fn a_connection_with_a_browser_is_replaced_after_five_seconds_and_every_ten() {
    let mut alice = Scene::calling(ALICE, [browser(BOB)]);
    let replaced = ["Reopen Video", "CreateOffer"];
    alice.report(BOB, TransportEvent::Disconnected);
    alice.wait(secs(4));
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.wait(secs(1));
    assert_eq!(alice.commands(BOB), replaced);
    alice.offer_is_ready(BOB);
    alice.wait(secs(9));
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.wait(secs(1));
    assert_eq!(alice.commands(BOB), replaced);
}

#[test]
fn a_connection_with_a_browser_that_is_replaced_becomes_what_the_call_is() {
    let mut alice = Scene::calling(ALICE, [own(BOB), browser(CAROL)]);
    downgrade(&mut alice);
    assert_eq!(alice.commands(CAROL), Vec::<String>::new());
    alice.report(CAROL, TransportEvent::Disconnected);
    alice.wait(secs(5));
    assert_eq!(alice.commands(CAROL), ["Reopen Audio", "CreateOffer"]);
}

#[test]
fn a_connection_that_is_prepared_anew_stays_what_was_offered() {
    let mut bob = Scene::called_by(&own(ALICE), BOB, &[CAROL]);
    bob.hear_call(&own(CAROL), "his offer", 0);
    downgrade(&mut bob);
    bob.forget();
    bob.handle(Input::NetworkChanged);
    assert_eq!(
        bob.commands(CAROL),
        ["Reopen Video", "ApplyOffer: his offer", "CreateAnswer"]
    );
}

#[test]
fn a_connection_with_a_browser_is_left_alone_when_we_move() {
    let mut alice = Scene::calling(ALICE, [browser(BOB)]);
    alice.handle(Input::NetworkChanged);
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
}

#[test]
fn a_connection_with_a_browser_that_is_not_there_yet_is_replaced_when_we_move() {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB]);
    alice.start();
    alice.hear(&browser(BOB), accept("his answer"));
    alice.forget();
    alice.handle(Input::NetworkChanged);
    assert_eq!(alice.commands(BOB), ["Reopen Video", "CreateOffer"]);
}

#[test]
fn an_offer_of_the_type_that_was_offered_before_is_no_wish() {
    let mut alice = alice();
    downgrade(&mut alice);
    let earlier = Signal {
        call_type: Some(CallType::Audio),
        ..alice.says(&own(BOB), renegotiate("x", DescriptionKind::Offer))
    };
    alice.hear_signal(&own(BOB), earlier);
    assert_eq!(alice.plot(), Vec::<String>::new());
}

#[test]
fn an_answer_that_nobody_asked_for_is_not_sent() {
    let mut bob = Scene::new(BOB, ALICE, &[BOB]);
    bob.hear(&own(ALICE), call("his offer"));
    bob.forget();
    bob.answer_is_ready(ALICE);
    assert_eq!(bob.sent(), Vec::<String>::new());
}

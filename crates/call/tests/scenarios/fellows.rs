//! Callees of one call among each other: whose offer counts, and when it is answered.

use crate::common::scene::{Played, Scene, own};
use crate::common::{ALICE, BOB, CAROL, candidate, millis, secs};
use visavis_call::{PeerState, TransportEvent};
use visavis_signal::{Body, Update, UserId};

const ANN: UserId = UserId(100);

fn added(user: UserId, invitation: u32) -> Body {
    Body::Update(Update::Added {
        user,
        invitation,
        unreachable: Vec::new(),
    })
}

/// Bob is in Alice's call with Carol, of whom he has heard nothing yet.
fn bob() -> Scene {
    Scene::called_by(&own(ALICE), BOB, &[CAROL])
}

/// Bob took the call, but does not know yet whether it is this device that has it.
fn unconfirmed_bob() -> Scene {
    let mut bob = Scene::new(BOB, ALICE, &[BOB, CAROL]);
    bob.take_call_of(&own(ALICE));
    bob.forget();
    bob
}

/// Carol's offer is answered, and the two are not connected yet.
fn connecting() -> (Scene, Played) {
    let (mut bob, carol) = (bob(), own(CAROL));
    bob.hear_call(&carol, "his offer", 0);
    bob.answer_is_ready(CAROL);
    bob.wait(secs(2));
    bob.forget();
    assert_eq!(bob.state_of(CAROL), PeerState::Connecting);
    (bob, carol)
}

#[test]
fn an_offer_of_an_earlier_time_in_the_call_is_out_of_date() {
    let (mut bob, carol) = (bob(), own(CAROL));
    bob.hear(&own(ALICE), added(CAROL, 2));
    bob.hear_call(&carol, "former offer", 1);
    assert_eq!(bob.state_of(CAROL), PeerState::Wait);
    bob.hear_call(&carol, "present offer", 2);
    assert_eq!(
        bob.commands(CAROL),
        ["Open Video", "ApplyOffer: present offer", "CreateAnswer"]
    );
}

#[test]
fn an_offer_may_be_ahead_of_the_word_that_he_was_called() {
    let (mut bob, carol) = (bob(), own(CAROL));
    bob.hear_call(&carol, "his offer", 1);
    assert_eq!(bob.state_of(CAROL), PeerState::Pending);
    bob.hear(&own(ALICE), added(CAROL, 1));
    assert_eq!(bob.state_of(CAROL), PeerState::Pending, "no news");
}

#[test]
fn an_offer_for_a_later_time_waits_for_the_word_while_there_is_a_connection() {
    let (mut bob, carol) = connecting();
    bob.hear_call(&carol, "later offer", 1);
    assert_eq!(bob.sent(), Vec::<String>::new());
    assert_eq!(bob.commands(CAROL), Vec::<String>::new());
}

#[test]
fn an_offer_that_is_repeated_is_answered_again() {
    let (mut bob, carol) = connecting();
    bob.hear_call(&carol, "his offer", 0);
    assert_eq!(bob.sent(), ["accept to 103/phone"]);
}

#[test]
fn until_it_is_answered_a_newer_offer_counts_of_whatever_device() {
    let (mut bob, carol) = (unconfirmed_bob(), own(CAROL));
    bob.hear_call(&carol, "first offer", 0);
    bob.hear_call(&carol.elsewhere("laptop"), "second offer", 0);
    bob.report(ALICE, TransportEvent::Connected);
    assert_eq!(
        bob.commands(CAROL),
        ["Open Video", "ApplyOffer: second offer", "CreateAnswer"]
    );
    bob.answer_is_ready(CAROL);
    assert!(bob.sent().contains(&"accept to 103/laptop".into()));
}

#[test]
fn an_answer_goes_to_the_device_whose_offer_it_answers() {
    let (mut bob, carol) = (bob(), own(CAROL));
    bob.hear_call(&carol, "his offer", 0);
    bob.hear_call(&carol.elsewhere("laptop"), "another offer", 0);
    bob.answer_is_ready(CAROL);
    assert_eq!(bob.sent(), ["accept to 103/phone"]);
}

#[test]
fn a_second_device_of_a_fellow_is_turned_away_once_the_first_one_is_connected() {
    let (mut bob, carol) = connecting();
    let laptop = carol.elsewhere("laptop");
    bob.hear_call(&laptop, "another offer", 0);
    assert_eq!(bob.sent(), Vec::<String>::new(), "either may be the one");
    bob.report(CAROL, TransportEvent::Connected);
    bob.forget();
    bob.hear_call(&laptop, "another offer", 0);
    assert_eq!(bob.sent(), ["hangUp to 103/laptop"]);
}

#[test]
fn one_who_answered_us_offers_nothing() {
    let (mut bob, ann) = (Scene::called_by(&own(ALICE), BOB, &[ANN]), own(ANN));
    bob.offer_is_ready(ANN);
    bob.is_accepted_by(&ann);
    bob.forget();
    bob.hear_call(&ann.elsewhere("laptop"), "his offer", 0);
    assert_eq!(bob.sent(), Vec::<String>::new());
}

#[test]
fn the_connection_of_the_caller_says_that_this_device_has_the_call() {
    let mut bob = unconfirmed_bob();
    bob.hear_call(&own(CAROL), "his offer", 0);
    bob.wait(millis(100));
    assert_eq!(bob.commands(CAROL), Vec::<String>::new());
    bob.report(ALICE, TransportEvent::Connected);
    assert_eq!(
        bob.commands(CAROL),
        ["Open Video", "ApplyOffer: his offer", "CreateAnswer"]
    );
}

#[test]
fn what_a_fellow_says_does_not_say_that_this_device_has_the_call() {
    let mut bob = unconfirmed_bob();
    bob.hear(&own(CAROL), Body::IceCandidates(vec![candidate("a")]));
    bob.hear_call(&own(CAROL), "his offer", 0);
    assert_eq!(bob.commands(CAROL), Vec::<String>::new());
    bob.hear(&own(ALICE), Body::IceCandidates(vec![candidate("a")]));
    assert_eq!(
        bob.commands(CAROL),
        [
            "Open Video",
            "ApplyOffer: his offer",
            "AddCandidates: a",
            "CreateAnswer"
        ]
    );
}

#[test]
fn a_call_to_a_fellow_names_an_invitation_only_if_there_was_one() {
    let mut bob = Scene::called_by(&own(ALICE), BOB, &[ANN]);
    bob.offer_is_ready(ANN);
    let signals = bob.signals();
    assert!(matches!(signals[0].1.body, Body::Call { .. }));
    assert_eq!(signals[0].1.join, None);
}

#[test]
fn an_offer_that_crosses_its_answer_is_not_answered_twice() {
    let mut bob = bob();
    bob.hear_call(&own(CAROL), "his offer", 0);
    bob.answer_is_ready(CAROL);
    bob.wait(millis(500));
    bob.hear_call(&own(CAROL), "his offer", 0);
    assert_eq!(bob.sent(), ["accept to 103/phone"]);
}

#[test]
fn an_offer_that_is_repeated_after_all_means_nothing_to_who_is_connected() {
    let (mut bob, carol) = connecting();
    bob.report(CAROL, TransportEvent::Connected);
    bob.forget();
    bob.hear_call(&carol, "his offer", 0);
    assert_eq!(bob.sent(), Vec::<String>::new());
}

//! Two users who call each other.

use crate::common::scene::{Played, Scene, browser, own};
use crate::common::{ALICE, BOB, CAROL, call, id, secs};
use visavis_call::{Command, SessionState};
use visavis_signal::{Body, Signal, UserId, UserInfo};

/// What Bob says in a call of his own with the larger id.
fn says(scene: &Scene, bob: &Played, opponents: &[UserId], body: Body) -> Signal {
    Signal {
        session: id(2),
        caller: Some(BOB),
        opponents: opponents.to_vec(),
        ..scene.says(bob, body)
    }
}

fn hear(alice: &mut Scene, bob: &Played, opponents: &[UserId], body: Body) {
    let signal = says(alice, bob, opponents, body);
    alice.hear_signal(bob, signal);
}

/// Alice calls Bob while his call to these users rings here.
fn calls_back(bob: &Played, opponents: &[UserId], callee: UserId) -> Scene {
    let mut alice = Scene::new(ALICE, ALICE, &[callee]);
    hear(&mut alice, bob, opponents, call("his offer"));
    alice.forget();
    alice.start();
    alice
}

fn his(scene: &Scene) -> Option<SessionState> {
    scene.other(&id(2)).map(visavis_call::Session::state)
}

#[test]
fn whoever_calls_somebody_who_rings_goes_on_with_the_smaller_id() {
    let alice = calls_back(&own(BOB), &[ALICE], BOB);
    assert_eq!(his(&alice), Some(SessionState::Pending));
    assert_eq!(alice.session().state(), SessionState::Pending);
}

#[test]
fn whoever_calls_a_browser_that_rings_goes_on_with_its_call() {
    let mut alice = calls_back(&browser(BOB), &[ALICE], BOB);
    assert_eq!(his(&alice), Some(SessionState::Connecting));
    assert!(alice.plot()[0].starts_with("Replaced by"));
}

#[test]
fn a_call_to_somebody_else_takes_no_call_that_rings() {
    for bob in [own(BOB), browser(BOB)] {
        let alice = calls_back(&bob, &[ALICE], CAROL);
        assert_eq!(his(&alice), Some(SessionState::Pending));
        assert_eq!(alice.session().state(), SessionState::Pending);
    }
}

#[test]
fn a_call_that_rings_for_several_is_not_taken_by_calling_its_caller() {
    for bob in [own(BOB), browser(BOB)] {
        let alice = calls_back(&bob, &[ALICE, CAROL], BOB);
        assert_eq!(his(&alice), Some(SessionState::Pending));
        assert_eq!(alice.session().state(), SessionState::Pending);
    }
}

/// Alice calls Bob, and his call with the larger id crosses hers.
fn crossed(bob: &Played) -> Scene {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB]);
    alice.start();
    hear(&mut alice, bob, &[ALICE], call("his offer"));
    assert_eq!(his(&alice), None);
    alice
}

#[test]
fn the_call_that_was_given_up_does_not_ring_while_the_other_one_goes_on() {
    let bob = own(BOB);
    let mut alice = crossed(&bob);
    alice.is_accepted_by(&bob);
    alice.forget();
    hear(&mut alice, &bob, &[ALICE], call("his offer"));
    assert_eq!(alice.plot(), Vec::<String>::new());
    assert_eq!(alice.sent(), Vec::<String>::new());
}

fn hang_up(alice: &mut Scene) {
    let hang_up = Command::HangUp {
        session: id(1),
        user_info: UserInfo::new(),
    };
    alice.command(hang_up).unwrap();
    alice.wait(secs(2));
    assert!(alice.is_over());
    alice.forget();
}

#[test]
fn the_call_that_was_ignored_rings_when_it_is_repeated_and_the_other_one_is_over() {
    let bob = own(BOB);
    let mut alice = crossed(&bob);
    hang_up(&mut alice);
    hear(&mut alice, &bob, &[ALICE], call("his offer"));
    assert_eq!(alice.plot(), ["NewSession from 102"]);
}

#[test]
fn the_call_that_was_ignored_does_not_ring_once_its_caller_hung_it_up() {
    let bob = own(BOB);
    let mut alice = crossed(&bob);
    hear(&mut alice, &bob, &[ALICE], Body::HangUp);
    hang_up(&mut alice);
    hear(&mut alice, &bob, &[ALICE], call("his offer"));
    assert_eq!(alice.plot(), Vec::<String>::new());
}

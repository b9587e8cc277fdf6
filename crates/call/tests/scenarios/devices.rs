//! Which of a user's devices is in the call, and what the others are told.

use crate::common::scene::{Scene, browser, own};
use crate::common::{ALICE, BOB, CAROL, accept, call, candidate};
use visavis_call::{CallConfig, TransportEvent};
use visavis_signal::Body;

fn candidates(text: &str) -> Body {
    Body::IceCandidates(vec![candidate(text)])
}

#[test]
fn candidates_of_a_device_that_is_not_in_the_call_are_not_used() {
    let bob = own(BOB);
    let mut alice = Scene::calling(ALICE, [bob.clone()]);
    alice.hear(&bob.elsewhere("laptop"), candidates("laptop"));
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.hear(&bob, candidates("phone"));
    assert_eq!(alice.commands(BOB), ["AddCandidates: phone"]);
}

#[test]
fn a_device_that_accepts_under_another_name_is_the_one_that_is_in_the_call() {
    let bob = own(BOB);
    let mut alice = Scene::calling(ALICE, [bob.clone()]);
    alice.hear(&bob.renamed("phone-2"), accept("his answer"));
    assert_eq!(
        alice.sent(),
        ["update to 102/phone-2"],
        "media state is said again"
    );
    assert_eq!(
        alice
            .session()
            .peer(BOB)
            .unwrap()
            .address()
            .resource
            .as_deref(),
        Some("phone-2")
    );
}

#[test]
fn a_device_that_accepts_late_is_refused_whatever_chat_calls_it() {
    let bob = own(BOB);
    let mut alice = Scene::calling(ALICE, [bob.clone()]);
    let another = bob.elsewhere("laptop").renamed("phone");
    alice.hear(&another, accept("another answer"));
    assert_eq!(alice.sent(), ["hangUp to 102/phone"]);
}

#[test]
fn a_browser_that_was_turned_away_is_not_heard() {
    let bob = browser(BOB);
    let mut alice = Scene::calling(ALICE, [bob.clone()]);
    let other = bob.elsewhere("other");
    alice.hear(&other, accept("another answer"));
    assert_eq!(alice.sent(), ["hangUp to 102/other"]);
    alice.hear(&other, candidates("other"));
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.hear(&bob.renamed("browser-2"), candidates("browser"));
    assert_eq!(alice.commands(BOB), ["AddCandidates: browser"]);
}

#[test]
fn of_the_browsers_that_were_turned_away_sixteen_are_remembered() {
    const NAMES: [&str; 17] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
    ];
    let bob = browser(BOB);
    let mut alice = Scene::calling(ALICE, [bob.clone()]);
    for name in NAMES {
        alice.hear(&bob.elsewhere(name), accept("another answer"));
    }
    alice.hear(&bob.elsewhere(NAMES[15]), candidates("sixteenth"));
    assert_eq!(alice.commands(BOB), Vec::<String>::new());
    alice.hear(&bob.elsewhere(NAMES[16]), candidates("seventeenth"));
    assert_eq!(alice.commands(BOB), ["AddCandidates: seventeenth"]);
}

#[test]
fn a_device_names_itself_to_all_but_those_who_are_known_not_to_care() {
    let named = |scene: &mut Scene| {
        let signals = scene.signals();
        assert!(!signals.is_empty());
        signals.iter().all(|(_, signal)| signal.device.is_some())
    };
    let unnamed = |scene: &mut Scene| {
        let signals = scene.signals();
        assert!(!signals.is_empty());
        signals.iter().all(|(_, signal)| signal.device.is_none())
    };
    for who in [own(BOB), browser(BOB)] {
        let mut alice = Scene::new(ALICE, ALICE, &[BOB]);
        alice.start();
        assert!(named(&mut alice), "nobody knows who answers");
        alice.is_accepted_by(&who);
        alice.report(
            BOB,
            TransportEvent::LocalCandidates(vec![candidate("ours")]),
        );
        assert_eq!(named(&mut alice), who.device.is_some());
        alice.report(
            BOB,
            TransportEvent::LocalCandidates(vec![candidate("next")]),
        );
        assert_eq!(unnamed(&mut alice), who.device.is_none());
    }
}

#[test]
fn a_call_that_is_rejected_unasked_is_rejected_by_name_to_whoever_gave_his() {
    let config = CallConfig {
        incoming_limit: 1,
        ..CallConfig::default()
    };
    for who in [own(BOB), browser(BOB)] {
        let mut alice = Scene::with(ALICE, BOB, &[ALICE], config.clone());
        let ringing = alice.says(&own(CAROL), call("his offer"));
        let ringing = visavis_signal::Signal {
            session: crate::common::id(2),
            caller: Some(CAROL),
            ..ringing
        };
        alice.hear_signal(&own(CAROL), ringing);
        alice.forget();
        alice.hear(&who, call("his offer"));
        let signals = alice.signals();
        let rejection = &signals.last().unwrap().1;
        assert_eq!(rejection.body, Body::Reject);
        assert_eq!(rejection.device.is_some(), who.device.is_some());
    }
}

#[test]
fn a_caller_cannot_accept_his_own_call_on_another_device() {
    let alice = own(ALICE);
    let mut bob = Scene::called_by(&alice, BOB, &[]);
    bob.hear(&alice.elsewhere("laptop"), accept("his answer"));
    assert_eq!(bob.sent(), Vec::<String>::new());
    assert_eq!(bob.commands(ALICE), Vec::<String>::new());
}

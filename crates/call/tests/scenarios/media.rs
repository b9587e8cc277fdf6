//! What everybody sends, and what the call is to have.

use crate::common::scene::{Scene, media, own, renegotiate};
use crate::common::{ALICE, BOB, CAROL, id, millis, secs};
use visavis_call::Command;
use visavis_signal::{Body, CallType, DescriptionKind, Signal, Update};

fn change(scene: &mut Scene, call_type: CallType) {
    let session = id(1);
    scene
        .command(Command::Upgrade { session, call_type })
        .unwrap();
}

/// Bob wants a call of this type, and has it.
fn wants(scene: &mut Scene, offer: &str, call_type: CallType) {
    let offer = Signal {
        call_type: Some(call_type),
        ..scene.says(&own(BOB), renegotiate(offer, DescriptionKind::Offer))
    };
    scene.hear_signal(&own(BOB), offer);
    scene.answer_is_ready(BOB);
}

/// Carol goes along with what she is offered; whether she was offered anything.
fn carol_follows(scene: &mut Scene) -> bool {
    let asked = scene.commands(CAROL);
    if !asked.iter().any(|asked| asked.starts_with("Renegotiate")) {
        return false;
    }
    scene.offer_is_ready(CAROL);
    let offers = scene.signals().into_iter().filter_map(|(_, signal)| {
        let Body::Update(Update::Renegotiate(description)) = signal.body else {
            return None;
        };
        Some(description.offer_id)
    });
    let offer = offers.last().unwrap();
    scene.hear(&own(CAROL), renegotiate(&offer, DescriptionKind::Answer));
    true
}

/// Bob wants one change after the other, in offers of these names; how many Carol is offered.
fn passed_on(scene: &mut Scene, names: &[&str]) -> usize {
    let mut passed_on = 0;
    for name in names {
        let call_type = match scene.session().call_type() {
            CallType::Audio => CallType::Video,
            _ => CallType::Audio,
        };
        wants(scene, name, call_type);
        passed_on += usize::from(carol_follows(scene));
    }
    passed_on
}

#[test]
fn of_the_changes_that_others_want_eight_in_ten_seconds_are_passed_on() {
    let mut alice = Scene::calling(ALICE, [own(BOB), own(CAROL)]);
    alice.wait(secs(20));
    let eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
    assert_eq!(passed_on(&mut alice, &eight), 8);
    alice.wait(millis(9_999));
    assert_eq!(passed_on(&mut alice, &["i", "j"]), 0);
    alice.wait(millis(1));
    assert_eq!(passed_on(&mut alice, &["k"]), 1);
}

#[test]
fn one_who_came_by_an_older_offer_sends_what_it_was_for() {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB, CAROL]).audio();
    alice.start();
    alice.is_accepted_by(&own(BOB));
    change(&mut alice, CallType::Video);
    alice.is_accepted_by(&own(CAROL));
    let said = |alice: &Scene| alice.session().peer(CAROL).unwrap().media();
    assert!(!said(&alice).unwrap().video);
    alice.forget();
    alice.hear(&own(CAROL), media(true, true));
    assert_eq!(alice.plot(), ["MediaChanged of 103: audio video"]);
}

#[test]
fn one_who_said_nothing_is_not_said_to_send_anything() {
    let alice = Scene::calling(ALICE, [own(BOB)]);
    assert_eq!(alice.session().peer(BOB).unwrap().media(), None);
}

#[test]
fn a_camera_goes_off_when_another_one_wants_no_video_and_does_not_come_on_by_itself() {
    let mut alice = Scene::calling(ALICE, [own(BOB)]);
    assert!(alice.session().media().video);
    wants(&mut alice, "x", CallType::Audio);
    assert!(!alice.session().media().video);
    wants(&mut alice, "y", CallType::Video);
    assert!(!alice.session().media().video);
}

//! Who is called into a call that goes on, by whom, and who is told.

use crate::common::scene::{Played, Scene, browser, own};
use crate::common::{ALICE, BOB, CAROL, DAVE, accept, id};
use visavis_call::{CallConfig, Command, CommandError, Input, PeerState, TransportEvent};
use visavis_signal::{AddRefusal, Body, Update, UserId, UserInfo};

const ERIN: UserId = UserId(105);

fn rejoin(invitation: u32) -> Body {
    Body::Update(Update::Rejoin { invitation })
}

fn add(scene: &mut Scene, user: UserId) -> Result<(), CommandError> {
    scene.command(Command::Add {
        session: id(1),
        user,
        user_info: UserInfo::new(),
    })
}

/// Alice called Bob and Carol, and keeps the list.
fn alice() -> Scene {
    Scene::calling(ALICE, [own(BOB), own(CAROL)])
}

/// Bob is in Alice's call with Carol, whose id is larger.
fn bob() -> Scene {
    let mut bob = Scene::called_by(&own(ALICE), BOB, &[CAROL]);
    bob.is_called_by_fellow(&own(CAROL));
    bob.forget();
    bob
}

/// Whether a user is being called into the call, since the last look.
fn calls(scene: &mut Scene, user: UserId) -> bool {
    scene.commands(user).contains(&"CreateOffer".into())
}

/// Who was told of whom, and what else was said.
fn told(scene: &mut Scene) -> Vec<(UserId, Update)> {
    let signals = scene.signals().into_iter();
    let updates = signals.filter_map(|(to, signal)| match signal.body {
        Body::Update(update) => Some((to.user, update)),
        _ => None,
    });
    updates.collect()
}

fn of(user: UserId, invitation: u32) -> Update {
    Update::Added {
        user,
        invitation,
        unreachable: Vec::new(),
    }
}

// ── Coming back ─────────────────────────────────────────────────────────────

#[test]
fn one_who_is_there_is_not_called_because_another_device_of_his_asks() {
    let mut alice = alice();
    alice.hear(&own(BOB).elsewhere("laptop"), rejoin(0));
    assert!(!calls(&mut alice, BOB));
    assert_eq!(alice.state_of(BOB), PeerState::Connected);
}

#[test]
fn one_who_is_there_and_asks_is_called_because_he_is_not() {
    let mut alice = alice();
    alice.hear(&own(BOB), rejoin(0));
    assert!(calls(&mut alice, BOB));
}

#[test]
fn one_who_is_lost_is_called_whichever_device_asks() {
    let mut alice = alice();
    alice.report(BOB, TransportEvent::Disconnected);
    alice.hear(&own(BOB).elsewhere("laptop"), rejoin(0));
    assert!(calls(&mut alice, BOB));
}

#[test]
fn one_who_left_is_called_whichever_device_asks() {
    let mut alice = alice();
    alice.hear(&own(BOB), Body::HangUp);
    alice.hear(&own(BOB).elsewhere("laptop"), rejoin(0));
    assert!(calls(&mut alice, BOB));
}

#[test]
fn one_who_was_never_there_cannot_come_back() {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB, CAROL]);
    alice.start();
    alice.is_accepted_by(&own(CAROL));
    alice.hear(&own(BOB), Body::Reject);
    alice.forget();
    alice.hear(&own(BOB), rejoin(0));
    assert!(!calls(&mut alice, BOB));
}

#[test]
fn one_who_is_called_already_is_not_called_because_he_asks_again() {
    let mut alice = alice();
    alice.hear(&own(BOB), rejoin(0));
    alice.offer_is_ready(BOB);
    alice.forget();
    alice.hear(&own(BOB), rejoin(0));
    assert!(!calls(&mut alice, BOB));
    alice.hear(&own(BOB), rejoin(1));
    assert!(calls(&mut alice, BOB), "that call is lost, too");
}

#[test]
fn a_caller_who_comes_back_is_called_by_the_smallest_id_of_the_others() {
    let mut bob = bob();
    bob.hear(&own(ALICE), rejoin(0));
    assert!(calls(&mut bob, ALICE));

    let mut carol = Scene::called_by(&own(ALICE), CAROL, &[BOB]);
    carol.offer_is_ready(BOB);
    carol.is_accepted_by(&own(BOB));
    carol.hear(&own(ALICE), rejoin(0));
    assert!(!calls(&mut carol, ALICE));
    carol.hear(&own(ALICE), Body::HangUp);
    carol.hear(&own(ALICE), rejoin(0));
    assert!(!calls(&mut carol, ALICE), "he is gone for all");
}

// ── Adding ──────────────────────────────────────────────────────────────────

#[test]
fn one_who_left_takes_no_room() {
    let config = CallConfig {
        max_opponents: 2,
        ..CallConfig::default()
    };
    let mut alice = Scene::with(ALICE, ALICE, &[BOB, CAROL], config);
    alice.start();
    alice.is_accepted_by(&own(BOB));
    alice.is_accepted_by(&own(CAROL));
    let full = CommandError::TooManyOpponents { given: 3, limit: 2 };
    assert_eq!(add(&mut alice, DAVE), Err(full));
    alice.hear(&own(BOB), Body::HangUp);
    assert_eq!(add(&mut alice, DAVE), Ok(()));
}

#[test]
fn nobody_is_told_of_those_who_were_called_at_the_beginning() {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB, CAROL]);
    alice.start();
    alice.is_accepted_by(&own(BOB));
    alice.is_accepted_by(&own(CAROL));
    assert_eq!(told(&mut alice), []);
}

#[test]
fn everybody_but_the_newcomer_is_told_of_him_once() {
    let mut alice = alice();
    add(&mut alice, DAVE).unwrap();
    assert_eq!(told(&mut alice), [(BOB, of(DAVE, 1)), (CAROL, of(DAVE, 1))]);
    alice.offer_is_ready(DAVE);
    alice.is_accepted_by(&own(DAVE));
    assert_eq!(told(&mut alice), []);
}

#[test]
fn one_who_takes_the_call_late_is_told_of_those_who_were_added() {
    let mut alice = Scene::new(ALICE, ALICE, &[BOB, CAROL]);
    alice.start();
    alice.is_accepted_by(&own(BOB));
    add(&mut alice, DAVE).unwrap();
    alice.forget();
    alice.is_accepted_by(&own(CAROL));
    assert_eq!(told(&mut alice), [(CAROL, of(DAVE, 1))]);
}

#[test]
fn everybody_is_on_the_list_once_and_the_caller_is_not() {
    let mut alice = alice();
    add(&mut alice, DAVE).unwrap();
    assert_eq!(alice.session().opponents(), [BOB, CAROL, DAVE]);
    alice.hear(&own(BOB), rejoin(0));
    assert_eq!(alice.session().opponents(), [BOB, CAROL, DAVE]);

    let mut bob = bob();
    bob.hear(&own(ALICE), rejoin(0));
    assert_eq!(bob.session().opponents(), [BOB, CAROL]);
}

#[test]
fn a_newcomer_is_called_with_those_with_whom_he_will_be_connected() {
    let others: [Played; 3] = [own(BOB), browser(CAROL), own(DAVE)];
    let mut alice = Scene::with(
        ALICE,
        ALICE,
        &[BOB, CAROL, DAVE],
        CallConfig {
            max_opponents: 8,
            ..CallConfig::default()
        },
    );
    alice.start();
    for other in &others {
        alice.is_accepted_by(other);
    }
    alice.hear(&own(BOB), Body::HangUp);
    add(&mut alice, ERIN).unwrap();
    alice.forget();
    alice.offer_is_ready(ERIN);
    let (_, call) = alice.signals().remove(0);
    assert_eq!(
        (call.caller, &call.opponents[..]),
        (Some(ALICE), &[ERIN, DAVE][..])
    );
    let join = call.join.unwrap();
    assert_eq!((join.invitation, &join.unreachable[..]), (1, &[CAROL][..]));
}

#[test]
fn who_is_in_the_call_is_not_added_and_the_keeper_least_of_all() {
    let mut alice = alice();
    for user in [ALICE, CAROL] {
        alice.hear(&own(BOB), Body::Update(Update::Add { user }));
        let cause = AddRefusal::Present;
        assert_eq!(
            told(&mut alice),
            [(BOB, Update::AddRefused { user, cause })]
        );
        assert_eq!(alice.commands(user), Vec::<String>::new());
    }
}

#[test]
fn without_chat_nobody_is_called_into_the_call() {
    let mut bob = bob();
    add(&mut bob, DAVE).unwrap();
    assert_eq!(told(&mut bob), [(ALICE, Update::Add { user: DAVE })]);
    bob.handle(Input::ChatLost);
    bob.report(ALICE, TransportEvent::Closed);
    assert!(!calls(&mut bob, DAVE));
    bob.handle(Input::ChatRestored);
    assert!(calls(&mut bob, DAVE), "Bob keeps the list now");
}

// ── Those who left ──────────────────────────────────────────────────────────

#[test]
fn one_who_left_is_told_only_if_he_does_not_seem_to_know() {
    let (mut alice, bob) = (alice(), own(BOB));
    alice.hear(&bob, Body::HangUp);
    alice.forget();
    for body in [Body::HangUp, Body::Reject, Body::IceCandidates(Vec::new())] {
        alice.hear(&bob, body);
    }
    assert_eq!(alice.sent(), Vec::<String>::new());
    alice.hear(&bob, accept("his answer"));
    assert_eq!(alice.sent(), ["hangUp to 102/phone"]);
}

#[test]
fn one_who_left_is_told_nothing_while_it_rings_here() {
    let mut bob = Scene::new(BOB, ALICE, &[BOB, CAROL]);
    bob.hear(&own(ALICE), crate::common::call("his offer"));
    bob.hear(&own(CAROL), Body::HangUp);
    bob.forget();
    bob.hear_call(&own(CAROL), "his offer", 0);
    assert_eq!(bob.sent(), Vec::<String>::new());
}

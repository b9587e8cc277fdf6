//! Dialing on, and giving up in time.

use crate::common::{ALICE, BOB, World, accept, call, id, info, millis, secs, signal};
use visavis_call::{Address, CallConfig, Event, Time, TransportEvent, reason};
use visavis_signal::{Body, SignalKind};

#[test]
fn the_call_is_repeated_each_dialing_interval_with_the_latest_offer() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(59));
    let calls = world.sent_signals(alice);
    assert_eq!(calls.len(), 12, "at 0, 5, … 55 seconds");
    let offers: Vec<_> = calls
        .iter()
        .map(|signal| match &signal.body {
            Body::Call { offer } => offer.as_str(),
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(offers[0], "offer of 101/phone");
    assert!(
        offers[1..]
            .iter()
            .all(|offer| *offer == "offer of 101/phone with candidates")
    );
}

#[test]
fn both_sides_give_up_after_the_answer_interval() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(60) - millis(1));
    assert_eq!(world.plot(alice), Vec::<String>::new());
    assert_eq!(world.plot(bob), ["NewSession from 101"]);

    world.run_for(secs(1));
    assert_eq!(
        world.plot(alice),
        [
            "NotAnswered by 102",
            "ConnectionClosed to 102",
            "StartClose",
            "Closed"
        ]
    );
    assert_eq!(
        world.plot(bob),
        [
            "NoActions by 102",
            "ConnectionClosed to 101",
            "StartClose",
            "Closed"
        ]
    );
    assert_eq!(world.sent(alice).last().unwrap(), "hangUp to 102");
    assert_eq!(
        world.sent(bob),
        Vec::<String>::new(),
        "another device may be about to answer"
    );
    world.assert_over();
}

#[test]
fn the_peer_of_an_unanswered_call_is_not_answered_on_both_sides() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.forget_logs();
    world.run_for(secs(60));
    assert_eq!(world.story(alice)[0], "102 NotAnswered");
    assert_eq!(world.story(bob)[0], "101 NotAnswered");
}

#[test]
fn a_callee_counts_from_the_first_call_and_repetitions_change_nothing() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let browser = Address::device(ALICE, "browser");
    world.run_for(secs(7));
    for _ in 0..12 {
        world.receive(bob, &browser, signal(&id(1), ALICE, &[BOB], call("offer")));
        world.run_for(secs(5) - millis(1));
    }
    assert_eq!(world.plot(bob), ["NewSession from 101"], "it rang once");
    assert_eq!(
        world.core(bob).next_timeout(),
        Some(Time::since_origin(secs(67)))
    );
    world.run_for(secs(1));
    assert_eq!(world.plot(bob)[0], "NoActions by 102");
}

#[test]
fn a_repeated_call_refreshes_the_offer_only_when_it_is_another_one() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let browser = Address::device(ALICE, "browser");
    for offer in ["offer", "offer", "offer with candidates"] {
        world.receive(bob, &browser, signal(&id(1), ALICE, &[BOB], call(offer)));
    }
    assert_eq!(
        world.connections(bob),
        [
            "Open Video",
            "ApplyOffer: offer",
            "ApplyOffer: offer with candidates"
        ]
    );
}

#[test]
fn after_accepting_a_newer_offer_comes_too_late() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let browser = Address::device(ALICE, "browser");
    world.receive(bob, &browser, signal(&id(1), ALICE, &[BOB], call("offer")));
    world.accept(bob, &id(1));
    world.receive(
        bob,
        &browser,
        signal(&id(1), ALICE, &[BOB], call("offer with candidates")),
    );
    assert_eq!(
        world.connections(bob),
        ["Open Video", "ApplyOffer: offer", "CreateAnswer"]
    );
}

#[test]
fn a_caller_with_less_patience_ends_the_ringing_as_unanswered() {
    let mut world = World::new();
    let hasty = CallConfig {
        answer_interval: secs(10),
        ..CallConfig::default()
    };
    let alice = world.device_with(ALICE, "phone", hasty);
    let bob = world.device(BOB, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(11));
    assert_eq!(world.plot(alice)[0], "NotAnswered by 102");
    assert_eq!(
        world.plot(bob)[..2],
        ["NewSession from 101", "NoActions by 102"]
    );
}

#[test]
fn the_last_hang_up_says_why() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(61));
    let last = world.sent_signals(alice).pop().unwrap();
    assert_eq!(last.kind(), SignalKind::HangUp);
    assert_eq!(last.user_info, info(&[(reason::KEY, reason::NOT_ANSWERED)]));
}

#[test]
fn a_foreign_caller_who_just_stops_dialing_leaves_nothing_behind() {
    let mut world = World::new();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "browser"),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    world.run_for(secs(61));
    assert_eq!(world.plot(bob).last().unwrap(), "Closed");
    world.assert_over();
}

#[test]
fn whoever_accepts_too_late_is_told_that_it_is_over() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(65));
    world.forget_logs();
    let browser = Address::device(BOB, "browser");
    world.receive(
        alice,
        &browser,
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    assert_eq!(world.sent(alice), ["hangUp to 102/browser"]);
    assert_eq!(world.events(alice), Vec::<Event>::new());
}

#[test]
fn a_call_whose_offer_never_gets_ready_is_given_up_as_well() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(62));
    assert_eq!(world.sent(alice), Vec::<String>::new());
    assert_eq!(world.plot(alice)[0], "NotAnswered by 102");
    world.assert_over();
}

#[test]
fn an_offer_that_gets_better_goes_out_with_the_next_repetition() {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("first".into()),
    );
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("second".into()),
    );
    assert_eq!(world.sent_signals(alice).len(), 1);
    world.run_for(secs(5));
    let repetition = world.sent_signals(alice).pop().unwrap();
    assert_eq!(repetition.body, call("second"));
}

#[test]
fn a_shell_that_wakes_up_late_gives_up_at_once() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    world.receive(
        bob,
        &Address::device(ALICE, "browser"),
        signal(&id(1), ALICE, &[BOB], call("offer")),
    );
    world.oversleep(secs(3600));
    world.run_for(secs(1));
    assert_eq!(
        world
            .plot(bob)
            .iter()
            .filter(|event| event.starts_with("NoActions"))
            .count(),
        1
    );
    world.assert_over();
}

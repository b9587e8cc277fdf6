//! Dialing on, and giving up in time.

use crate::common::{ALICE, BOB, World, call, id, info, millis, secs, signal};
use visavis_call::{Address, Time, TransportEvent, reason};
use visavis_signal::SignalKind;

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
fn the_last_hang_up_says_why() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(61));
    let last = world.sent_signals(alice).pop().unwrap();
    assert_eq!(last.kind(), SignalKind::HangUp);
    assert_eq!(last.user_info, info(&[(reason::KEY, reason::NOT_ANSWERED)]));
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

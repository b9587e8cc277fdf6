//! When candidates are sent, kept and handed over.

use crate::common::{
    ALICE, BOB, Device, MALLORY, World, accept, call, candidate, id, lines, secs, signal,
};
use visavis_call::{Address, TransportEvent};
use visavis_signal::limits::MAX_CANDIDATES;
use visavis_signal::{Body, SessionId};

fn found(world: &mut World, device: Device, peer: visavis_signal::UserId, texts: &[&str]) {
    let candidates = texts.iter().map(|text| candidate(text)).collect();
    world.transport(
        device,
        &id(1),
        peer,
        TransportEvent::LocalCandidates(candidates),
    );
}

fn sent_candidates(world: &mut World, device: Device) -> Vec<String> {
    let signals = world.sent_signals(device).into_iter();
    let stanzas = signals.filter_map(|signal| match signal.body {
        Body::IceCandidates(candidates) => Some(lines(&candidates)),
        _ => None,
    });
    stanzas.collect()
}

fn candidates_of(session: &SessionId, texts: &[&str]) -> visavis_signal::Signal {
    let candidates = texts.iter().map(|text| candidate(text)).collect();
    signal(session, ALICE, &[BOB], Body::IceCandidates(candidates))
}

/// Alice dials Bob, whose browser the test plays.
fn dialing() -> (World, Device, Address) {
    let mut world = World::scripted();
    let alice = world.device(ALICE, "phone");
    world.dial(alice, &id(1), BOB);
    world.transport(
        alice,
        &id(1),
        BOB,
        TransportEvent::LocalOffer("offer".into()),
    );
    (world, alice, Address::device(BOB, "browser"))
}

/// Bob's phone rings, called by Alice's browser, which the test plays.
fn ringing() -> (World, Device, Address) {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let browser = Address::device(ALICE, "browser");
    world.receive(bob, &browser, signal(&id(1), ALICE, &[BOB], call("offer")));
    (world, bob, browser)
}

#[test]
fn nothing_is_sent_when_there_is_nothing_to_send() {
    let (mut world, bob, _) = ringing();
    world.accept(bob, &id(1));
    world.transport(
        bob,
        &id(1),
        ALICE,
        TransportEvent::LocalAnswer("answer".into()),
    );
    world.run_for(secs(5));
    assert_eq!(world.sent(bob), ["accept to 101/browser"]);
}

#[test]
fn a_candidate_that_is_found_twice_is_sent_once() {
    let (mut world, alice, browser) = dialing();
    world.receive(
        alice,
        &browser,
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    found(&mut world, alice, BOB, &["a"]);
    found(&mut world, alice, BOB, &["a"]);
    assert_eq!(sent_candidates(&mut world, alice), ["a"]);
}

#[test]
fn a_stanza_never_holds_more_than_a_peer_reads() {
    let (mut world, alice, browser) = dialing();
    let many: Vec<_> = (0..2 * MAX_CANDIDATES)
        .map(|number| candidate(&number.to_string()))
        .collect();
    world.transport(alice, &id(1), BOB, TransportEvent::LocalCandidates(many));
    world.receive(
        alice,
        &browser,
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    let sent = sent_candidates(&mut world, alice);
    assert_eq!(sent[0].split(' ').count(), MAX_CANDIDATES);
}

#[test]
fn a_caller_keeps_candidates_until_the_answer() {
    let (mut world, alice, browser) = dialing();
    world.connections(alice);
    world.receive(alice, &browser, candidates_of(&id(1), &["a"]));
    world.receive(alice, &browser, candidates_of(&id(1), &["b"]));
    assert_eq!(world.connections(alice), Vec::<String>::new());
    world.receive(
        alice,
        &browser,
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    world.receive(alice, &browser, candidates_of(&id(1), &["c"]));
    assert_eq!(
        world.connections(alice),
        [
            "ApplyAnswer: answer",
            "AddCandidates: a b",
            "AddCandidates: c"
        ]
    );
}

#[test]
fn candidates_of_a_device_that_did_not_answer_are_not_used() {
    let (mut world, alice, browser) = dialing();
    world.connections(alice);
    world.receive(
        alice,
        &Address::device(BOB, "other"),
        candidates_of(&id(1), &["a"]),
    );
    world.receive(
        alice,
        &browser,
        signal(&id(1), ALICE, &[BOB], accept("answer")),
    );
    assert_eq!(world.connections(alice), ["ApplyAnswer: answer"]);
}

#[test]
fn a_callee_takes_candidates_while_it_rings() {
    let (mut world, bob, browser) = ringing();
    world.receive(bob, &browser, candidates_of(&id(1), &["a"]));
    assert_eq!(
        world.connections(bob),
        ["Open Video", "ApplyOffer: offer", "AddCandidates: a"]
    );
}

#[test]
fn candidates_that_overtake_their_call_wait_for_it() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let browser = Address::device(ALICE, "browser");
    world.receive(bob, &browser, candidates_of(&id(1), &["a"]));
    world.receive(
        bob,
        &Address::device(MALLORY, "x"),
        candidates_of(&id(1), &["evil"]),
    );
    world.run_for(secs(1));
    world.receive(bob, &browser, signal(&id(1), ALICE, &[BOB], call("offer")));
    assert_eq!(
        world.connections(bob),
        ["Open Video", "ApplyOffer: offer", "AddCandidates: a"]
    );
}

#[test]
fn an_empty_list_of_candidates_means_nothing() {
    let (mut world, bob, browser) = ringing();
    world.connections(bob);
    world.receive(bob, &browser, candidates_of(&id(1), &[]));
    assert_eq!(world.connections(bob), Vec::<String>::new());
}

#[test]
fn of_candidates_that_come_ahead_of_the_answer_sixty_four_are_kept() {
    let (mut world, alice, browser) = dialing();
    world.connections(alice);
    for _ in 0..2 {
        world.receive(alice, &browser, candidates_of(&id(1), &["a"; 40]));
    }
    let accepted = signal(&id(1), ALICE, &[BOB], accept("answer"));
    world.receive(alice, &browser, accepted);
    let added = world.connections(alice).pop().unwrap();
    assert_eq!(added.matches(" a").count(), 64);
}

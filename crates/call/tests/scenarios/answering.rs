//! Accepting, rejecting and canceling, and what is attached to each.

use crate::common::{ALICE, BOB, World, id, info, millis, secs};
use visavis_call::{CallConfig, Command, Event};
use visavis_signal::{Body, UserInfo};

#[test]
fn a_rejected_call_ends_on_both_sides() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.reject(bob, &id(1));
    world.run_for(secs(1));

    assert_eq!(
        world.story(alice)[2..],
        [
            "102 Rejected",
            "Rejected by 102",
            "ConnectionClosed to 102",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed",
        ]
    );
    assert_eq!(
        world.plot(bob),
        [
            "NewSession from 101",
            "ConnectionClosed to 101",
            "StartClose",
            "Closed"
        ]
    );
    assert_eq!(world.sent(bob), ["reject to 101/phone"]);
    assert_eq!(world.sent(alice), ["call to 102"]);
    world.assert_over();
}

#[test]
fn a_call_can_be_rejected_in_the_moment_it_comes_in() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(millis(25));
    assert_eq!(world.plot(bob), ["NewSession from 101"]);
    world.reject(bob, &id(1));
    assert_eq!(world.sent(bob), ["reject to 101/phone"]);
}

#[test]
fn a_canceled_call_stops_ringing() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.hang_up(alice, &id(1));
    world.run_for(secs(1));

    assert_eq!(world.sent(alice), ["call to 102", "hangUp to 102"]);
    assert_eq!(
        world.plot(bob),
        [
            "NewSession from 101",
            "HungUp by 101",
            "ConnectionClosed to 101",
            "StartClose",
            "Closed"
        ]
    );
    world.assert_over();
}

#[test]
fn canceling_before_the_offer_is_ready_sends_nothing() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.hang_up(alice, &id(1));
    world.run_for(secs(10));
    assert_eq!(world.sent(alice), Vec::<String>::new());
    assert_eq!(
        world.plot(alice),
        ["ConnectionClosed to 102", "StartClose", "Closed"]
    );
    assert_eq!(world.plot(bob), Vec::<String>::new());
}

#[test]
fn a_session_that_was_never_started_can_be_closed() {
    let (mut world, alice, _) = World::two();
    world.create(alice, &id(1), &[BOB]);
    world.hang_up(alice, &id(1));
    assert_eq!(
        world.story(alice),
        [
            "102 Closed",
            "session GoingToClose",
            "StartClose",
            "session Closed",
            "Closed"
        ]
    );
    assert_eq!(world.connections(alice), Vec::<String>::new());
    world.assert_over();
}

#[test]
fn hanging_up_a_ringing_call_rejects_it() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.hang_up(bob, &id(1));
    world.run_for(secs(1));
    assert_eq!(world.sent(bob), ["reject to 101/phone"]);
    assert_eq!(world.plot(alice)[0], "Rejected by 102");
}

#[test]
fn every_verb_carries_user_info() {
    let (mut world, alice, bob) = World::two();
    let [hello, yes, bye] = ["hello", "yes", "bye"].map(|word| info(&[("word", word)]));
    world.create(alice, &id(1), &[BOB]);
    world.command(
        alice,
        Command::Start {
            session: id(1),
            user_info: hello.clone(),
        },
    );
    world.run_for(secs(1));
    assert_eq!(world.core(bob).session(&id(1)).unwrap().user_info(), &hello);
    assert_eq!(
        world.core(alice).session(&id(1)).unwrap().user_info(),
        &hello
    );
    assert!(
        matches!(&world.events(bob)[0], Event::NewSession { user_info, .. } if *user_info == hello)
    );

    world.command(
        bob,
        Command::Accept {
            session: id(1),
            user_info: yes.clone(),
        },
    );
    world.run_for(secs(1));
    let accepted =
        |event: &Event| matches!(event, Event::Accepted { user_info, .. } if *user_info == yes);
    assert!(world.events(alice).iter().any(accepted));

    world.command(
        bob,
        Command::HangUp {
            session: id(1),
            user_info: bye.clone(),
        },
    );
    world.run_for(secs(1));
    let left =
        |event: &Event| matches!(event, Event::HungUp { user_info, .. } if *user_info == bye);
    assert!(world.events(alice).iter().any(left));
}

#[test]
fn a_rejection_carries_user_info() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    let later = info(&[("why", "in a meeting")]);
    world.command(
        bob,
        Command::Reject {
            session: id(1),
            user_info: later.clone(),
        },
    );
    world.run_for(secs(1));
    let rejected =
        |event: &Event| matches!(event, Event::Rejected { user_info, .. } if *user_info == later);
    assert!(world.events(alice).iter().any(rejected));
}

#[test]
fn a_limit_of_bandwidth_travels_beside_the_user_info() {
    let mut world = World::new();
    let alice = world.device_with(
        ALICE,
        "phone",
        CallConfig {
            bandwidth: Some(500),
            ..CallConfig::default()
        },
    );
    let bob = world.device(BOB, "phone");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    let session = world.core(bob).session(&id(1)).unwrap();
    assert_eq!(session.peer(ALICE).unwrap().bandwidth(), Some(500));
    assert_eq!(session.user_info(), &UserInfo::new());
    assert_eq!(world.sent_signals(alice)[0].bandwidth, Some(500));
}

#[test]
fn a_bandwidth_of_zero_is_no_limit() {
    let mut world = World::scripted();
    let bob = world.device(BOB, "phone");
    let mut call = crate::common::signal(&id(1), ALICE, &[BOB], crate::common::call("offer"));
    call.bandwidth = Some(0);
    world.receive(bob, &visavis_call::Address::device(ALICE, "browser"), call);
    assert_eq!(
        world
            .core(bob)
            .session(&id(1))
            .unwrap()
            .peer(ALICE)
            .unwrap()
            .bandwidth(),
        None
    );
}

#[test]
fn the_answer_goes_out_as_soon_as_it_is_there() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    assert_eq!(world.sent(bob), Vec::<String>::new());
    world.run_for(millis(20));
    let sent = world.sent_signals(bob);
    assert!(
        matches!(&sent[0].body, Body::Accept { answer } if answer.as_str() == "answer of 102/phone")
    );
}

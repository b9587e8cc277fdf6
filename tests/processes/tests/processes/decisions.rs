//! A callee rejects, does not answer, is too late, or decides by command.

use serde_json::json;

use crate::scene::{ALICE, BOB, CAROL, Scene, in_time, they_see_each_other};

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_call_ends_with_5() {
    in_time(async {
        let scene = Scene::set("reject").await;
        let bob = scene
            .answer(BOB, &["--once", "--reject", "--user-info", "why=asleep"])
            .await;
        let alice = scene.call(ALICE, &[], &[BOB]);
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        let rejected = alice.event("rejected").unwrap();
        assert_eq!(
            (&rejected["user"], &rejected["user_info"]),
            (&json!(BOB), &json!({ "why": "asleep" }))
        );
        assert_eq!((alice.code, bob.code), (5, 0));
        assert_eq!(alice.complaint, "the call was rejected");
        assert!(alice.has_in_order(&["rejected", "start_close", "closed", "summary"]));
        assert!(bob.has_in_order(&["new_session", "start_close", "closed", "summary"]));
        assert!(alice.event("connected").is_none() && bob.event("connected").is_none());
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_answers_ends_with_6() {
    in_time(async {
        let scene = Scene::set("no-answer").await;
        let soon = ["--answer-interval", "10"];
        let bob = scene
            .answer(BOB, &[&soon[..], &["--once", "--ignore"]].concat())
            .await;
        let alice = scene.call(ALICE, &soon, &[BOB]);
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        assert_eq!(alice.event("not_answered").unwrap()["user"], BOB);
        assert_eq!((alice.code, bob.code), (6, 0));
        assert_eq!(alice.complaint, "nobody answered");
        assert!(alice.has_in_order(&["not_answered", "start_close", "closed"]));
        // The caller's `hangUp` may be here before our own time is up.
        match bob.event("no_actions") {
            Some(nothing) => assert_eq!(nothing["user"], BOB),
            None => assert!(bob.event("hung_up").is_some(), "{:?}", bob.events()),
        }
        assert!(bob.has_in_order(&["new_session", "start_close", "closed"]));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_whose_time_is_up_first_took_no_action() {
    in_time(async {
        let scene = Scene::set("no-actions").await;
        let bob = scene
            .answer(BOB, &["--once", "--ignore", "--answer-interval", "10"])
            .await;
        let mut alice = scene.call(ALICE, &["--answer-interval", "60"], &[BOB]);
        let bob = bob.ended().await;
        assert_eq!(bob.event("no_actions").unwrap()["user"], BOB);
        assert!(bob.has_in_order(&["new_session", "no_actions", "start_close", "closed"]));
        assert_eq!(bob.code, 0);
        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(alice.end().await, 0);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_cancelled_before_it_is_accepted() {
    in_time(async {
        let scene = Scene::set("cancel").await;
        let mut bob = scene.answer(BOB, &["--once", "--ask"]).await;
        let mut alice = scene.call(ALICE, &[], &[BOB]);
        bob.until("new_session").await;
        alice
            .tell(&json!({ "do": "hang_up", "user_info": { "why": "wrong number" } }))
            .await;
        let end = bob.until("hung_up").await;
        assert_eq!(
            (&end["user"], &end["user_info"]),
            (&json!(ALICE), &json!({ "why": "wrong number" }))
        );
        bob.tell(&json!({ "do": "accept" })).await;
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        assert_eq!((alice.code, bob.code), (0, 0));
        assert!(alice.event("connected").is_none() && bob.event("connected").is_none());
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_is_asked_accepts_with_a_word() {
    in_time(async {
        let scene = Scene::set("ask").await;
        let mut bob = scene.answer(BOB, &["--once", "--ask"]).await;
        let mut alice = scene.call(ALICE, &[], &[BOB]);
        bob.until("new_session").await;
        bob.tell(&json!({ "do": "accept", "user_info": { "ok": "yes" } }))
            .await;
        let accepted = alice.until("accepted").await;
        assert_eq!(accepted["user_info"], json!({ "ok": "yes" }));
        they_see_each_other(&mut alice, &mut bob).await;
        bob.tell(&json!({ "do": "accept" })).await;
        let refused = bob.until("command_failed").await;
        assert_eq!(refused["problem"], "the call was accepted already");
        alice.terminate().await;
        assert_eq!(bob.until("hung_up").await["user"], ALICE);
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_is_asked_rejects_with_a_word() {
    in_time(async {
        let scene = Scene::set("ask-reject").await;
        let mut bob = scene.answer(BOB, &["--once", "--ask"]).await;
        let alice = scene.call(ALICE, &[], &[BOB]);
        bob.until("new_session").await;
        bob.tell(&json!({ "do": "reject", "user_info": { "ok": "no" } }))
            .await;
        let alice = alice.ended().await;
        assert_eq!(
            alice.event("rejected").unwrap()["user_info"],
            json!({ "ok": "no" })
        );
        assert_eq!((alice.code, bob.end().await), (5, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_is_in_a_call_of_his_own_is_busy() {
    in_time(async {
        let scene = Scene::set("busy").await;
        let (mut alice, mut bob) = scene.connected(&[]).await;
        let carol = scene.call(CAROL, &[], &[ALICE]).ended().await;
        let rejected = carol.event("rejected").unwrap();
        assert_eq!(
            (&rejected["user"], &rejected["user_info"]),
            (&json!(ALICE), &json!({ "reason": "busy" }))
        );
        assert_eq!(carol.code, 5);
        they_see_each_other(&mut alice, &mut bob).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

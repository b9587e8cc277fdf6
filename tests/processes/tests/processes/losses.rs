//! The server is killed, or one of the two.

use serde_json::{Value, json};
use visavis_interop_tests::program::Ended;

use crate::scene::{ALICE, BOB, Scene, in_time, they_see_each_other};

/// As short as it may be: the tests wait for it.
const SOON: [&str; 2] = ["--disconnect-time", "10"];

/// What somebody sees whose other side is suddenly gone.
fn lost_the_other(ended: &Ended, other: u32) {
    assert_eq!(ended.code, 7, "{:?}", ended.events());
    assert_eq!(ended.complaint, "the connection was lost");
    assert!(
        ended.has_in_order(&[
            "connected",
            "disconnected",
            "disconnect_timeout",
            "connection_closed",
            "start_close",
            "closed",
            "summary",
        ]),
        "{:?}",
        ended.events()
    );
    for name in ["disconnected", "disconnect_timeout", "connection_closed"] {
        let told: Vec<&Value> = ended
            .seen
            .iter()
            .filter(|line| line["event"] == name)
            .collect();
        assert_eq!(told.len(), 1, "{name} {:?}", ended.events());
        assert_eq!(told[0]["user"], other, "{name}");
    }
    let states = |field: &str, event: &str| -> Vec<String> {
        let lines = ended.seen.iter().filter(|line| line["event"] == event);
        lines
            .map(|line| line[field].as_str().unwrap().to_owned())
            .collect()
    };
    let peer = states("peer_state", "peer_state_changed");
    let lost = peer
        .iter()
        .position(|state| state == "disconnected")
        .unwrap();
    assert_eq!(peer[lost..], ["disconnected", "disconnect_timeout"]);
    let session = states("session_state", "state_changed");
    assert!(
        session.ends_with(&["connected".into(), "going_to_close".into(), "closed".into()]),
        "{session:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_without_the_server_and_can_be_ended() {
    in_time(async {
        let mut scene = Scene::set("killed-server").await;
        let (mut alice, mut bob) = scene.connected(&SOON).await;
        they_see_each_other(&mut alice, &mut bob).await;
        scene.cast.kill_server().await;
        they_see_each_other(&mut alice, &mut bob).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        assert_eq!(alice.code, 0);
        assert!(
            alice.has_in_order(&["connection_closed", "start_close", "closed", "summary"]),
            "{:?}",
            alice.events()
        );
        // Nobody can tell Bob but the connection itself.
        lost_the_other(&bob, ALICE);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_a_restart_of_the_server_and_is_hung_up_over_it() {
    in_time(async {
        let mut scene = Scene::set("restarted-server").await;
        let (mut alice, mut bob) = scene.connected(&[]).await;
        scene.cast.kill_server().await;
        they_see_each_other(&mut alice, &mut bob).await;
        scene.cast.start_server_again().await;
        alice.until_heard_by(&mut bob).await;
        they_see_each_other(&mut alice, &mut bob).await;
        bob.tell(&json!({ "do": "hang_up", "user_info": { "bye": "now" } }))
            .await;
        let end = alice.until("hung_up").await;
        assert_eq!(end["user_info"], json!({ "bye": "now" }));
        for ended in [alice.ended().await, bob.ended().await] {
            assert_eq!(ended.code, 0, "{}", ended.complaint);
            let lost = ["disconnected", "reconnecting", "connection_failed"];
            assert!(
                lost.iter().all(|name| ended.event(name).is_none()),
                "{:?}",
                ended.events()
            );
        }
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_is_killed_ends_the_call_at_the_caller() {
    in_time(async {
        let scene = Scene::set("killed-callee").await;
        let (alice, bob) = scene.connected(&SOON).await;
        bob.kill().await;
        lost_the_other(&alice.ended().await, BOB);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_killed_ends_the_call_at_the_callee() {
    in_time(async {
        let scene = Scene::set("killed-caller").await;
        let (alice, bob) = scene.connected(&SOON).await;
        alice.kill().await;
        lost_the_other(&bob.ended().await, ALICE);
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ringing_call_whose_caller_is_killed_ends_with_the_answer_interval() {
    in_time(async {
        let scene = Scene::set("killed-ringing").await;
        let mut bob = scene
            .answer(BOB, &["--once", "--ignore", "--answer-interval", "10"])
            .await;
        let alice = scene.call(ALICE, &[], &[BOB]);
        bob.until("new_session").await;
        alice.kill().await;
        let bob = bob.ended().await;
        assert!(
            bob.has_in_order(&["new_session", "no_actions", "closed"]),
            "{:?}",
            bob.events()
        );
        scene.end().await;
    })
    .await;
}

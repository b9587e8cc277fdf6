//! Verbs on standard input, in mid-call.

use serde_json::json;

use crate::scene::{ALICE, BOB, Scene, in_time, they_see_each_other};

#[tokio::test(flavor = "multi_thread")]
async fn verbs_are_carried_out_and_what_cannot_be_is_told() {
    in_time(async {
        let scene = Scene::set("commands").await;
        let (mut alice, mut bob) = scene.connected(&[]).await;

        alice.tell(&json!({ "do": "mute" })).await;
        let muted = bob
            .until_one("media_changed", |event| event["audio"] == false)
            .await;
        assert_eq!(
            (&muted["user"], &muted["video"]),
            (&json!(ALICE), &json!(true))
        );
        alice.tell(&json!({ "do": "unmute" })).await;
        bob.until_one("media_changed", |event| event["audio"] == true)
            .await;

        alice.tell(&json!({ "do": "hold" })).await;
        assert_eq!(bob.until("held").await["user"], ALICE);
        alice.tell(&json!({ "do": "resume" })).await;
        assert_eq!(bob.until("resumed").await["user"], ALICE);
        they_see_each_other(&mut alice, &mut bob).await;

        bob.tell(&json!({ "do": "stats" })).await;
        let stats = bob
            .until_one("stats", |stats| stats.get("cpu").is_none())
            .await;
        assert_eq!(
            (&stats["user"], &stats["codec"]),
            (&json!(ALICE), &json!("vp8"))
        );
        assert_eq!(
            (&stats["width"], &stats["height"]),
            (&json!(320), &json!(240))
        );

        for (wrong, problem) in [
            (json!({ "do": "dance" }), "not a command"),
            (json!("hang_up"), "not a command"),
            (json!({ "do": "add" }), "`add` needs a `user`"),
            (
                json!({ "do": "add", "user": BOB }),
                "user 104 is in the call",
            ),
            (
                json!({ "do": "update", "user": 7 }),
                "user 7 is not in the call",
            ),
            (
                json!({ "do": "accept" }),
                "only a callee can accept or reject a call",
            ),
            (
                json!({ "do": "switch_source" }),
                "`switch_source` needs `video`, `audio` or both",
            ),
        ] {
            alice.tell(&wrong).await;
            let failed = alice.until("command_failed").await;
            let told = failed["problem"].as_str().unwrap();
            assert!(told.starts_with(problem), "{wrong}: {told}");
        }

        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(bob.until("hung_up").await["user"], ALICE);
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_input_hangs_nothing_up() {
    in_time(async {
        let scene = Scene::set("end-of-input").await;
        let (mut alice, mut bob) = scene.connected(&[]).await;
        alice.close_input();
        they_see_each_other(&mut alice, &mut bob).await;
        alice.terminate().await;
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

//! A call that becomes another one: with pictures, or with one more.

use serde_json::json;

use crate::scene::{ALICE, BOB, CAROL, Scene, in_time, they_see_each_other};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_two_with_sound_becomes_one_with_pictures() {
    in_time(async {
        let scene = Scene::set("upgrade").await;
        let mut bob = scene.answer(BOB, &["--once", "--audio-only"]).await;
        let mut alice = scene.call(ALICE, &["--audio-only"], &[BOB]);
        alice.until("first_sound").await;
        alice.tell(&json!({ "do": "upgrade" })).await;
        assert_eq!(bob.until("upgrade_requested").await["call_type"], "video");
        bob.pictures_come_from(ALICE).await;
        bob.tell(&json!({ "do": "upgrade" })).await;
        they_see_each_other(&mut alice, &mut bob).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_is_added_to_a_call_and_stays_when_the_caller_leaves() {
    in_time(async {
        let scene = Scene::set("added").await;
        let mut carol = scene.answer(CAROL, &["--once"]).await;
        let (mut alice, mut bob) = scene.connected(&[]).await;
        alice.tell(&json!({ "do": "add", "user": CAROL })).await;
        assert_eq!(bob.until("participant_added").await["user"], CAROL);
        tokio::join!(
            alice.pictures_come_from(CAROL),
            bob.pictures_come_from(CAROL),
            async {
                carol.pictures_come_from(ALICE).await;
                carol.pictures_come_from(BOB).await;
            }
        );
        they_see_each_other(&mut alice, &mut bob).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(alice.end().await, 0);
        for other in [&mut bob, &mut carol] {
            assert_eq!(other.until("hung_up").await["user"], ALICE);
        }
        tokio::join!(bob.pictures_come_from(CAROL), carol.pictures_come_from(BOB));
        bob.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!((bob.end().await, carol.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

//! A user with two devices: both ring, and what one decides the other hears.

use serde_json::json;
use visavis_interop_tests::program::Program;

use crate::scene::{ALICE, BOB, Scene, in_time, they_see_each_other};

/// A call from Alice that rings on two devices of Bob's.
async fn ringing(scene: &Scene) -> (Program, [Program; 2]) {
    let mut devices = [
        scene.answer(BOB, &["--once", "--ask"]).await,
        scene.answer(BOB, &["--once", "--ask"]).await,
    ];
    let alice = scene.call(ALICE, &[], &[BOB]);
    for device in &mut devices {
        assert_eq!(device.until("new_session").await["user"], ALICE);
    }
    (alice, devices)
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_device_accepts_the_other_stops_ringing() {
    in_time(async {
        let scene = Scene::set("devices").await;
        let (mut alice, [mut first, second]) = ringing(&scene).await;
        first.tell(&json!({ "do": "accept" })).await;
        let second = second.ended().await;
        assert!(
            second.has_in_order(&["new_session", "accepted_elsewhere", "closed"]),
            "{:?}",
            second.events()
        );
        assert!(second.event("connected").is_none());
        assert_eq!(second.code, 0);
        they_see_each_other(&mut alice, &mut first).await;
        first.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!((alice.end().await, first.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_device_rejects_the_other_stops_ringing() {
    in_time(async {
        let scene = Scene::set("devices-reject").await;
        let (alice, [first, mut second]) = ringing(&scene).await;
        second.tell(&json!({ "do": "reject" })).await;
        let first = first.ended().await;
        assert!(
            first.has_in_order(&["new_session", "rejected_elsewhere", "closed"]),
            "{:?}",
            first.events()
        );
        assert_eq!(
            (alice.end().await, first.code, second.end().await),
            (5, 0, 0)
        );
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_caller_cancels_both_stop_ringing() {
    in_time(async {
        let scene = Scene::set("devices-cancel").await;
        let (mut alice, devices) = ringing(&scene).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        for device in devices {
            let ended = device.ended().await;
            assert!(
                ended.has_in_order(&["new_session", "hung_up", "closed"]),
                "{:?}",
                ended.events()
            );
        }
        assert_eq!(alice.end().await, 0);
        scene.end().await;
    })
    .await;
}

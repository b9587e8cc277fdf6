//! Calls between processes of our binary: what each prints and how it ends.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use visavis_interop_tests::cast::{Cast, NATIVE, PAGE, SECOND_NATIVE};
use visavis_interop_tests::program::Program;

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pictures that cost little.
const SMALL: [&str; 2] = ["--video", "pattern:160x120@15"];

async fn on_stage(name: &str, play: impl AsyncFnOnce(&mut Option<Cast>)) {
    let folder = std::env::temp_dir().join(format!("visavis-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut cast = Some(Cast::gather(&folder.join("server")).await);
    timeout(PATIENCE, play(&mut cast)).await.expect("in time");
    if let Some(cast) = cast {
        cast.dismiss().await;
    }
    let _ = std::fs::remove_dir_all(&folder);
}

fn answer(cast: &Cast, user: u32, more: &[&str]) -> Program {
    let arguments = [&["answer", "--once"], &SMALL[..], more].concat();
    Program::start(cast, user, &arguments)
}

fn call(cast: &Cast, users: &[u32], more: &[&str]) -> Program {
    let users: Vec<_> = users.iter().map(u32::to_string).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let arguments = [&["call"], &SMALL[..], more, &users].concat();
    Program::start(cast, PAGE, &arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_server() {
    on_stage("outlives", async |cast| {
        let stage = cast.as_ref().expect("a server");
        let mut callee = answer(stage, NATIVE, &["--disconnect-time", "10"]);
        callee.until("chat_connected").await;
        let mut caller = call(stage, &[NATIVE], &[]);
        caller.until("first_frame").await;
        callee.until("first_frame").await;
        cast.take().expect("a server").dismiss().await;
        for side in [&mut caller, &mut callee] {
            side.until_pictures_come().await;
        }
        caller.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(caller.end().await, 0);
        // No signal can say so: the callee notices by himself.
        callee.until("disconnected").await;
        callee.until("closed").await;
        assert_eq!(callee.end().await, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_is_gone_without_a_word_is_missed() {
    on_stage("missed", async |cast| {
        let stage = cast.as_ref().expect("a server");
        let mut callee = answer(stage, NATIVE, &["--disconnect-time", "10"]);
        callee.until("chat_connected").await;
        let mut caller = call(stage, &[NATIVE], &[]);
        caller.until("first_frame").await;
        callee.until("first_frame").await;
        caller.kill().await;
        for event in [
            "disconnected",
            "reconnecting",
            "disconnect_timeout",
            "start_close",
            "closed",
        ] {
            callee.until(event).await;
        }
        assert_eq!(callee.end().await, 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rejects_and_who_does_not_answer_is_told_by_the_exit_code() {
    on_stage("codes", async |cast| {
        let stage = cast.as_ref().expect("a server");
        let mut callee = answer(stage, NATIVE, &["--reject", "--user-info", "why=busy"]);
        callee.until("chat_connected").await;
        let mut caller = call(stage, &[NATIVE], &[]);
        assert_eq!(
            caller.until("rejected").await["user_info"],
            json!({ "why": "busy" })
        );
        assert_eq!(caller.end().await, 5);
        assert_eq!(callee.end().await, 0);

        let mut callee = answer(stage, NATIVE, &["--ignore", "--answer-interval", "10"]);
        callee.until("chat_connected").await;
        let mut caller = call(stage, &[NATIVE], &["--answer-interval", "10"]);
        caller.until("not_answered").await;
        assert_eq!(caller.end().await, 6);
        callee.until("no_actions").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_rings_on_both_devices_until_one_takes_it() {
    on_stage("devices", async |cast| {
        let stage = cast.as_ref().expect("a server");
        let mut phone = answer(stage, NATIVE, &["--ask"]);
        let mut laptop = answer(stage, NATIVE, &["--ask"]);
        phone.until("chat_connected").await;
        laptop.until("chat_connected").await;
        let mut caller = call(stage, &[NATIVE], &[]);
        phone.until("new_session").await;
        laptop.until("new_session").await;
        phone.tell(&json!({ "do": "accept" })).await;
        laptop.until("accepted_elsewhere").await;
        caller.until("first_frame").await;
        caller.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(caller.end().await, 0);
        assert_eq!(phone.end().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_two_with_sound_becomes_one_of_three_with_pictures() {
    on_stage("three", async |cast| {
        let stage = cast.as_ref().expect("a server");
        let mut bob = answer(stage, NATIVE, &["--audio-only"]);
        let mut carol = answer(stage, SECOND_NATIVE, &[]);
        bob.until("chat_connected").await;
        carol.until("chat_connected").await;
        let mut alice = call(stage, &[NATIVE], &["--audio-only"]);
        alice.until("first_sound").await;

        alice.tell(&json!({ "do": "mute" })).await;
        assert_eq!(bob.until("media_changed").await["audio"], false);
        alice.tell(&json!({ "do": "unmute" })).await;
        assert_eq!(bob.until("media_changed").await["audio"], true);

        alice.tell(&json!({ "do": "upgrade" })).await;
        assert_eq!(bob.until("upgrade_requested").await["call_type"], "video");
        bob.until("first_frame").await;
        bob.tell(&json!({ "do": "upgrade" })).await;
        alice.until("first_frame").await;

        alice.tell(&json!({ "do": "hold" })).await;
        bob.until("held").await;
        alice.tell(&json!({ "do": "resume" })).await;
        bob.until("resumed").await;
        bob.until_pictures_come().await;

        alice
            .tell(&json!({ "do": "add", "user": SECOND_NATIVE }))
            .await;
        bob.until("participant_added").await;
        // Of Alice and of Bob.
        carol.until("first_frame").await;
        carol.until("first_frame").await;
        bob.until("first_frame").await;
        alice.until("first_frame").await;

        alice.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(alice.end().await, 0);
        // The others stay with each other until one of them leaves, too.
        bob.until("hung_up").await;
        carol.until("hung_up").await;
        carol.until_pictures_come().await;
        bob.tell(&json!({ "do": "hang_up" })).await;
        assert_eq!(bob.end().await, 0);
        assert_eq!(carol.end().await, 0);
    })
    .await;
}

//! `--trace`, `replay` and `trace`: a call goes the same way again, and gives nothing away.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use visavis_interop_tests::cast::{login, password};
use visavis_interop_tests::program::{Program, binary};

use crate::scene::{ALICE, BOB, CAROL, Scene, in_time};

const NOTE: &str = "correct-horse";
const FILES: [&str; 3] = ["alice.trace", "bob.trace", "carol.trace"];

/// Alice calls Bob and Carol; Carol dies, and Alice hangs up. What they printed of themselves.
async fn record(scene: &Scene) -> Vec<Value> {
    let [alice, bob, carol] = FILES.map(|file| scene.path(file));
    let mut bob = scene.answer(BOB, &["--once", "--trace", &bob]).await;
    let mut carol = scene.answer(CAROL, &["--trace", &carol]).await;
    let note = format!("note={NOTE}");
    let options = ["--trace", &alice, "--user-info", &note];
    let mut alice = scene.call(ALICE, &options, &[BOB, CAROL]);
    // To each of them.
    alice.until("connected").await;
    alice.until("connected").await;
    tokio::join!(bob.until("connected"), carol.until("connected"));
    let seen = [alice.seen.clone(), bob.seen.clone(), carol.seen.clone()].concat();
    // A process that dies leaves a trace that can be read.
    carol.kill().await;
    leave(alice).await;
    leave(bob).await;
    seen
}

async fn leave(mut program: Program) {
    program.tell(&json!({ "do": "hang_up" })).await;
    program.end().await;
}

/// The exit code of a command, what it printed, and what it complained about.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(binary()).args(arguments).output();
    let output = output.expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("an exit code");
    (code, text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_is_replayed_and_drawn_and_gives_nothing_away() {
    in_time(async {
        let scene = Scene::set("trace").await;
        let seen = record(&scene).await;
        let mut private: Vec<String> = [
            NOTE,
            "127.0.0.1",
            "localhost",
            "ice-pwd",
            "fingerprint",
            "sha-256",
            "candidate:",
        ]
        .map(ToOwned::to_owned)
        .into();
        private.extend([ALICE, BOB, CAROL].map(login));
        private.extend([ALICE, BOB, CAROL].map(password));
        // Its key and its secret.
        private.extend(scene.cast.app.split(':').skip(1).map(ToOwned::to_owned));
        let addresses = seen.iter().filter_map(|line| line["jid"].as_str());
        let devices = addresses.filter_map(|address| address.split_once('/'));
        private.extend(devices.map(|(_, device)| device.to_owned()));
        assert_eq!(private.len(), 7 + 3 + 3 + 2 + 3);

        for file in FILES {
            let trace = scene.path(file);
            let text = fs::read_to_string(&trace).expect("a trace");
            for private in &private {
                assert!(!text.contains(private), "`{private}` is in {text}");
            }
            let (code, said, _) = run(&["replay", &trace]);
            assert_eq!(code, 0, "{said}");
            assert!(said.contains("gave the same"), "{said}");
            assert_eq!(run(&["trace", &trace]).0, 0);
            let picture = fs::read_to_string(trace + ".svg").expect("a picture");
            assert!(picture.ends_with("</svg>\n"));
        }
        let (_, _, warned) = run(&["replay", &scene.path("carol.trace")]);
        assert!(warned.contains("the trace breaks off"), "{warned}");
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_was_changed_is_noticed_and_what_is_none_is_refused() {
    in_time(async {
        let scene = Scene::set("changed-trace").await;
        record(&scene).await;
        let text = fs::read_to_string(scene.path("alice.trace")).expect("a trace");
        let line = 1 + text
            .lines()
            .position(|line| line.contains("Accepted"))
            .expect("one");

        let changed = scene.path("changed");
        fs::write(&changed, text.replacen("Accepted", "Rejected", 1)).expect("a file");
        let (code, said, why) = run(&["replay", &changed]);
        assert_eq!(code, 8);
        assert!(said.contains(&format!("line {line}, at ")), "{said}");
        assert!(said.contains("expected {\"Event\":{\"Rejected\""), "{said}");
        assert!(said.contains("got      {\"Event\":{\"Accepted\""), "{said}");
        assert!(why.contains("the call does not go as recorded"), "{why}");

        let broken = scene.path("broken");
        let escape = "\"at\\u001b[31m\"";
        fs::write(&broken, text.replacen("\"at_ns\"", escape, 1)).expect("a file");
        for command in ["replay", "trace"] {
            let (code, _, why) = run(&[command, &broken]);
            assert_eq!(code, 9);
            assert!(why.contains("line 2: "), "{why}");
            assert!(!why.contains('\u{1b}'), "{why:?}");
            assert_eq!(run(&[command, &scene.path("missing")]).0, 9);
        }
        scene.end().await;
    })
    .await;
}

#[test]
fn a_trace_that_cannot_be_written_is_9() {
    let (code, _, why) = run(&[
        "answer",
        "--server",
        "http://127.0.0.1:9",
        "--login",
        "user102",
        "--trace",
        "/",
    ]);
    assert_eq!(code, 9, "{why}");
    assert!(why.contains("/ cannot be written"), "{why}");
}

//! The server is killed while it works: what it has answered with success is there afterwards.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::watch;
use visavis_interop_tests::cast::{APP, Cast, NATIVE, PAGE};
use visavis_interop_tests::place::Place;
use visavis_interop_tests::program::binary;
use visavis_interop_tests::scratch::Scratch;

use crate::scene::in_time;
use crate::stranger::Stranger;

const ROUNDS: u32 = 4;

/// What the server has done at least when it is killed; each round a little more, so that different
/// moments of its work are met.
const MESSAGES: u32 = 20;
const ACCOUNTS: usize = 2;

/// Adds a user as an operator does; whether that was answered with success.
async fn add_user(data: &Path, login: &str) -> bool {
    let mut adding = Command::new(binary())
        .args(["user", "add", "--app", &APP.to_string(), "--login", login])
        .args(["--password-stdin", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = adding.stdin.take().unwrap();
    input.write_all(b"a word or two\n").await.unwrap();
    drop(input);
    adding.wait().await.unwrap().success()
}

async fn logins(data: &Path) -> BTreeSet<String> {
    let list = Command::new(binary())
        .args(["user", "list", "--app", &APP.to_string(), "--data"])
        .arg(data)
        .output()
        .await
        .unwrap();
    assert!(list.status.success());
    let words = String::from_utf8(list.stdout).unwrap();
    words.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_with_success_outlives_a_kill() {
    in_time(async {
        let scratch = Scratch::new("killed-at-work").unwrap();
        let data = scratch.path().to_owned();
        let options = [
            "--http",
            "127.0.0.1:0",
            "--relay",
            "127.0.0.1:0",
            "--kept-messages-per-user",
            "100000",
        ];
        let mut cast = Cast::gather_at(Place::Here, &data, &options).await;
        let (mut added, mut sent, mut acknowledged) = (BTreeSet::new(), 0, BTreeSet::new());
        for round in 0..ROUNDS {
            let mut writer = Stranger::enter(&cast, PAGE).await;
            writer.count_stanzas().await;
            let (written, mut seen_written) = watch::channel(0);
            let writing = tokio::spawn(async move {
                let first = sent;
                let mut taken = 0;
                while let Some(handled) = writer.write(NATIVE, sent).await {
                    assert_eq!(handled, sent - first + 1, "each is acknowledged by itself");
                    sent += 1;
                    taken = handled;
                    written.send_replace(taken);
                }
                (first..first + taken, sent + 1)
            });
            let folder = data.clone();
            let killed = Arc::new(AtomicBool::new(false));
            let over = Arc::clone(&killed);
            let (accounts, mut seen_added) = watch::channel(0);
            let adding = tokio::spawn(async move {
                let mut added = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let login = format!("round-{round}-{}", added.len());
                    if !add_user(&folder, &login).await {
                        break;
                    }
                    added.push(login);
                    accounts.send_replace(added.len());
                }
                added
            });
            let enough = MESSAGES + 7 * round;
            let wrote = seen_written.wait_for(|written| *written >= enough);
            wrote.await.expect("the server takes messages");
            let there = seen_added.wait_for(|added| *added >= ACCOUNTS);
            there.await.expect("the server adds users");
            cast.kill_server().await;
            killed.store(true, Ordering::Relaxed);
            let (taken, next) = writing.await.unwrap();
            acknowledged.extend(taken);
            sent = next;
            added.extend(adding.await.unwrap());
            cast.start_server_again().await;
        }
        let there = logins(&data).await;
        assert!(added.is_subset(&there), "{:?}", added.difference(&there));

        let mut reader = Stranger::enter(&cast, NATIVE).await;
        let came = reader.waiting().await;
        let in_order: Vec<_> = came
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        assert_eq!(came, in_order, "in order, and each once");
        let came = BTreeSet::from_iter(came);
        assert!(
            acknowledged.is_subset(&came),
            "{:?}",
            acknowledged.difference(&came)
        );
        cast.dismiss().await;
    })
    .await;
}

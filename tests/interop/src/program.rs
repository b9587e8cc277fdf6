//! Our binary as a person uses it.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::cast::{Cast, login, password};

/// A running `visavis call` or `visavis answer`.
pub struct Program {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    input: ChildStdin,
    /// Everything printed so far.
    pub seen: Vec<Value>,
}

impl Program {
    /// Starts it as this user.
    ///
    /// # Panics
    /// When the binary is missing: `cargo build -p visavis-cli` makes it.
    pub fn start(cast: &Cast, user: u32, arguments: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .args(arguments)
            .args(["--server", &cast.url, "--login", &login(user), "--json"])
            .env("VISAVIS_APP", &cast.app)
            .env("VISAVIS_PASSWORD", password(user))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary runs: `cargo build -p visavis-cli` makes it");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let input = process.stdin.take().expect("its input");
        Self {
            process,
            lines,
            input,
            seen: Vec::new(),
        }
    }

    /// Waits for an event.
    ///
    /// # Panics
    /// When it ends without; what it printed is in the message.
    pub async fn until(&mut self, event: &str) -> Value {
        while let Some(line) = self.lines.next_line().await.expect("its output") {
            let value: Value = serde_json::from_str(&line).expect("a JSON line");
            self.seen.push(value.clone());
            if value["event"] == event {
                return value;
            }
        }
        panic!("`{event}` never came; it printed {:#?}", self.seen);
    }

    /// Gives it a command.
    ///
    /// # Panics
    /// When it does not read any more.
    pub async fn tell(&mut self, command: &Value) {
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("it reads");
    }

    /// Waits until the statistics of somebody say that more pictures of him came.
    ///
    /// # Panics
    /// As [`until`](Self::until).
    pub async fn until_pictures_come(&mut self) {
        let first = self.until("stats").await;
        loop {
            let stats = self.until("stats").await;
            let frames = |stats: &Value| stats["frames_received"].as_u64();
            if stats["user"] == first["user"] && frames(&stats) > frames(&first) {
                return;
            }
        }
    }

    /// Ends it without a word to anybody.
    ///
    /// # Panics
    /// When it has ended by itself.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("it runs");
    }

    /// Waits for its end; the exit code.
    ///
    /// # Panics
    /// When it was killed.
    pub async fn end(mut self) -> i32 {
        while let Ok(Some(_)) = self.lines.next_line().await {}
        self.process
            .wait()
            .await
            .expect("it ends")
            .code()
            .expect("an exit code")
    }
}

/// The binary beside this test.
fn binary() -> PathBuf {
    let mut path = std::env::current_exe().expect("a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("visavis")
}

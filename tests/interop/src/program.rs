//! Our binary as a person uses it, and foreign programs that are told what to do and say what
//! happens in lines of JSON.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::cast::{Cast, login, password};
use crate::place::Place;

/// A step that hangs fails; nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How many new pictures of somebody show that he is seen.
const PICTURES: u64 = 15;

/// A running `visavis call` or `visavis answer`, or a foreign program.
pub struct Program {
    process: Child,
    /// Read as soon as they come: what was printed later than a moment is told from what was
    /// printed before.
    lines: UnboundedReceiver<Value>,
    input: Option<ChildStdin>,
    complaints: JoinHandle<Vec<String>>,
    /// Everything printed so far.
    pub seen: Vec<Value>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// Everything that it printed.
    pub seen: Vec<Value>,
    /// The last line on standard error; empty when there was none.
    pub complaint: String,
}

impl Ended {
    /// The names of the events, in order.
    pub fn events(&self) -> Vec<&str> {
        let names = self.seen.iter().map(|line| line["event"].as_str());
        names.map(Option::unwrap_or_default).collect()
    }

    /// The first event of this name.
    pub fn event(&self, name: &str) -> Option<&Value> {
        self.seen.iter().find(|line| line["event"] == name)
    }

    /// Whether events of these names came in this order; others may be between.
    pub fn has_in_order(&self, names: &[&str]) -> bool {
        let mut events = self.events().into_iter();
        names.iter().all(|name| events.any(|event| event == *name))
    }
}

impl Program {
    /// Starts it as this user.
    ///
    /// # Panics
    /// When the binary is missing: `cargo build -p visavis-cli` makes it.
    pub fn start(cast: &Cast, user: u32, arguments: &[&str]) -> Self {
        Self::start_at(Place::Here, cast, user, arguments)
    }

    /// Starts it somewhere as this user.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn start_at(place: Place<'_>, cast: &Cast, user: u32, arguments: &[&str]) -> Self {
        let mut command = place.command(binary());
        command
            .args(arguments)
            .args(["--server", &cast.url, "--login", &login(user), "--json"])
            .env("VISAVIS_APP", &cast.app)
            .env("VISAVIS_PASSWORD", password(user));
        Self::run(&format!("user {user}"), command)
    }

    /// Starts a program of whatever kind; `name` stands before what it complains about.
    ///
    /// # Panics
    /// When it is missing: `cargo build -p visavis-cli` makes ours, `tools/setup.sh browser`
    /// installs the others.
    pub fn run(name: &str, mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
        let output = process.stdout.take().expect("its output");
        let input = process.stdin.take().expect("its input");
        let complaints = process.stderr.take().expect("its complaints");
        let (sender, lines) = unbounded_channel();
        tokio::spawn(read(output, sender));
        Self {
            process,
            lines,
            input: Some(input),
            complaints: tokio::spawn(hear(name.to_owned(), complaints)),
            seen: Vec::new(),
        }
    }

    /// Waits for an event.
    ///
    /// # Panics
    /// When it ends without; what it printed is in the message.
    pub async fn until(&mut self, event: &str) -> Value {
        self.until_one(event, |_| true).await
    }

    /// Waits for an event that has something about it.
    ///
    /// # Panics
    /// When it ends without; what it printed is in the message.
    pub async fn until_one(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        while let Some(value) = self.next().await {
            if value["event"] == event && wanted(&value) {
                return value;
            }
        }
        panic!("`{event}` never came; it printed {:#?}", self.seen);
    }

    /// The next line that it prints; none when it has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let value = self.lines.recv().await?;
        self.seen.push(value.clone());
        Some(value)
    }

    /// What it printed so far is passed over: only what comes now is waited for.
    pub fn pass_over(&mut self) {
        while let Ok(value) = self.lines.try_recv() {
            self.seen.push(value);
        }
    }

    /// Waits until pictures of somebody have arrived from now on.
    ///
    /// # Panics
    /// As [`until`](Self::until).
    pub async fn pictures_come_from(&mut self, user: u32) {
        self.pass_over();
        let received = |stats: &Value| stats["frames_received"].as_u64().unwrap_or_default();
        let of_user = |stats: &Value| stats["user"] == user;
        let so_far = received(&self.until_one("stats", of_user).await);
        self.until_one("stats", |stats| {
            of_user(stats) && received(stats) >= so_far + PICTURES
        })
        .await;
    }

    /// Gives it a command.
    ///
    /// # Panics
    /// When it does not read any more.
    pub async fn tell(&mut self, command: &Value) {
        let input = self.input.as_mut().expect("it was not told the last word");
        input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("it reads");
    }

    /// Waits until a word reaches the other one over chat. What is said while chat is away is lost,
    /// so it is said again and again.
    ///
    /// # Panics
    /// As [`until`](Self::until).
    pub async fn until_heard_by(&mut self, other: &mut Self) {
        loop {
            self.tell(&json!({ "do": "update", "user_info": { "are": "you there" } }))
                .await;
            tokio::select! {
                _ = other.until("updated") => return,
                _ = self.until("stats") => {}
            }
        }
    }

    /// There is nothing more to tell it.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Waits for its end; the exit code.
    ///
    /// # Panics
    /// When it was killed.
    pub async fn end(self) -> i32 {
        self.ended().await.code
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it was killed.
    pub async fn ended(mut self) -> Ended {
        while self.next().await.is_some() {}
        let status = self.process.wait().await.expect("it ends");
        let complaints = self.complaints.await.expect("its complaints");
        Ended {
            code: status.code().expect("an exit code"),
            seen: self.seen,
            complaint: complaints.last().cloned().unwrap_or_default(),
        }
    }

    /// Kills it: it cannot say goodbye to anybody.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("it ends");
    }

    /// Asks it to end, with SIGTERM.
    ///
    /// # Panics
    /// When it has ended already.
    pub async fn terminate(&self) {
        terminate(self.process.id().expect("it runs")).await;
    }
}

/// Sends SIGTERM to a process.
pub(crate) async fn terminate(process: u32) {
    let id = process.to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(kill.is_ok_and(|status| status.success()), "it runs");
}

/// Reads what it prints, until it ends.
async fn read(output: ChildStdout, lines: UnboundedSender<Value>) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        let value = serde_json::from_str(&line).expect("a JSON line");
        // Nobody waits for it any more.
        let _ = lines.send(value);
    }
}

/// Shows what it complains about, and keeps it.
async fn hear(name: String, complaints: ChildStderr) -> Vec<String> {
    let mut lines = BufReader::new(complaints).lines();
    let mut heard = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{name}: {line}");
        heard.push(line);
    }
    heard
}

/// The binary beside this test.
///
/// # Panics
/// When this test has no path.
pub fn binary() -> PathBuf {
    let mut path = std::env::current_exe().expect("a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("visavis")
}

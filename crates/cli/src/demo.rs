//! `visavis demo`: a real call between processes, and a verdict on it.
//!
//! Server, caller and callee are three processes with only sockets between
//! them. The verdict is a fourth; it sees nothing but the saved files.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::exit::{Failure, Outcome, Reason};

/// How long the parts may take to come up.
const START_TIME: Duration = Duration::from_secs(60);
/// How long a process may take to end.
const END_TIME: Duration = Duration::from_secs(30);

/// The two people.
const ALICE: (&str, u32) = ("alice", 101);
const BOB: (&str, u32) = ("bob", 102);

/// Run a real call on this machine and judge it
#[derive(Debug, Args)]
pub(crate) struct DemoCommand {
    /// Machine-readable lines
    #[arg(long)]
    json: bool,
    /// Nothing goes straight: both sides use the relay only
    #[arg(long)]
    relay: bool,
    /// Length of the call in seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 8)]
    seconds: u32,
    /// Keep the saved files here instead of removing them
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl DemoCommand {
    pub(crate) async fn run(self) -> Outcome {
        let scratch = Scratch::new(self.keep.clone())?;
        let stage = Stage {
            json: self.json,
            relay: self.relay,
            program: program()?,
            folder: scratch.folder.clone(),
        };
        stage.play(self.seconds).await
    }
}

/// A folder that goes away at the end, unless it is to be kept.
struct Scratch {
    folder: PathBuf,
    keep: bool,
}

impl Scratch {
    fn new(keep: Option<PathBuf>) -> Result<Self, Failure> {
        let kept = keep.is_some();
        let folder = keep.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("visavis-demo-{}", std::process::id()))
        });
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(
                Reason::Source,
                format_args!("{}: {error}", folder.display()),
            )
        })?;
        Ok(Self { folder, keep: kept })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What stays behind is in the system's temporary folder.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::of(Reason::Usage, &error))
}

struct Stage {
    json: bool,
    relay: bool,
    program: PathBuf,
    folder: PathBuf,
}

impl Stage {
    async fn play(&self, seconds: u32) -> Outcome {
        let data = self.folder.join("server");
        self.say("adding an application and two users");
        let app = self.output(&["app", "add", "--data"], &data, None).await?;
        let app_id = app.split(':').next().unwrap_or_default().to_owned();
        for (login, id) in [ALICE, BOB] {
            let id = id.to_string();
            let arguments = [
                "user",
                "add",
                "--app",
                &app_id,
                "--login",
                login,
                "--id",
                &id,
                "--password-stdin",
                "--data",
            ];
            self.output(&arguments, &data, Some(&password(login)))
                .await?;
        }

        self.say("starting the server");
        let mut server = self.spawn(
            &[
                "serve",
                "--http",
                "127.0.0.1:0",
                "--relay",
                "127.0.0.1:0",
                "--data",
                &data.to_string_lossy(),
            ],
            &app,
            "",
        )?;
        let ready = server
            .until("the server", |line| line["ready"] == true)
            .await?;
        let url = ready["http"].as_str().unwrap_or_default().to_owned();

        self.say("bob waits for a call");
        let (bobs, alices) = (
            self.folder.join("received-by-bob"),
            self.folder.join("received-by-alice"),
        );
        let mut bob = self.person(&["answer", "--once"], &url, BOB.0, &bobs, &app)?;
        bob.until("bob", |line| line["event"] == "chat_connected")
            .await?;

        self.say("alice calls bob");
        let (seconds, bob_id) = (seconds.to_string(), BOB.1.to_string());
        let mut alice = self.person(
            &["call", "--for", &seconds, &bob_id],
            &url,
            ALICE.0,
            &alices,
            &app,
        )?;
        let (alice_end, bob_end) =
            tokio::join!(self.watch("alice", &mut alice), self.watch("bob", &mut bob));
        self.stop(server).await;
        let pairs = [alice_end?, bob_end?];
        if self.relay {
            self.say(&format!("the pairs: {}", pairs.join(", ")));
            if !pairs.iter().all(|pair| pair.starts_with("relay")) {
                return Err(Failure::new(
                    Reason::Verdict,
                    format_args!("the call was not relayed: {}", pairs.join(", ")),
                ));
            }
        }

        self.say("judging what each side saved");
        self.judge(&[&alices, &bobs]).await
    }

    /// Shows a person's events until he is done; the pair of candidates that he used last.
    async fn watch(&self, name: &str, person: &mut Actor) -> Result<String, Failure> {
        let mut pair = String::new();
        while let Ok(Some(line)) = person.lines.next_line().await {
            pair = used_pair(&parse(&line)).unwrap_or(pair);
            if self.json {
                println!(
                    "{}",
                    serde_json::json!({ "who": name, "line": parse(&line) })
                );
            } else if let Some(text) = milestone(&parse(&line)) {
                println!("  {name}: {text}");
            }
        }
        let status = timeout(END_TIME, person.process.wait())
            .await
            .map_err(|_| Failure::new(Reason::Connection, format_args!("{name} does not end")))?
            .map_err(|error| Failure::of(Reason::Connection, &error))?;
        if status.success() {
            return Ok(pair);
        }
        Err(Failure::new(
            Reason::Connection,
            format_args!("{name} ended with {status}"),
        ))
    }

    async fn judge(&self, folders: &[&Path]) -> Outcome {
        let mut command = Command::new(&self.program);
        command.arg("verdict").args(folders).kill_on_drop(true);
        if self.json {
            command.arg("--json");
        }
        let status = command
            .status()
            .await
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(
            Reason::Verdict,
            "the call is not as it should be",
        ))
    }

    fn person(
        &self,
        verb: &[&str],
        url: &str,
        login: &str,
        save: &Path,
        app: &str,
    ) -> Result<Actor, Failure> {
        let save = save.to_string_lossy();
        let mut arguments = verb.to_vec();
        arguments.extend(["--server", url, "--login", login, "--save", &save, "--json"]);
        if self.relay {
            arguments.extend(["--ice", "relay"]);
        }
        self.spawn(&arguments, app, &password(login))
    }

    fn spawn(&self, arguments: &[&str], app: &str, password: &str) -> Result<Actor, Failure> {
        let mut process = Command::new(&self.program)
            .args(arguments)
            .env("VISAVIS_APP", app)
            .env("VISAVIS_PASSWORD", password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        let stdout = process
            .stdout
            .take()
            .ok_or_else(|| Failure::new(Reason::Usage, "a process without output"))?;
        Ok(Actor {
            process,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// Runs a command to its end; its output.
    async fn output(
        &self,
        arguments: &[&str],
        data: &Path,
        input: Option<&str>,
    ) -> Result<String, Failure> {
        let mut process = Command::new(&self.program)
            .args(arguments)
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        if let (Some(input), Some(mut stdin)) = (input, process.stdin.take()) {
            stdin
                .write_all(format!("{input}\n").as_bytes())
                .await
                .map_err(|error| Failure::of(Reason::Usage, &error))?;
        }
        let output = process
            .wait_with_output()
            .await
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        if !output.status.success() {
            return Err(Failure::new(
                Reason::Usage,
                format_args!("`visavis {}` failed", arguments.join(" ")),
            ));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Asks a process to end, as an operator would.
    async fn stop(&self, mut actor: Actor) {
        if let Some(pid) = actor.process.id() {
            let kill = Command::new("kill")
                .args(["-TERM", &pid.to_string()])
                .status()
                .await;
            if kill.is_ok_and(|status| status.success()) {
                // Otherwise it is killed when dropped.
                let _ = timeout(END_TIME, actor.process.wait()).await;
            }
        }
    }

    fn say(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}

/// One process and what it prints.
struct Actor {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Actor {
    async fn until(
        &mut self,
        who: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let search = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                let value = parse(&line);
                if wanted(&value) {
                    return Some(value);
                }
            }
            None
        };
        timeout(START_TIME, search)
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Failure::new(Reason::Unreachable, format_args!("{who} does not start")))
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or(Value::Null)
}

/// Made up for this run; the server listens on loopback and lives as long as
/// the demo.
fn password(login: &str) -> String {
    format!("{login}-{}", std::process::id())
}

/// The candidates of both sides that a line of statistics names, and what leads to the relay.
fn used_pair(line: &Value) -> Option<String> {
    let local = line["local_candidate"].as_str()?;
    let remote = line["remote_candidate"].as_str()?;
    let transport = line["transport"].as_str()?;
    Some(format!("{local}/{transport} to {remote}"))
}

/// What a person watching wants to know.
fn milestone(line: &Value) -> Option<String> {
    let at = line["t"].as_f64()? / 1000.0;
    let text = match line["event"].as_str()? {
        "new_session" => format!("user {} is calling", line["user"]),
        "accepted" => format!("user {} accepted", line["user"]),
        "connected" => "connected".into(),
        "first_frame" => format!(
            "sees the first picture, {}x{}",
            line["width"], line["height"]
        ),
        "first_sound" => "hears the first sound".into(),
        "hung_up" => format!("user {} hung up", line["user"]),
        "stats" => format!(
            "{}x{} at {:.0} frames a second, {} kbit/s in, {} kbit/s out",
            line["width"],
            line["height"],
            line["fps"].as_f64()?,
            line["bitrate_in"].as_u64()? / 1000,
            line["bitrate_out"].as_u64()? / 1000,
        ),
        "closed" => "the call is closed".into(),
        _ => return None,
    };
    Some(format!("{at:7.3} s  {text}"))
}

//! The server and the people on it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use visavis_server::UnixTime;
use visavis_server::store::{ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Store};
use visavis_signal::UserId;

use crate::place::Place;
use crate::program::{binary, terminate};

/// The application's number.
pub const APP: u32 = 4242;
/// The page's user.
pub const PAGE: u32 = 101;
/// Our binary's user.
pub const NATIVE: u32 = 102;
/// The user of a second page.
pub const SECOND_PAGE: u32 = 103;
/// The user of a second program of ours.
pub const SECOND_NATIVE: u32 = 104;

/// A running server with one application and its users.
pub struct Cast {
    process: Child,
    data: PathBuf,
    /// The server's options and their values, but for `--http` and `--relay`.
    options: Vec<String>,
    ready: Value,
    /// Where the server is reached: its `https://` address, otherwise its `http://` one.
    pub url: String,
    /// The application as `ID:KEY:SECRET`.
    pub app: String,
}

impl Cast {
    /// Starts a server on free ports of the loopback, its data in `folder`.
    ///
    /// # Panics
    /// When the server does not start: there is no test without it.
    pub async fn gather(folder: &Path) -> Self {
        let listeners = ["--http", "127.0.0.1:0", "--relay", "127.0.0.1:0"];
        Self::gather_at(Place::Here, folder, &listeners).await
    }

    /// Starts a server somewhere, with these listeners and other options, each with its value.
    ///
    /// # Panics
    /// When the server does not start.
    pub async fn gather_at(place: Place<'_>, folder: &Path, listeners: &[&str]) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let app = people(folder);
        let (process, ready) = serve(place, folder, listeners).await;
        let url = ["https", "http"]
            .iter()
            .find_map(|name| ready[name].as_str());
        let url = url.expect("an address").to_owned();
        Self {
            process,
            data: folder.to_owned(),
            options: listeners
                .chunks(2)
                .filter(|option| !["--http", "--relay"].contains(&option[0]))
                .flat_map(|option| option.iter().map(|word| (*word).to_owned()))
                .collect(),
            ready,
            url,
            app,
        }
    }

    /// Kills the server: it cannot say goodbye to anybody.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn kill_server(&mut self) {
        self.process.kill().await.expect("it ends");
    }

    /// Starts a server that was killed again, on the same ports of the loopback and with what it
    /// had stored.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_server_again(&mut self) {
        let http = self.url.trim_start_matches("http://").to_owned();
        let relay = self.ready["relay"].as_str().expect("an address").to_owned();
        let mut listeners = vec!["--http", &http, "--relay", &relay];
        listeners.extend(self.options.iter().map(String::as_str));
        (self.process, self.ready) = serve(Place::Here, &self.data, &listeners).await;
    }

    /// What the server says of itself when it is ready, by its name there.
    ///
    /// # Panics
    /// When it says nothing of that.
    pub fn ready(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("the server says it")
    }

    /// Where chat is spoken over WebSocket.
    ///
    /// # Panics
    /// When it is not.
    pub fn chat(&self) -> &str {
        self.ready("ws")
    }

    /// The server's STUN address, `stun:host:port`.
    pub fn stun(&self) -> Option<String> {
        let relay = self.ready["relay"].as_str()?;
        Some(format!("stun:{relay}"))
    }

    /// What a page needs to know to play `user` towards `peer`.
    pub fn task(&self, name: &str, role: &str, user: u32, peer: u32) -> Value {
        json!({
            "name": name,
            "role": role,
            "ws": self.ready["ws"],
            "domain": self.ready["domain"],
            "app": APP,
            "user": user,
            "peer": peer,
            "password": password(user),
        })
    }

    /// Asks the server to end, and waits for it.
    ///
    /// # Panics
    /// When it does not end well, unless it was killed.
    pub async fn dismiss(mut self) {
        if let Some(id) = self.process.id() {
            terminate(id).await;
            let status = self.process.wait().await.expect("it ends");
            assert!(status.success(), "the server ended with {status}");
        }
    }
}

/// Starts `visavis serve`; the process, and the line that it prints when it is ready.
async fn serve(place: Place<'_>, data: &Path, listeners: &[&str]) -> (Child, Value) {
    let mut process = place
        .command(binary())
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(listeners)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary runs: `cargo build -p visavis-cli` makes it");
    let output = process.stdout.take().expect("its output");
    let line = BufReader::new(output).lines().next_line().await;
    let line = line.expect("its output").expect("a line when it is ready");
    (process, serde_json::from_str(&line).expect("a JSON line"))
}

/// Adds the application and its users; the application as `ID:KEY:SECRET`.
fn people(folder: &Path) -> String {
    let mut store = Store::open(folder).expect("a store");
    let new = NewApplication {
        id: Some(ApplicationId(APP)),
        ..NewApplication::default()
    };
    let app = store
        .add_application(&new, UnixTime::now())
        .expect("an application");
    for user in [PAGE, NATIVE, SECOND_PAGE, SECOND_NATIVE] {
        let new = NewUser {
            id: Some(UserId(user)),
            login: login(user),
            password: PasswordHash::new(&password(user)).expect("a password"),
            profile: Profile::new(),
        };
        store
            .add_user(ApplicationId(APP), &new, UnixTime::now())
            .expect("a user");
    }
    format!("{}:{}:{}", app.id, app.key, app.secret.reveal())
}

/// A user's login.
pub fn login(user: u32) -> String {
    format!("user{user}")
}

/// A user's password.
pub fn password(user: u32) -> String {
    format!("password of {user}")
}

//! A server as its operator sees it: commands beside it, signals, logs.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use visavis_interop_tests::program::binary;

/// A folder that is removed again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visavis-operation-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Serving {
    process: Child,
    ready: Value,
}

/// Starts a server that logs as JSON.
fn serve(data: &Path, more: &[&str]) -> Serving {
    let mut process = Command::new(binary())
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--http", "127.0.0.1:0", "--relay", "off"])
        .args(["--log", "info", "--log-format", "json"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = process.stdout.as_mut().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    Serving {
        process,
        ready: serde_json::from_str(&line).unwrap(),
    }
}

impl Serving {
    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Its exit code, if it has one, and everything that it logged.
    fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let mut text = String::new();
        let errors = self.process.stderr.as_mut().unwrap();
        errors.read_to_string(&mut text).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines = lines.collect();
        (self.process.wait().unwrap().code(), lines)
    }
}

impl Drop for Serving {
    /// A test that fails leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(data: &Path, command: &str) -> Output {
    Command::new(binary())
        .args(command.split(' '))
        .arg("--data")
        .arg(data)
        .env("VISAVIS_PASSWORD", "a password")
        .output()
        .unwrap()
}

/// Every command about accounts, and some that cannot be carried out: what
/// each printed, and its exit code.
fn all_commands(data: &Path) -> Vec<(String, Option<i32>, String, String)> {
    let csv = data.join("users.csv");
    let csv = csv.to_str().unwrap();
    fs::write(
        csv,
        "login,password,name\nbob,secret12,Bob\ncarol,secret12,\n",
    )
    .unwrap();
    let twice = data.join("twice.csv");
    fs::write(&twice, "login,password\ndave,secret12\nann,secret12\n").unwrap();
    let commands = [
        "app add --id 7 --key k".to_owned(),
        "app add --id 7".to_owned(),
        "app add --sign-up".to_owned(),
        "app list".to_owned(),
        "user add --app 7 --login ann --name Ann".to_owned(),
        "user add --app 7 --login ann".to_owned(),
        "user add --app 9 --login ann".to_owned(),
        "user add --app 7 --login x --id 0".to_owned(),
        format!("user import --app 7 {csv}"),
        format!("user import --app 7 {}", twice.display()),
        "user list --app 7".to_owned(),
        "user list --app 9".to_owned(),
        "user remove --app 7 1".to_owned(),
        "user remove --app 7 1".to_owned(),
        "app remove 7".to_owned(),
        "app remove 7".to_owned(),
        "app list".to_owned(),
    ];
    let said = commands.into_iter().map(|command| {
        let output = run(data, &command);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        // Secrets and keys that are made up differ.
        let made_up = |line: &str| match line.splitn(3, ':').collect::<Vec<_>>()[..] {
            [id, "k", _] => format!("{id}:k:…"),
            [id, _, ..] if id.parse::<u32>().is_ok() => format!("{id}:…"),
            _ => line.to_owned(),
        };
        let printed = text(output.stdout);
        let printed = printed.lines().map(made_up).collect::<Vec<_>>().join("\n");
        let command = command.split('/').next().unwrap().to_owned();
        (command, output.status.code(), printed, text(output.stderr))
    });
    said.collect()
}

fn messages(log: &[Value]) -> Vec<&str> {
    let messages = log.iter().filter_map(|line| line["message"].as_str());
    messages.collect()
}

#[test]
fn commands_say_the_same_whether_a_server_runs_or_not() {
    let (with, without) = (Folder::new("with"), Folder::new("without"));
    let server = serve(&with.0, &[]);
    let served = all_commands(&with.0);
    assert_eq!(served, all_commands(&without.0));
    let codes: Vec<_> = served.iter().filter_map(|(_, code, ..)| *code).collect();
    assert_eq!(codes, [0, 2, 0, 0, 0, 2, 2, 2, 0, 2, 0, 0, 0, 2, 0, 2, 0]);

    server.signal("TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    let said = messages(&log);
    for message in [
        "the operator added an application",
        "the operator imported users",
        "the operator removed a user",
    ] {
        assert!(said.contains(&message), "{said:?}");
    }
}

#[test]
fn what_a_killed_server_left_is_noticed() {
    let folder = Folder::new("killed");
    let server = serve(&folder.0, &[]);
    server.signal("KILL");
    let (code, _) = server.end();
    assert_eq!(code, None);
    let left = fs::read_to_string(folder.0.join("admin.json")).unwrap();
    assert!(left.contains("address"));
    assert_eq!(run(&folder.0, "app add --id 7").status.code(), Some(0));

    // Nor does a server without the listener bother anybody.
    let server = serve(&folder.0, &["--admin", "off"]);
    assert_eq!(server.ready["admin"], Value::Null);
    assert_eq!(run(&folder.0, "app remove 7").status.code(), Some(0));
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_hang_up_renews_the_certificate_and_ends_nothing() {
    let folder = Folder::new("hang-up");
    let certificates =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/server/tests/certificates");
    let [cert, key] = ["localhost.pem", "localhost.key"].map(|name| {
        let to = folder.0.join(name);
        fs::copy(certificates.join(name), &to).unwrap();
        to.to_str().unwrap().to_owned()
    });
    let server = serve(
        &folder.0,
        &["--https", "127.0.0.1:0", "--cert", &cert, "--key", &key],
    );
    server.signal("HUP");
    // Whoever is answered now was asked after the signal.
    assert_eq!(run(&folder.0, "app list").status.code(), Some(0));
    server.signal("TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    let said = messages(&log);
    assert!(said.contains(&"the certificate was read again"), "{said:?}");
}

/// A connection to one of a server's listeners.
fn connect(server: &Serving, listener: &str) -> TcpStream {
    let url = server.ready[listener].as_str().unwrap();
    TcpStream::connect(url.trim_start_matches("http://")).unwrap()
}

/// The first line of the answer to `GET /readyz` on the admin listener.
fn readiness(server: &Serving) -> String {
    let mut socket = connect(server, "admin");
    socket
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn whoever_asks_twice_does_not_wait() {
    let folder = Folder::new("twice");
    let times = ["--shutdown-spread", "--shutdown-time", "--request-time"];
    let times = times.map(|option| [option, "100000"]).concat();
    let server = serve(&folder.0, &times);
    // A request whose body never comes.
    let mut socket = connect(&server, "http");
    let head = b"POST /session.json HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    socket.write_all(head).unwrap();
    assert_eq!(readiness(&server), "HTTP/1.1 200 OK");
    let mut server = server;
    server.signal("TERM");
    // Two signals at the same moment would be one.
    let mut errors = BufReader::new(server.process.stderr.as_mut().unwrap());
    let mut line = String::new();
    while !line.contains("shutting down") {
        line.clear();
        assert_ne!(errors.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    server.signal("TERM");
    assert_eq!(server.process.wait().unwrap().code(), Some(0));
    drop(socket);
}

//! `visavis doctor`: its exit codes, and what it finds wrong with a server.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use visavis_interop_tests::cast::{Cast, login, password};
use visavis_interop_tests::program::binary;
use visavis_interop_tests::scratch::Scratch;

fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {output:?}"))
}

fn examine(cast: &Cast, server: &str, password: &str) -> Output {
    Command::new(binary())
        .args([
            "doctor",
            "--json",
            "--server",
            server,
            "--login",
            &login(101),
        ])
        .env("VISAVIS_APP", &cast.app)
        .env("VISAVIS_PASSWORD", password)
        .output()
        .unwrap()
}

#[tokio::test]
async fn the_exit_code_is_the_verdict() {
    let scratch = Scratch::new("doctor").unwrap();
    let cast = Cast::gather(scratch.path()).await;
    let well = examine(&cast, &cast.url, &password(101));
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    let well = object(&well);
    assert_eq!(
        (&well["works"], &well["verdict"]),
        (&true.into(), &"works".into())
    );
    assert_eq!(well["findings"], Value::Array(Vec::new()));
    let refused = examine(&cast, &cast.url, "wrong");
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert_eq!(object(&refused)["findings"][0]["finding"], "login_refused");
    let nobody = examine(&cast, "http://127.0.0.1:9", &password(101));
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("cannot be reached"));
    cast.dismiss().await;
}

/// A server as an operator sets it up, with free ports.
struct Operated {
    _scratch: Scratch,
    folder: PathBuf,
    options: Vec<(&'static str, String)>,
    server: Option<Child>,
    trusts: bool,
}

impl Operated {
    fn new(name: &str, days: &str) -> Self {
        let scratch = Scratch::new(&format!("operator-{name}")).unwrap();
        let folder = scratch.path().to_owned();
        certify(&folder, days);
        let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
        let options = vec![
            ("data", path("data")),
            ("public", "localhost".to_owned()),
            ("http", "off".to_owned()),
            ("https", format!("0.0.0.0:{}", free())),
            ("relay", format!("0.0.0.0:{}", free())),
            ("cert", path("cert.pem")),
            ("key", path("key.pem")),
        ];
        Self {
            _scratch: scratch,
            folder,
            options,
            server: None,
            trusts: true,
        }
    }

    fn set(&mut self, name: &'static str, value: Option<String>) {
        self.options.retain(|(option, _)| *option != name);
        self.options.extend(value.map(|value| (name, value)));
    }

    /// Writes the configuration; where.
    fn file(&self) -> PathBuf {
        let lines = self.options.iter();
        let lines = lines.map(|(name, value)| format!("{name} = '{value}'\n"));
        let path = self.folder.join("visavis.toml");
        std::fs::write(&path, lines.collect::<String>()).unwrap();
        path
    }

    fn start(&mut self) {
        let mut server = Command::new(binary())
            .args(["serve", "--config"])
            .arg(self.file())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let output = server.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut ready).unwrap();
        assert!(ready.contains("\"ready\":true"), "{ready}");
        self.server = Some(server);
    }

    fn examine(&self) -> Output {
        let mut command = Command::new(binary());
        command
            .args(["doctor", "--operator", "--json", "--config"])
            .arg(self.file());
        if self.trusts {
            command.arg("--trust").arg(self.folder.join("cert.pem"));
        }
        command.output().unwrap()
    }
}

impl Drop for Operated {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A certificate for `localhost` that ends in so many days.
fn certify(folder: &Path, days: &str) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-noenc",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-days",
            days,
        ])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{made:?}");
}

/// A port that nobody has, neither for connections nor for datagrams.
fn free() -> u16 {
    loop {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        if UdpSocket::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

const FAULTS: [&str; 9] = [
    "not_running",
    "only_this_machine",
    "no_encryption",
    "no_relay",
    "name_unknown",
    "tcp_closed",
    "certificate_refused",
    "certificate_ends",
    "udp_closed",
];

/// A server with exactly this wrong, examined.
fn examined(fault: &str) -> Output {
    let days = if fault == "certificate_ends" {
        "3"
    } else {
        "400"
    };
    let mut operated = Operated::new(fault, days);
    match fault {
        "only_this_machine" => {
            for name in ["public", "https", "cert", "key"] {
                operated.set(name, None);
            }
            operated.set("http", Some("127.0.0.1:0".to_owned()));
            operated.set("relay", Some("127.0.0.1:0".to_owned()));
        }
        "no_encryption" => {
            for name in ["public", "https", "cert", "key"] {
                operated.set(name, None);
            }
            operated.set("http", Some(format!("0.0.0.0:{}", free())));
        }
        "no_relay" => operated.set("relay", Some("off".to_owned())),
        "name_unknown" => operated.set("public", Some("nowhere.invalid".to_owned())),
        "certificate_refused" => operated.trusts = false,
        _ => {}
    }
    if fault != "not_running" {
        operated.start();
    }
    // The name leads elsewhere.
    match fault {
        "tcp_closed" => operated.set("https", Some(format!("0.0.0.0:{}", free()))),
        "udp_closed" => operated.set("relay", Some(format!("0.0.0.0:{}", free()))),
        _ => {}
    }
    operated.examine()
}

/// Prints the confusion matrix.
#[test]
fn exactly_what_is_wrong_with_a_server_is_found() {
    let mut wrong = Vec::new();
    for fault in FAULTS.iter().copied().chain(["nothing"]) {
        let output = examined(fault);
        let object = object(&output);
        let findings = object["findings"].as_array().unwrap().iter();
        let found: Vec<_> = findings
            .map(|finding| finding["finding"].as_str().unwrap())
            .collect();
        let marks = FAULTS.map(|column| if found.contains(&column) { "X" } else { "." });
        println!(
            "{fault:<20} {}  exit {:?}",
            marks.join(" "),
            output.status.code()
        );
        let expected: &[&str] = if fault == "nothing" { &[] } else { &[fault] };
        let fatal = [
            "not_running",
            "name_unknown",
            "tcp_closed",
            "certificate_refused",
        ];
        let code = if fatal.contains(&fault) { 3 } else { 0 };
        if found != expected || output.status.code() != Some(code) {
            wrong.push((fault, found.join(" "), output.status.code()));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn an_operator_is_told_which_ports_to_open() {
    let operated = Operated::new("ports", "400");
    let output = operated.examine();
    let object = object(&output);
    let ports = object["ports"].as_array().unwrap().iter();
    let ports: Vec<_> = ports
        .map(|port| port["open"].as_str().unwrap().to_owned())
        .collect();
    let port = |name: &str| {
        let (_, value) = operated
            .options
            .iter()
            .find(|(option, _)| *option == name)
            .unwrap();
        value.rsplit(':').next().unwrap().to_owned()
    };
    assert_eq!(
        ports,
        [
            format!("TCP {}", port("https")),
            format!("UDP {}", port("relay")),
            "UDP 49152-65535".to_owned(),
        ]
    );
}

#[test]
fn a_configuration_that_cannot_be_used_is_named() {
    let mut operated = Operated::new("unusable", "400");
    operated.set("key", None);
    let output = operated.examine();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("cert needs key"),
        "{output:?}"
    );
}

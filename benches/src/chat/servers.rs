//! The servers that are compared, each an instance of its own on free ports of
//! the loopback, with its data in a folder that goes away.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use visavis_interop_tests::program::binary;
use visavis_load::{People, Person, Roots, StartTls, Target};
use visavis_server::UnixTime;
use visavis_server::store::{ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Store};

use crate::error::BenchError;
use crate::machine;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

const PASSWORD: &str = "secret";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Ours,
    Ejabberd,
    Prosody,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Tcp,
    Tls,
    WebSocket,
    SecureWebSocket,
}

impl Way {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::WebSocket => "WebSocket",
            Self::SecureWebSocket => "WebSocket over TLS",
        }
    }
}

/// A running server; dropping it ends it.
pub(super) struct Server {
    kind: Kind,
    process: Child,
    folder: PathBuf,
    ports: Ports,
    people: People,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    tcp: u16,
    tls: u16,
    ws: u16,
    wss: u16,
}

impl Ports {
    /// Free ones.
    fn find() -> Result<Self, BenchError> {
        let listeners: Vec<TcpListener> = (0..4)
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<_, _>>()?;
        let port = |at: usize| listeners[at].local_addr().map(|address| address.port());
        Ok(Self {
            tcp: port(0)?,
            tls: port(1)?,
            ws: port(2)?,
            wss: port(3)?,
        })
    }
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "visavis",
            Self::Ejabberd => "ejabberd",
            Self::Prosody => "Prosody",
        }
    }

    /// What is installed.
    pub(super) fn version(self) -> String {
        match self {
            Self::Ours => machine::output(&binary().to_string_lossy(), &["--version"]),
            Self::Ejabberd => machine::output("dpkg-query", &["-W", "ejabberd"]),
            Self::Prosody => machine::output("dpkg-query", &["-W", "prosody"]),
        }
    }

    /// Starts one with so many users, its data in a new folder in `parent`.
    pub(super) async fn start(self, parent: &Path, users: usize) -> Result<Server, BenchError> {
        let folder = parent.join(self.name());
        fs::create_dir_all(&folder)?;
        let ports = Ports::find()?;
        let people = match self {
            Self::Ours => our_users(&folder, users)?,
            Self::Ejabberd | Self::Prosody => {
                let login = "user{}".to_owned();
                People::pattern(login, PASSWORD.to_owned(), 1)
                    .map_err(|error| BenchError::Client(error.into()))?
            }
        };
        let mut command = match self {
            Self::Ours => ours(&folder, ports),
            Self::Ejabberd => ejabberd(&folder, ports, users)?,
            Self::Prosody => prosody(&folder, ports, users)?,
        };
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Server {
            kind: self,
            process,
            folder,
            ports,
            people,
        };
        server.wait().await?;
        Ok(server)
    }
}

impl Server {
    /// Waits until it takes connections and its users are there.
    async fn wait(&mut self) -> Result<(), BenchError> {
        let kind = self.kind;
        let begin = Instant::now();
        let ready = self.folder.join("ready");
        let listening = [
            self.ports.tcp,
            self.ports.tls,
            self.ports.ws,
            self.ports.wss,
        ];
        while begin.elapsed() < START {
            if self.process.try_wait()?.is_some() {
                return Err(BenchError::Ended { who: kind.name() });
            }
            let mut there = kind != Kind::Ejabberd || ready.exists();
            for port in listening {
                there &= TcpStream::connect(("127.0.0.1", port)).await.is_ok();
            }
            if there {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(BenchError::Silent {
            event: "ready",
            after: START,
        })
    }

    pub(super) const fn name(&self) -> &'static str {
        self.kind.name()
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    pub(super) fn people(&self) -> People {
        self.people.clone()
    }

    pub(super) fn target(&self, way: Way) -> Result<Target, BenchError> {
        let Ports { tcp, tls, ws, wss } = self.ports;
        let url = match way {
            Way::Tcp => format!("tcp://127.0.0.1:{tcp}"),
            Way::Tls => format!("tls://127.0.0.1:{tls}"),
            Way::WebSocket => format!("ws://127.0.0.1:{ws}/ws"),
            Way::SecureWebSocket => format!("wss://127.0.0.1:{wss}/ws"),
        };
        let certificate = certificate("localhost.pem");
        let roots = Roots::File(&certificate);
        Target::new(&url, Some("localhost"), StartTls::Never, roots, Vec::new())
            .map_err(|error| BenchError::Client(error.into()))
    }

    pub(super) async fn stop(mut self) -> Result<(), BenchError> {
        self.process.kill().await?;
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// The certificates of the tests.
fn certificate(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/tests/certificates");
    folder.join(file)
}

fn ours(folder: &Path, ports: Ports) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").arg("--data").arg(folder);
    for (option, port) in [
        ("--xmpp", ports.tcp),
        ("--xmpps", ports.tls),
        ("--http", ports.ws),
        ("--https", ports.wss),
    ] {
        command.args([option, &format!("127.0.0.1:{port}")]);
    }
    command
        .arg("--cert")
        .arg(certificate("localhost.pem"))
        .arg("--key")
        .arg(certificate("localhost.key"))
        .args(["--relay", "off", "--stanzas-per-second", "1000000"])
        .args(["--stanzas-per-second-per-user", "off"])
        .args([
            "--connections",
            "50000",
            "--connections-per-address",
            "50000",
        ]);
    command
}

/// Users with sessions, as apps have them: they log in by token.
fn our_users(folder: &Path, users: usize) -> Result<People, BenchError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| BenchError::Client(error);
    let mut store = Store::open(folder).map_err(|error| failed(error.into()))?;
    let now = UnixTime::now();
    let application = ApplicationId(1);
    let new = NewApplication {
        id: Some(application),
        key: None,
        secret: None,
        sign_up: false,
    };
    store
        .add_application(&new, now)
        .map_err(|error| failed(error.into()))?;
    let password = PasswordHash::new(PASSWORD).map_err(|error| failed(error.into()))?;
    let mut people = Vec::new();
    for number in 0..users {
        let new = NewUser {
            id: None,
            login: format!("user{number}"),
            password: password.clone(),
            profile: Profile::new(),
        };
        let user = store
            .add_user(application, &new, now)
            .map_err(|error| failed(error.into()))?;
        let (token, _) = store
            .create_session(application, Some(user.id), number as i64, 0, now)
            .map_err(|error| failed(error.into()))?;
        people.push(Person {
            login: format!("{}-1", user.id),
            password: token.reveal().to_owned(),
        });
    }
    Ok(People::Listed(people))
}

/// Limits are off, and its schedulers do not spin while there is nothing to do.
fn ejabberd(folder: &Path, ports: Ports, users: usize) -> Result<Command, BenchError> {
    let both = [
        fs::read(certificate("localhost.pem"))?,
        fs::read(certificate("localhost.key"))?,
    ];
    fs::write(folder.join("both.pem"), both.concat())?;
    let config = folder.join("ejabberd.yml");
    fs::write(
        &config,
        fill_in(include_str!("ejabberd.yml"), folder, ports),
    )?;
    let add_users = format!(
        "{{ok, _}} = application:ensure_all_started(ejabberd), \
         lists:foreach(fun(N) -> ok = ejabberd_auth:try_register(\
         <<\"user\", (integer_to_binary(N))/binary>>, <<\"localhost\">>, <<\"{PASSWORD}\">>) end, \
         lists:seq(1, {users})), ok = file:write_file(\"{}/ready\", \"\").",
        folder.display()
    );
    let mut command = Command::new("erl");
    command
        .env("ERL_LIBS", libraries())
        .env("EJABBERD_CONFIG_PATH", config)
        .env("EJABBERD_LOG_PATH", folder.join("log"))
        .env("ERL_MAX_PORTS", "32000")
        .env("HOME", folder)
        .args(["-noinput", "+K", "true", "+P", "250000"])
        .args(["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"])
        .arg("-mnesia")
        .args(["dir", &format!("\"{}/db\"", folder.display())])
        .args(["-s", "ejabberd", "-eval", &add_users]);
    Ok(command)
}

/// Where Debian has Erlang's libraries that are not Erlang's own.
fn libraries() -> String {
    format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH)
}

fn prosody(folder: &Path, ports: Ports, users: usize) -> Result<Command, BenchError> {
    let accounts = folder.join("data/localhost/accounts");
    fs::create_dir_all(&accounts)?;
    for number in 1..=users {
        let account = format!("return {{ [\"password\"] = \"{PASSWORD}\"; }};");
        fs::write(accounts.join(format!("user{number}.dat")), account)?;
    }
    let config = folder.join("prosody.cfg.lua");
    fs::write(&config, fill_in(include_str!("prosody.lua"), folder, ports))?;
    let mut command = Command::new("prosody");
    command.arg("-F").arg("--config").arg(config);
    Ok(command)
}

fn fill_in(config: &str, folder: &Path, ports: Ports) -> String {
    let certificate = |file| certificate(file).display().to_string();
    [
        ("FOLDER", folder.display().to_string()),
        ("CERTIFICATE", certificate("localhost.pem")),
        ("KEY", certificate("localhost.key")),
        ("TCP", ports.tcp.to_string()),
        ("TLS", ports.tls.to_string()),
        ("WSS", ports.wss.to_string()),
        ("WS", ports.ws.to_string()),
    ]
    .iter()
    .fold(config.to_owned(), |config, (name, value)| {
        config.replace(name, value)
    })
}

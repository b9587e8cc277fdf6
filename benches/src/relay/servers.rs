//! The servers that are compared, each an instance of its own on free ports of the loopback.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tokio::process::{Child, Command};
use visavis_interop_tests::program::binary;
use visavis_load::turn::{Method, RelayUsers, Route};
use visavis_server::store::Store;
use visavis_server::turn::{Credentials, Secret};

use crate::error::BenchError;
use crate::machine;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

const SECRET: &str = "a secret for coturn alone";

/// A binding request (RFC 8489 section 5). The forwarder takes it for the address of a peer that
/// cannot be read, and sends it back.
const BINDING: [u8; 20] = [
    0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
];

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Ours,
    Coturn,
    Forwarder,
}

/// A running server; dropping it ends it.
pub(super) struct Server {
    pub(super) kind: Kind,
    process: Child,
    folder: PathBuf,
    address: SocketAddr,
    users: RelayUsers,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "visavis",
            Self::Coturn => "coturn",
            Self::Forwarder => "forwarder",
        }
    }

    /// What is installed.
    pub(super) fn version(self) -> String {
        match self {
            Self::Ours => machine::output(&binary().to_string_lossy(), &["--version"]),
            Self::Coturn => machine::output("dpkg-query", &["-W", "coturn"]),
            Self::Forwarder => "a forwarder of the same batches".to_owned(),
        }
    }

    /// The forwarder knows no allocations: it has nothing to do with each other, and one way to
    /// write a packet.
    pub(super) fn can(self, route: Route, method: Method) -> bool {
        self != Self::Forwarder || (route, method) == (Route::Echo, Method::Channels)
    }

    /// Starts one, its data in a new folder in `parent`.
    pub(super) async fn start(self, parent: &Path) -> Result<Server, BenchError> {
        let folder = parent.join(self.name());
        fs::create_dir_all(&folder)?;
        let address = free()?;
        let mut users = RelayUsers::Issued(Secret::new(SECRET.as_bytes()));
        let mut command = match self {
            Self::Ours => {
                let mut store =
                    Store::open(&folder).map_err(|error| BenchError::Client(error.into()))?;
                let secret = store.relay_secret();
                let secret = secret.map_err(|error| BenchError::Client(error.into()))?;
                users = RelayUsers::Issued(Secret::new(secret));
                ours(&folder, address)
            }
            Self::Coturn => coturn(&folder, address)?,
            Self::Forwarder => {
                users = RelayUsers::One(Credentials {
                    username: String::new(),
                    password: String::new(),
                });
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["forwarder", &address.to_string()]);
                command
            }
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
            address,
            users,
        };
        server.wait().await?;
        Ok(server)
    }
}

impl Server {
    /// Waits until it answers.
    async fn wait(&mut self) -> Result<(), BenchError> {
        let begin = Instant::now();
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(self.address)?;
        socket.set_nonblocking(true)?;
        while begin.elapsed() < START {
            if self.process.try_wait()?.is_some() {
                let who = self.kind.name();
                return Err(BenchError::Ended { who });
            }
            // Refused until somebody listens.
            let _ = socket.send(&BINDING);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if socket.recv(&mut [0; 200]).is_ok() {
                return Ok(());
            }
        }
        Err(BenchError::Silent {
            event: self.kind.name(),
            after: START,
        })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    pub(super) fn users(&self) -> RelayUsers {
        self.users.clone()
    }

    pub(super) async fn stop(mut self) -> Result<(), BenchError> {
        self.process.kill().await?;
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// An address that nobody has, neither for UDP nor for TCP.
fn free() -> Result<SocketAddr, BenchError> {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
}

fn ours(folder: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary());
    command
        .arg("serve")
        .arg("--data")
        .arg(folder)
        .args(["--relay", &address.to_string(), "--http", "127.0.0.1:0"])
        .args(["--relay-challenges-per-second", "100000"]);
    command
}

/// Without anything that the measured way does not need.
fn coturn(folder: &Path, address: SocketAddr) -> Result<Command, BenchError> {
    let config = folder.join("turnserver.conf");
    let (ip, port) = (address.ip(), address.port());
    let folder = folder.display();
    fs::write(
        &config,
        format!(
            "listening-ip={ip}\nrelay-ip={ip}\nlistening-port={port}\nrealm=localhost\n\
             use-auth-secret\nstatic-auth-secret={SECRET}\nallow-loopback-peers\nno-cli\nno-tls\n\
             no-dtls\nno-tcp\nno-stdout-log\nlog-file=/dev/null\npidfile={folder}/pid\n\
             userdb={folder}/users\n"
        ),
    )?;
    let mut command = Command::new("turnserver");
    command.arg("-c").arg(config);
    Ok(command)
}

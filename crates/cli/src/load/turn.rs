//! `visavis load turn`.

use std::fs;
use std::io::{self, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use visavis_load::turn::{MAX_PACKET, MIN_PACKET, Method, Pace, Plan, RelayUsers, Route, run};
use visavis_server::turn::{Credentials, Secret};

use crate::exit::{Failure, Outcome, Reason};
use crate::load::{failure, judge, print, rate};
use crate::login::password;

/// The port of TURN (RFC 8656 section 3).
const PORT: u16 = 3478;
/// Most seconds of packets: permissions last for five minutes and are not renewed.
const MOST_SECONDS: i64 = 280;

/// Allocations and packets for any TURN server, over UDP
///
/// Makes allocations, and lets each send packets to a socket of this program that sends them back,
/// or to another allocation (--pairs). Every packet has a number and a checksum: what is lost,
/// doubled, damaged or brought to somebody else is counted, and makes the exit code 8.
///
/// Peers are on the address from which this program reaches the server, which the server has to
/// allow: coturn on loopback needs `allow-loopback-peers`.
#[derive(Debug, Args)]
pub(crate) struct TurnCommand {
    /// Where the server is: HOST, HOST:PORT or turn:HOST:PORT
    #[arg(
        long,
        value_name = "ADDR",
        required_unless_present = "ice_servers",
        conflicts_with = "ice_servers"
    )]
    server: Option<String>,
    /// The user; the password comes from VISAVIS_PASSWORD
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present_any = ["secret_file", "ice_servers"],
        conflicts_with_all = ["secret_file", "ice_servers"]
    )]
    username: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// A file with the secret that the server shares with whoever issues credentials: users are made
    /// from it, one for 16 allocations (coturn: `static-auth-secret`)
    #[arg(long, value_name = "FILE", conflicts_with = "ice_servers")]
    secret_file: Option<PathBuf>,
    /// A file with the answer of a visavis server's `GET /ice_servers.json`, which tells server and
    /// user; - for standard input
    #[arg(long, value_name = "FILE")]
    ice_servers: Option<PathBuf>,

    /// Allocations
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    allocations: u32,
    /// Packets go from allocation to allocation, not to a peer and back
    #[arg(long)]
    pairs: bool,
    /// How packets go between client and server
    #[arg(long, value_enum, default_value = "channels", value_name = "HOW")]
    by: By,
    /// Bytes of a packet, 24 to 65000
    #[arg(long, value_name = "BYTES", default_value_t = 1000, value_parser = size)]
    size: usize,
    /// Packets a second of all allocations together, sent at their moment whatever became of the
    /// others; if not given, one is sent when another has arrived
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// Packets that are under way at a time without --rate, in all allocations together; one of each
    /// at least
    #[arg(long, value_name = "N", default_value_t = 64, conflicts_with = "rate")]
    in_flight: usize,
    /// How long packets are sent; 0 for allocations only
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=MOST_SECONDS as u64))]
    seconds: u64,

    /// How long an answer, or a packet that does not come, is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    patience: u64,
    /// The process of the server, to tell its processor time and memory
    #[arg(long, value_name = "N")]
    pid: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// How packets go between client and server.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Channels,
    Indications,
}

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse::<usize>().map_err(|error| error.to_string())?;
    let fits = (MIN_PACKET..=MAX_PACKET).contains(&size);
    fits.then_some(size)
        .ok_or_else(|| format!("from {MIN_PACKET} to {MAX_PACKET} bytes"))
}

impl TurnCommand {
    pub(super) fn run(self) -> Outcome {
        let json = self.json;
        let report = run(&self.plan()?).map_err(|error| failure(&error))?;
        print(&report, json)?;
        judge(&report.failures())
    }

    fn plan(self) -> Result<Plan, Failure> {
        let (server, users) = match &self.ice_servers {
            Some(file) => listed(file)?,
            None => {
                let server = self.server.as_deref().unwrap_or_default();
                let server = resolve(server).map_err(|failure| failure.within("--server"))?;
                (server, self.users()?)
            }
        };
        Ok(Plan {
            server,
            users,
            allocations: self.allocations as usize,
            route: match self.pairs {
                true => Route::RelayToRelay,
                false => Route::Echo,
            },
            method: match self.by {
                By::Channels => Method::Channels,
                By::Indications => Method::Indications,
            },
            size: self.size,
            pace: match self.rate {
                Some(rate) => Pace::Rate(rate),
                None => Pace::Saturation {
                    in_flight: self.in_flight,
                },
            },
            time: Duration::from_secs(self.seconds),
            patience: Duration::from_secs(self.patience),
            pid: self.pid,
        })
    }

    fn users(&self) -> Result<RelayUsers, Failure> {
        if let Some(file) = &self.secret_file {
            let secret = read(file).map_err(|failure| failure.within("--secret-file"))?;
            return Ok(RelayUsers::Issued(Secret::new(secret.trim().as_bytes())));
        }
        Ok(RelayUsers::One(Credentials {
            username: self.username.clone().unwrap_or_default(),
            password: password(self.password_stdin)?,
        }))
    }
}

/// What `GET /ice_servers.json` answers.
#[derive(Debug, Deserialize)]
struct IceServers {
    ice_servers: Vec<IceServer>,
}

#[derive(Debug, Deserialize)]
struct IceServer {
    urls: Vec<String>,
    username: Option<String>,
    credential: Option<String>,
}

/// The first relay over UDP in such an answer, and its user.
fn listed(file: &Path) -> Result<(SocketAddr, RelayUsers), Failure> {
    let text = read(file).map_err(|failure| failure.within("--ice-servers"))?;
    let list: IceServers = serde_json::from_str(&text)
        .map_err(|error| Failure::of(Reason::Source, &error).within("--ice-servers"))?;
    let relay = list.ice_servers.into_iter().find_map(|server| {
        let is_relay = |url: &&String| url.starts_with("turn:") && !url.ends_with("=tcp");
        let url = server.urls.iter().find(is_relay)?.clone();
        let user = Credentials {
            username: server.username?,
            password: server.credential?,
        };
        Some((url, RelayUsers::One(user)))
    });
    let (url, users) = relay.ok_or_else(|| {
        let sentence = "--ice-servers: no TURN server over UDP with a user is listed";
        Failure::new(Reason::Source, sentence)
    })?;
    Ok((resolve(&url)?, users))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::of(Reason::Source, &error);
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    fs::read_to_string(file).map_err(failed)
}

/// The address that a host with or without a port, or a `turn:` URI (RFC 7065), stands for.
fn resolve(text: &str) -> Result<SocketAddr, Failure> {
    let failed = |words: &str| Failure::new(Reason::Usage, format_args!("`{text}` {words}"));
    let host = text.strip_prefix("turn:").unwrap_or(text);
    let host = host.split('?').next().unwrap_or_default();
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(before, _)| !before.contains(':') || before.ends_with(']'));
    let mut found = if has_port {
        host.to_socket_addrs()
    } else {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let bare = bare.unwrap_or(host);
        (bare, PORT).to_socket_addrs()
    }
    .map_err(|error| failed(&format!("has no address: {error}")))?;
    found.next().ok_or_else(|| failed("has no address"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{RelayUsers, TurnCommand, listed, resolve, size};
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        turn: TurnCommand,
    }

    fn refused(arguments: &str) -> String {
        let words = ["load"].into_iter().chain(arguments.split(' '));
        match Arguments::try_parse_from(words) {
            Ok(parsed) => parsed.turn.plan().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_wrong_names_its_option() {
        for (arguments, told) in [
            ("--username a", "--server <ADDR>"),
            ("--server 127.0.0.1", "--username <NAME>"),
            (
                "--server 127.0.0.1 --secret-file /nonexistent",
                "--secret-file: ",
            ),
            ("--ice-servers /nonexistent", "--ice-servers: "),
            (
                "--server [::1 --secret-file /dev/null",
                "--server: `[::1` has no",
            ),
            ("--server h --username u --size 23", "--size <BYTES>"),
            ("--server h --username u --for 281", "--for <SECONDS>"),
            (
                "--server h --username u --rate 1 --in-flight 2",
                "--in-flight <N>",
            ),
        ] {
            let words = refused(arguments);
            assert!(words.contains(told), "{arguments}: {words}");
        }
    }

    #[test]
    fn a_server_may_be_written_in_several_ways() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1:3478"),
            ("127.0.0.1:9", "127.0.0.1:9"),
            ("turn:127.0.0.1:9?transport=udp", "127.0.0.1:9"),
            ("::1", "[::1]:3478"),
            ("[::1]", "[::1]:3478"),
            ("turn:[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(resolve(text).unwrap().to_string(), address, "{text}");
        }
        assert_eq!(size("24"), Ok(24));
        assert_eq!(size("65001"), Err("from 24 to 65000 bytes".to_owned()));
    }

    #[test]
    fn the_list_of_a_server_tells_relay_and_user() {
        let file = std::env::temp_dir().join(format!("ice-{}.json", std::process::id()));
        let list = r#"{"ttl": 3600, "ice_servers": [{"urls": ["stun:127.0.0.1:7"]}, {"urls":
            ["turn:127.0.0.1:7?transport=tcp", "turn:127.0.0.1:8?transport=udp"],
            "username": "9:u", "credential": "p"}]}"#;
        std::fs::write(&file, list).unwrap();
        let (server, users) = listed(&file).unwrap();
        std::fs::write(
            &file,
            r#"{"ice_servers": [{"urls": ["stun:127.0.0.1:7"]}]}"#,
        )
        .unwrap();
        let none = listed(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(server, "127.0.0.1:8".parse().unwrap());
        let RelayUsers::One(user) = users else {
            panic!("{users:?}");
        };
        assert_eq!((&*user.username, &*user.password), ("9:u", "p"));
        assert!(none.contains("no TURN server over UDP"), "{none}");
    }
}

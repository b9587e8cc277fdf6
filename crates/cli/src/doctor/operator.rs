//! `visavis doctor --operator`: the server's own configuration and reachability.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Command, FromArgMatches};
use serde::Serialize;
use serde_json::json;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;
use visavis::doctor::{Finding, mapped_address, reach};
use visavis_server::{OpenPorts, RunningServer, ServerConfig, UnixTime};

use crate::exit::{Failure, Outcome, Reason};
use crate::serve::ServeCommand;
use crate::settings::Settings;

/// How long a listener may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A certificate that ends in fewer seconds is worth a word.
const WEEK: i64 = 7 * 24 * 60 * 60;

/// Where the server's configuration is.
pub(super) struct Place {
    pub(super) config: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
    pub(super) trust: Option<PathBuf>,
}

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    NotRunning,
    OnlyThisMachine,
    NoEncryption,
    NoRelay,
    NameUnknown,
    TcpClosed,
    CertificateRefused,
    CertificateEnds,
    UdpClosed,
}

impl Fault {
    /// Whether clients elsewhere cannot call at all.
    const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::NotRunning | Self::NameUnknown | Self::TcpClosed | Self::CertificateRefused
        )
    }

    const fn text(self) -> &'static str {
        match self {
            Self::NotRunning => "No server runs on this data folder. Start it: visavis serve.",
            Self::OnlyThisMachine => {
                "Everything listens on loopback: only this machine can call. For others: \
                 --public HOST with --cert and --key."
            }
            Self::NoEncryption => {
                "Nothing is encrypted: browsers elsewhere refuse camera and microphone, and \
                 passwords can be read on the way. Give --https, --cert and --key, or put a proxy \
                 before it that does."
            }
            Self::NoRelay => {
                "The relay is off, or on loopback: calls between strict networks do not connect."
            }
            Self::NameUnknown => "The public name has no address. Add it to the DNS.",
            Self::TcpClosed => {
                "The public name does not lead to this server's TCP port. Open it, and point the \
                 name here."
            }
            Self::CertificateRefused => {
                "Clients refuse the certificate: it is for another name, over, or of an unknown \
                 issuer, or its intermediates are missing."
            }
            Self::CertificateEnds => {
                "The certificate ends within a week. Renew it; the server takes the new one by \
                 itself."
            }
            Self::UdpClosed => {
                "The public name does not lead to this server's UDP port: more calls are relayed, \
                 and over TCP. Open it."
            }
        }
    }
}

pub(super) async fn run(place: Place, serve: &Command, as_json: bool) -> Outcome {
    let extra_roots = match &place.trust {
        Some(file) => std::fs::read(file).map_err(|error| Failure::of(Reason::Source, &error))?,
        None => Vec::new(),
    };
    let config = configured(place, serve)?;
    config
        .check()
        .map_err(|error| crate::serve::start_failure(&error))?;
    let faults = faults(&config, &extra_roots).await;
    let open = config.open_ports();
    if as_json {
        let faults = faults.iter().map(
            |fault| json!({"finding": fault, "fatal": fault.is_fatal(), "text": fault.text()}),
        );
        let ports = open.iter().map(|ports| {
            json!({
                "open": ports.to_string(),
                "for": ports.purpose.what(),
                "without": ports.purpose.without(),
            })
        });
        let object = json!({
            "findings": faults.collect::<Vec<_>>(),
            "ports": ports.collect::<Vec<_>>(),
        });
        println!("{object}");
    } else {
        tell(&open, &faults);
    }
    match faults.iter().find(|fault| fault.is_fatal()) {
        None => Ok(()),
        Some(fault) => Err(Failure::new(Reason::Unreachable, fault.text())),
    }
}

fn tell(open: &[OpenPorts], faults: &[Fault]) {
    for ports in open {
        let (what, without) = (ports.purpose.what(), ports.purpose.without());
        println!("open       {ports} for {what}; while it is closed, {without}");
    }
    for fault in faults {
        let mark = if fault.is_fatal() { "wrong" } else { "note" };
        println!("{mark:<11}{}", fault.text());
    }
    if faults.is_empty() {
        println!(
            "The server is in order as far as it sees itself. `visavis doctor --server URL` from \
             another network tells the rest."
        );
    }
}

/// The server's configuration, from its file, the environment and the defaults.
fn configured(place: Place, serve: &Command) -> Result<ServerConfig, Failure> {
    let mut arguments = vec![OsString::from("serve")];
    for (option, value) in [("--config", place.config), ("--data", place.data)] {
        if let Some(value) = value {
            arguments.extend([option.into(), value.into_os_string()]);
        }
    }
    let settings = Settings::find(&arguments, serve)?;
    let command = settings.behind(serve.clone());
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| ServeCommand::from_arg_matches(&matches));
    parsed
        .map_err(|error| Failure::new(Reason::Usage, error.to_string().trim_end()))?
        .server_config()
}

async fn faults(config: &ServerConfig, extra_roots: &[u8]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !matches!(RunningServer::find(&config.data_dir), Ok(Some(_))) {
        faults.push(Fault::NotRunning);
    }
    if let Some(end) = config.certificate_end()
        && end.0 - UnixTime::now().0 < WEEK
    {
        faults.push(Fault::CertificateEnds);
    }
    let outside =
        |address: Option<SocketAddr>| address.filter(|address| !address.ip().is_loopback());
    if config.open_ports().is_empty() {
        faults.push(Fault::OnlyThisMachine);
        return faults;
    }
    if outside(config.https).is_none() && outside(config.http).is_some() {
        faults.push(Fault::NoEncryption);
    }
    if outside(config.relay).is_none() {
        faults.push(Fault::NoRelay);
    }
    let Some(name) = &config.public else {
        return faults;
    };
    let addresses: Vec<IpAddr> = match lookup_host((name.as_str(), 0)).await {
        Ok(found) => found.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    };
    if addresses.is_empty() {
        faults.push(Fault::NameUnknown);
        return faults;
    }
    if faults.contains(&Fault::NotRunning) {
        // Nothing answers anywhere, and that is why.
        return faults;
    }
    if let Some(https) = outside(config.https) {
        let url = format!("https://{name}:{}", https.port());
        faults.extend(match reach(&url, extra_roots).await {
            None => None,
            Some(Finding::CertificateRefused) => Some(Fault::CertificateRefused),
            Some(_) => Some(Fault::TcpClosed),
        });
    }
    if let Some(relay) = outside(config.relay)
        && !datagrams_come_back(&addresses, relay.port()).await
    {
        faults.push(Fault::UdpClosed);
    }
    faults
}

async fn datagrams_come_back(addresses: &[IpAddr], port: u16) -> bool {
    for address in addresses {
        let any: SocketAddr = match address {
            IpAddr::V4(_) => ([0; 4], 0).into(),
            IpAddr::V6(_) => ([0; 16], 0).into(),
        };
        if let Ok(socket) = UdpSocket::bind(any).await {
            let asked = mapped_address(&socket, SocketAddr::new(*address, port));
            if let Ok(Some(_)) = timeout(PATIENCE, asked).await {
                return true;
            }
        }
    }
    false
}

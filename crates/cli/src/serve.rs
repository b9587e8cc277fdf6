//! `visavis serve`.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;
use visavis_server::turn::Network;
use visavis_server::{CertificateFiles, RelayConfig, Server, ServerConfig, StartError};

use crate::call::Stop;
use crate::exit::{Failure, Outcome, Reason};

/// Run the server: accounts, chat and relay
#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    /// Folder of the database
    #[arg(long, value_name = "DIR", default_value = "visavis-data")]
    data: PathBuf,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The domain of chat addresses
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    domain: String,
    /// Where accounts and chat are served without encryption; `off` for not at all
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = listener)]
    http: Listener,
    /// Where accounts and chat are served over TLS
    #[arg(long, value_name = "ADDR:PORT", requires_all = ["cert", "key"])]
    https: Option<SocketAddr>,
    /// The certificate with its intermediates, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Where chat is served over TCP, with a certificate encrypted on request
    #[arg(long, value_name = "ADDR:PORT")]
    xmpp: Option<SocketAddr>,
    /// Where chat is served over TLS
    #[arg(long, value_name = "ADDR:PORT", requires_all = ["cert", "key"])]
    xmpps: Option<SocketAddr>,
    /// Where STUN and TURN are served over UDP and TCP, with a certificate over TLS too; `off` for
    /// not at all
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3478", value_parser = listener)]
    relay: Listener,
    /// The UDP ports of relayed calls; the firewall has to let them through
    #[arg(long, value_name = "LOW-HIGH", default_value = "49152-65535", value_parser = ports)]
    relay_ports: RangeInclusive<u16>,
    /// The address by which the outside reaches relayed ports, if this machine does not have it
    /// itself; once for IPv4 and once for IPv6
    #[arg(long, value_name = "ADDR")]
    relay_address: Vec<IpAddr>,
    /// A private network that may be reached through the relay; may be given several times
    #[arg(long, value_name = "ADDR/BITS")]
    relay_allow: Vec<Network>,
    /// Add an application, two users and an answering robot for a first look
    #[arg(long = "try")]
    first_look: bool,
}

/// An address to listen on, or none.
#[derive(Debug, Clone, Copy)]
struct Listener(Option<SocketAddr>);

fn listener(text: &str) -> Result<Listener, String> {
    match text {
        "off" => Ok(Listener(None)),
        text => text
            .parse()
            .map(|address| Listener(Some(address)))
            .map_err(|_| "ADDR:PORT, or `off`".into()),
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text.split_once('-').and_then(|(low, high)| {
        let range: RangeInclusive<u16> = low.parse().ok()?..=high.parse().ok()?;
        (*range.start() > 0 && !range.is_empty()).then_some(range)
    });
    range.ok_or_else(|| "LOW-HIGH, from 1 to 65535".into())
}

impl ServeCommand {
    pub(crate) async fn run(self) -> Outcome {
        self.check()?;
        let certificate = self
            .cert
            .zip(self.key)
            .map(|(certificate, key)| CertificateFiles { certificate, key });
        let mut stop = Stop::new()?;
        let server = Server::start(ServerConfig {
            data_dir: self.data,
            domain: self.domain,
            http: self.http.0,
            https: self.https,
            xmpp: self.xmpp,
            xmpps: self.xmpps,
            certificate,
            relay: self.relay.0,
            relaying: RelayConfig {
                ports: self.relay_ports,
                public_addresses: self.relay_address,
                allowed_peers: self.relay_allow,
                ..RelayConfig::default()
            },
            ..ServerConfig::default()
        })
        .await
        .map_err(|error| start_failure(&error))?;
        let ready = serde_json::to_string(server.ready())
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        println!("{ready}");
        tracing::info!(
            "add an application with `visavis app add` and users with `visavis user add`"
        );
        stop.wait().await;
        server.shutdown().await;
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        let missing = [
            (self.config.is_some(), "--config"),
            (self.first_look, "--try"),
        ];
        match missing.into_iter().find(|(asked, _)| *asked) {
            Some((_, option)) => Err(Failure::not_available(option)),
            None => Ok(()),
        }
    }
}

fn start_failure(error: &StartError) -> Failure {
    Failure::of(Reason::Source, error)
}

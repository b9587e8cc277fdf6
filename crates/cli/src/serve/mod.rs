//! `visavis serve`.

mod exposure;
mod limits;

use std::env::VarError;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use visavis_server::store::{ApplicationId, Secret};
use visavis_server::turn::Network;
use visavis_server::{
    CertificateFiles, RelayConfig, Server, ServerConfig, StartError, TokenError, WebPage,
};

use self::limits::{LimitOptions, RelayLimitOptions};
use crate::call::Stop;
use crate::exit::{Failure, Outcome, Reason};

/// Where the admin token may be instead of in the data folder.
const ADMIN_TOKEN: &str = "VISAVIS_ADMIN_TOKEN";

/// Run the server: accounts, chat and relay
#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    /// Folder of the database
    #[arg(long, value_name = "DIR", default_value = "visavis-data")]
    data: PathBuf,
    /// A file with these options in TOML: `visavis config example` prints one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The domain of chat addresses
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    domain: String,
    /// The host name, or IPv4 address, by which the outside finds this server and which the
    /// certificate is for. Everything over TLS is on port 443 then, STUN and TURN are on port
    /// 3478, and the name is the domain of chat addresses, if nothing else is said
    #[arg(long, value_name = "HOST")]
    public: Option<String>,
    /// Where accounts and chat are served without encryption; `off` for not at all
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = listener)]
    http: Listener,
    /// Where everything is served over TLS on one port: accounts, chat as WebSocket and over TCP,
    /// and TURN
    #[arg(long, value_name = "ADDR:PORT")]
    https: Option<SocketAddr>,
    /// The certificate with its intermediates, PEM
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where chat is served over TCP, with a certificate encrypted on request
    #[arg(long, value_name = "ADDR:PORT")]
    xmpp: Option<SocketAddr>,
    /// Where chat is served over TLS
    #[arg(long, value_name = "ADDR:PORT")]
    xmpps: Option<SocketAddr>,
    /// Where numbers, health and the admin interface are: on this machine without encryption,
    /// elsewhere over TLS with the certificate; `off` for not at all
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0", value_parser = listener)]
    admin: Listener,
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
    /// A network that may not be reached through the relay although it is public; may be given
    /// several times
    #[arg(long, value_name = "ADDR/BITS")]
    relay_deny: Vec<Network>,
    /// The page at `/`, a client for browsers, is for the users of this application: its number,
    /// `only` for the only one that there is, or `off` for no page. Its key and secret are told to
    /// everybody who opens the page, as to everybody who has an app
    #[arg(long, value_name = "APP", default_value = "off", value_parser = web_page)]
    web: WebPage,
    /// Add an application, two users and an answering robot for a first look
    #[arg(long = "try")]
    first_look: bool,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    relay_limits: RelayLimitOptions,
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

fn web_page(text: &str) -> Result<WebPage, String> {
    match text {
        "off" => Ok(WebPage::Off),
        "only" => Ok(WebPage::Only),
        text => text
            .parse()
            .map(|id| WebPage::Of(ApplicationId(id)))
            .map_err(|_| "the number of an application, `only` or `off`".into()),
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
        if self.first_look {
            return Err(Failure::not_available("--try"));
        }
        let mut config = self.server_config()?;
        if let Some(name) = config.public.clone() {
            exposure::announce(&name, &mut config.relaying).await;
        }
        let open_ports = config.open_ports();
        let mut stop = Stop::new()?;
        let mut hang_up =
            signal(SignalKind::hangup()).map_err(|error| Failure::of(Reason::Usage, &error))?;
        let server = Server::start(config)
            .await
            .map_err(|error| start_failure(&error))?;
        let ready = serde_json::to_string(server.ready())
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        println!("{ready}");
        exposure::tell(&open_ports);
        tracing::info!(
            "add an application with `visavis app add` and users with `visavis user add`"
        );
        loop {
            tokio::select! {
                () = stop.wait() => break,
                _ = hang_up.recv() => server.renew_certificate(),
            }
        }
        tokio::select! {
            () = server.shutdown() => {}
            // Whoever asks twice does not want to wait.
            () = stop.wait() => {}
        }
        Ok(())
    }

    /// Looks at everything that can be looked at without starting.
    pub(crate) fn check(self) -> Outcome {
        self.server_config()?
            .check()
            .map_err(|error| start_failure(&error))
    }

    /// What the options amount to.
    pub(crate) fn server_config(self) -> Result<ServerConfig, Failure> {
        let certificate = match (self.cert, self.key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err(Failure::new(Reason::Usage, "cert needs key")),
            (None, Some(_)) => return Err(Failure::new(Reason::Usage, "key needs cert")),
        };
        Ok(ServerConfig {
            data_dir: self.data,
            domain: self.domain,
            public: self.public,
            http: self.http.0,
            https: self.https,
            xmpp: self.xmpp,
            xmpps: self.xmpps,
            certificate,
            admin: self.admin.0,
            admin_token: admin_token()?,
            relay: self.relay.0,
            relaying: RelayConfig {
                ports: self.relay_ports,
                public_addresses: self.relay_address,
                allowed_peers: self.relay_allow,
                denied_peers: self.relay_deny,
                limits: self.relay_limits.into(),
            },
            web: self.web,
            limits: self.limits.into(),
        })
    }
}

/// The admin token, if the environment has one: secrets are no options, which
/// everybody on the machine can read.
fn admin_token() -> Result<Option<Secret>, Failure> {
    match std::env::var(ADMIN_TOKEN) {
        Ok(token) => Ok(Some(Secret::new(token.trim()))),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Failure::new(
            Reason::Usage,
            format_args!("{ADMIN_TOKEN} is not Unicode"),
        )),
    }
}

/// Who has to act when the server does not start.
pub(crate) fn start_failure(error: &StartError) -> Failure {
    let reason = match error {
        StartError::NothingToServe
        | StartError::NoCertificate { .. }
        | StartError::Domain
        | StartError::PublicName
        | StartError::AdminToken(TokenError::Weak)
        | StartError::FrameLimit => Reason::Usage,
        _ => Reason::Source,
    };
    Failure::of(reason, error)
}

//! `visavis serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use visavis_server::{HttpsConfig, Server, ServerConfig, StartError};

use crate::call::Stop;
use crate::exit::{Failure, Outcome, Reason};

/// Run the server: accounts, chat and STUN
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
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where XMPP is served over TCP
    #[arg(long, value_name = "ADDR:PORT")]
    xmpp: Option<String>,
    /// Where XMPP is served over TLS
    #[arg(long, value_name = "ADDR:PORT")]
    xmpps: Option<String>,
    /// Where STUN is answered over UDP; `off` for not at all
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3478", value_parser = listener)]
    relay: Listener,
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

impl ServeCommand {
    pub(crate) async fn run(self) -> Outcome {
        self.check()?;
        let https = match (self.https, self.cert, self.key) {
            (Some(address), Some(certificate), Some(key)) => Some(HttpsConfig {
                address,
                certificate,
                key,
            }),
            _ => None,
        };
        let mut stop = Stop::new()?;
        let server = Server::start(ServerConfig {
            data_dir: self.data,
            domain: self.domain,
            http: self.http.0,
            https,
            relay: self.relay.0,
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
            (self.xmpp.is_some(), "--xmpp"),
            (self.xmpps.is_some(), "--xmpps"),
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

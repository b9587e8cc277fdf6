//! Whether calls will work from here, and why not.
//!
//! [`examine`] goes the way that a call goes, from the server's address to a packet through the
//! relay, and tells what it found in words for whoever has to act. It opens no camera and calls
//! nobody.

mod finding;
mod nat;
mod relays;
mod throughput;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ClientConfig;
use serde::Serialize;
use tokio::time::timeout;
use visavis_peer::relay::RelayTransport;

pub use self::finding::{Finding, Severity, Verdict};
pub use self::nat::Nat;
pub use self::relays::RelayWay;
pub use self::throughput::Carried;
pub use visavis_peer::mapped_address;

use self::relays::Tried;
use crate::accounts::LoginError;
use crate::chat::{ChatClient, ChatConfig, ConnectError};
use crate::http::{Client, HttpError, Question};
use crate::ice::IceServer;
use crate::signaling::Signaling;
use crate::tls;

/// A clock that differs by more makes signatures worthless (wire format section 1.2).
const CLOCK: Duration = Duration::from_secs(60 * 60);
/// How long an answer of chat or of the STUN server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A round trip of chat that people notice.
const SLOW: Duration = Duration::from_secs(1);
/// The share of packets whose loss is heard.
const LOSSY: f64 = 0.05;

/// What was found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Examination {
    /// Whether calls will work.
    pub verdict: Verdict,
    /// Everything that is wrong, in the order in which it was met.
    pub findings: Vec<Finding>,
    /// By how many seconds this computer's clock is ahead of the server's.
    pub clock_ahead_s: Option<i64>,
    /// Time for a question to chat and its answer, in milliseconds.
    pub chat_round_trip_ms: Option<f64>,
    /// How this computer appears outside, if datagrams come back.
    pub nat: Option<Nat>,
    /// Every way to the relay.
    pub relays: Vec<RelayWay>,
    /// How well the relay carries.
    pub relayed: Option<Carried>,
}

/// Examines the way that calls would take. Takes some seconds, and half a minute where much is
/// blocked.
pub async fn examine(config: ChatConfig) -> Examination {
    let mut examination = Examination::new();
    let Ok(tls) = tls::client_config(&config.extra_roots_pem).map(Arc::new) else {
        examination.findings.push(Finding::CertificateRefused);
        return examination;
    };
    if let Err(finding) = examination.server(&config.server, &tls).await {
        examination.findings.push(finding);
        return examination;
    }
    examination.verdict = Verdict::Refused;
    let chat = match ChatClient::connect(config).await {
        Ok(chat) => chat,
        Err(error) => {
            let finding = examination.refusal(&error);
            if !examination.findings.contains(&finding) {
                examination.findings.push(finding);
            }
            return examination;
        }
    };
    // Nothing was refused because of it.
    examination
        .findings
        .retain(|finding| *finding != Finding::ClockWrong);
    examination.chat(&chat).await;
    let servers = chat.ice_servers();
    chat.disconnect().await;
    if examination.chat_round_trip_ms.is_none() {
        examination.verdict = Verdict::Unreachable;
        return examination;
    }
    examination.network(&servers, &tls).await;
    examination
}

/// Whether a server answers at this `http://` or `https://` address, and what keeps it from that.
pub async fn reach(server: &str, extra_roots_pem: &[u8]) -> Option<Finding> {
    match tls::client_config(extra_roots_pem).map(Arc::new) {
        Ok(tls) => Examination::new().server(server, &tls).await.err(),
        Err(_) => Some(Finding::CertificateRefused),
    }
}

impl Examination {
    const fn new() -> Self {
        Self {
            verdict: Verdict::Unreachable,
            findings: Vec::new(),
            clock_ahead_s: None,
            chat_round_trip_ms: None,
            nat: None,
            relays: Vec::new(),
            relayed: None,
        }
    }

    /// Whether the server is one, and what it says the time is.
    async fn server(&mut self, server: &str, tls: &Arc<ClientConfig>) -> Result<(), Finding> {
        let client = Client::new(server, Arc::clone(tls)).map_err(|error| unreachable(&error))?;
        let question = Question::get(".well-known/host-meta.json");
        let answer = client
            .ask(question)
            .await
            .map_err(|error| unreachable(&error))?;
        if let Some(date) = answer.date {
            let now = SystemTime::now();
            let (ahead, apart) = match now.duration_since(date) {
                Ok(apart) => (1, apart),
                Err(error) => (-1, error.duration()),
            };
            let seconds = i64::try_from(apart.as_secs()).unwrap_or(i64::MAX);
            self.clock_ahead_s = Some(ahead * seconds);
            if apart > CLOCK {
                self.findings.push(Finding::ClockWrong);
            }
        }
        if answer.status.is_success()
            && serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok()
        {
            Ok(())
        } else {
            Err(Finding::NotAServer)
        }
    }

    /// What an error of logging in and connecting means.
    fn refusal(&mut self, error: &ConnectError) -> Finding {
        match error {
            ConnectError::Login(LoginError::ApplicationRefused) => {
                if self.findings.contains(&Finding::ClockWrong) {
                    return Finding::ClockWrong;
                }
                Finding::ApplicationRefused
            }
            ConnectError::Login(LoginError::WrongCredentials) => Finding::LoginRefused,
            ConnectError::Login(LoginError::TooManyAttempts) => Finding::TooManyAttempts,
            ConnectError::Login(LoginError::Unreachable { .. }) => {
                self.verdict = Verdict::Unreachable;
                Finding::ServerUnreachable
            }
            ConnectError::Login(_) | ConnectError::ChatAddress | ConnectError::Address { .. } => {
                Finding::NotAServer
            }
            ConnectError::Tls(_) => Finding::CertificateRefused,
            ConnectError::WebSocket(_) | ConnectError::Refused | ConnectError::Ended { .. } => {
                self.verdict = Verdict::Unreachable;
                Finding::ChatBlocked
            }
        }
    }

    async fn chat(&mut self, chat: &ChatClient) {
        match timeout(PATIENCE, chat.ping()).await {
            Ok(Ok(time)) => {
                self.chat_round_trip_ms = Some(time.as_secs_f64() * 1000.0);
                if time > SLOW {
                    self.findings.push(Finding::ChatSlow);
                }
            }
            Ok(Err(_)) | Err(_) => self.findings.push(Finding::ChatBlocked),
        }
    }

    /// Everything that is about sound and picture.
    async fn network(&mut self, servers: &[IceServer], tls: &Arc<ClientConfig>) {
        let stun = relays::stun_address(servers).await;
        let socket = match stun {
            Some(server) => relays::socket_towards(server).await.ok(),
            None => None,
        };
        let mut mapped = None;
        if let (Some(socket), Some(server)) = (&socket, stun) {
            let asked = timeout(PATIENCE, mapped_address(socket, server)).await;
            mapped = asked.ok().flatten();
            if mapped.is_none() {
                self.findings.push(Finding::UdpBlocked);
            }
        }
        let mut tried = relays::try_all(servers, tls).await;
        self.relays = tried.iter().map(|tried| tried.way.clone()).collect();
        self.ways(&tried, mapped.is_some());
        let working = |tried: &Tried| tried.path.is_some();
        if let (Some(socket), Some(mapped)) = (&socket, mapped) {
            let local = socket.local_addr().ok();
            let translated =
                !is_own(mapped.ip()) || local.is_none_or(|own| own.port() != mapped.port());
            let over_udp =
                |tried: &&mut Tried| tried.transport == RelayTransport::Udp && tried.path.is_some();
            let path = tried
                .iter_mut()
                .find(over_udp)
                .and_then(|tried| tried.path.as_mut());
            self.nat = Some(match path {
                Some(path) => {
                    let seen = nat::look(socket, mapped, translated, path).await;
                    if !seen.relayed_port_open {
                        self.findings.push(Finding::RelayedPortsClosed);
                    }
                    seen.nat
                }
                None => Nat::unknown(mapped, translated),
            });
            if self.nat.is_some_and(|nat| nat.same_for_all == Some(false)) {
                self.findings.push(Finding::NatStrict);
            }
        }
        let relayed = tried.iter().any(working);
        self.verdict = match (relayed, mapped.is_some()) {
            (false, true) => Verdict::DirectOnly,
            (false, false) if tried.is_empty() && stun.is_none() => Verdict::DirectOnly,
            (false, false) => Verdict::NoPath,
            (true, true) if self.findings.contains(&Finding::NatStrict) => Verdict::Relayed,
            (true, true) => Verdict::Works,
            (true, false)
                if tried
                    .iter()
                    .any(|tried| working(tried) && tried.transport == RelayTransport::Udp) =>
            {
                Verdict::Relayed
            }
            (true, false) => Verdict::RelayedOverTcp,
        };
        self.carry(&mut tried).await;
        for path in tried.into_iter().filter_map(|tried| tried.path) {
            path.close().await;
        }
    }

    /// What is wrong with the ways to the relay.
    fn ways(&mut self, tried: &[Tried], datagrams: bool) {
        if tried.is_empty() {
            self.findings.push(Finding::NoRelay);
            return;
        }
        if tried.iter().any(|tried| tried.refused) {
            self.findings.push(Finding::RelayRefused);
            return;
        }
        for way in tried.iter().filter(|tried| tried.path.is_none()) {
            let finding = match way.transport {
                // That is the reason already.
                RelayTransport::Udp if !datagrams => continue,
                RelayTransport::Udp => Finding::RelayUdpFails,
                RelayTransport::Tcp => Finding::RelayTcpFails,
                RelayTransport::Tls => Finding::RelayTlsFails,
            };
            self.findings.push(finding);
        }
    }

    /// Loads the best way to the relay for two seconds.
    async fn carry(&mut self, tried: &mut [Tried]) {
        let mut paths = tried.iter_mut().filter_map(|tried| tried.path.as_mut());
        if let (Some(near), Some(far)) = (paths.next(), paths.next()) {
            self.relayed = throughput::measure(near, far).await;
            if self.relayed.is_some_and(|carried| carried.loss > LOSSY) {
                self.findings.push(Finding::RelayLossy);
            }
        }
    }
}

/// Whether an address is one of this computer's.
fn is_own(address: std::net::IpAddr) -> bool {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.iter().any(|interface| interface.ip() == address)
}

fn unreachable(error: &HttpError) -> Finding {
    match error {
        HttpError::Connect(error) => {
            let inner = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(_)) => Finding::CertificateRefused,
                Some(_) => Finding::NotAServer,
                None => Finding::ServerUnreachable,
            }
        }
        HttpError::Address => Finding::ServerUnreachable,
        HttpError::Protocol(_) => Finding::NotAServer,
    }
}

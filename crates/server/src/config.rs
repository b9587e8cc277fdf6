//! What an operator decides: addresses, names, files and limits.
//!
//! The defaults are those of a first try on one machine: everything listens
//! on loopback only.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use visavis_turn::server::{Network, RelayLimits};

use crate::store::{ApplicationId, Secret};

/// Everything [`Server::start`](crate::Server::start) needs to know.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Folder of the database. Made when it is missing.
    pub data_dir: PathBuf,
    /// The domain of every chat address, `<user>-<application>@<domain>`.
    pub domain: String,
    /// The host name, or IPv4 address, by which the outside finds the server
    /// and which the certificate is for. Left out, clients are told the name by
    /// which they have found it themselves.
    pub public: Option<String>,
    /// Where REST and chat are served without encryption. Port 0 picks one.
    pub http: Option<SocketAddr>,
    /// Where everything that is spoken over TLS is served on one port: REST,
    /// chat as WebSocket and over TCP, and TURN if there is a relay. Needs a
    /// certificate.
    pub https: Option<SocketAddr>,
    /// Where chat is served over TCP, encrypted where the client asks for it.
    /// Without a certificate this has to be an address of this machine alone.
    pub xmpp: Option<SocketAddr>,
    /// Where chat is served over TLS; needs a certificate.
    pub xmpps: Option<SocketAddr>,
    /// What proves the server's identity to those who encrypt.
    pub certificate: Option<CertificateFiles>,
    /// Where the operator finds numbers, health and the admin interface. Over
    /// TLS, and with a certificate only, if it is not an address of this
    /// machine alone. The command line comes in by a listener on loopback of
    /// its own then.
    pub admin: Option<SocketAddr>,
    /// What opens the admin interface; left out, a file in the data folder
    /// holds it.
    pub admin_token: Option<Secret>,
    /// Where STUN and TURN are served, over UDP and TCP, and over TLS if there is a certificate.
    /// Port 0 picks one.
    pub relay: Option<SocketAddr>,
    /// How the relay works.
    pub relaying: RelayConfig,
    /// Which application's users log in on the page at `/`.
    pub web: WebPage,
    /// Bounds on what clients can make the server spend.
    pub limits: Limits,
}

/// Which application's users log in on the page at `/`. Its key and secret are
/// told to everybody who opens the page, as they are to everybody who has an
/// app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebPage {
    /// There is none.
    #[default]
    Off,
    /// The only application that there is; nobody's while there are several.
    Only,
    /// This one.
    Of(ApplicationId),
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// PEM file: the certificate, then its intermediates.
    pub certificate: PathBuf,
    /// PEM file: the private key of the certificate.
    pub key: PathBuf,
}

/// How the relay works.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// The UDP ports of relayed addresses. A firewall has to let them through.
    pub ports: RangeInclusive<u16>,
    /// The addresses by which the outside reaches relayed ports, if this machine does not have
    /// them itself; one of each family.
    pub public_addresses: Vec<IpAddr>,
    /// Networks that may be reached although they are private.
    pub allowed_peers: Vec<Network>,
    /// Networks that may not be reached although they are public.
    pub denied_peers: Vec<Network>,
    /// Bounds on what clients can make the relay spend.
    pub limits: RelayLimits,
}

/// Bounds and periods. Whoever meets one is told by the protocol's own error.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest stanza or WebSocket message from a client, in bytes; 1 KiB at
    /// least.
    pub frame_bytes: usize,
    /// Requests a second that one address may send on average, twice that at
    /// once; an IPv6 network of 64 bits counts as one. Raise it behind a proxy.
    pub requests_per_second: u32,
    /// Largest HTTP request body, in bytes.
    pub body_bytes: usize,
    /// Open TCP connections, all listeners and purposes together.
    pub connections: usize,
    /// Open TCP connections of one address; an IPv6 network of 64 bits counts as
    /// one. Raise it behind a proxy, which is one address for all.
    pub connections_per_address: usize,
    /// Chat connections of one user at a time.
    pub connections_per_user: usize,
    /// Contacts on the list of one user.
    pub contacts_per_user: usize,
    /// Guest links of one user that work at a time; with 0 nobody can make one.
    pub guest_links_per_user: usize,
    /// Messages kept for one user who is offline.
    pub kept_messages_per_user: usize,
    /// Stanzas waiting for one slow reader before it is disconnected.
    pub outbound_stanzas: usize,
    /// Bytes waiting for one slow reader before it is disconnected.
    pub outbound_bytes: usize,
    /// Stanzas a second that one connection may send on average; twice that
    /// at once. Beyond it the server reads more slowly.
    pub stanzas_per_second: u32,
    /// Stanzas a second that one user may send others or ask of the server on
    /// average, all his connections together; twice that at once. What goes
    /// beyond it is refused. None is no bound.
    pub stanzas_per_second_per_user: Option<u32>,
    /// Time from the opening of a chat connection to its bound resource.
    pub login_time: Duration,
    /// Silence on a chat connection after which the server pings.
    pub ping_after: Duration,
    /// Further silence after which the connection counts as lost.
    pub ping_answer: Duration,
    /// How long a chat stream waits for its client to come back after its
    /// connection was lost.
    pub resume_time: Duration,
    /// Time to send one HTTP request, headers and body each; and for a connection to the relay to
    /// get an allocation. Whoever reads nothing of what is sent is given up after as long.
    pub request_time: Duration,
    /// Life of a session after its last use.
    pub session_idle: Duration,
    /// How long credentials for the relay can be used. A call that lasts longer
    /// goes on with newer ones.
    pub relay_credentials: Duration,
    /// Wrong passwords for one account from one address before back-off.
    pub login_failures: u32,
    /// First back-off; it doubles with every further failure.
    pub back_off: Duration,
    /// Longest back-off.
    pub back_off_max: Duration,
    /// Passwords hashed at the same time (19 MiB of memory each).
    pub password_workers: usize,
    /// Logins waiting for a password worker before others are turned away.
    pub password_queue: usize,
    /// Over what time [`Server::shutdown`](crate::Server::shutdown) ends chat
    /// streams one after the other, so that clients do not come back all at
    /// once. Fewer than a hundred streams take a share of it.
    pub shutdown_spread: Duration,
    /// Time that [`Server::shutdown`](crate::Server::shutdown) gives whatever
    /// is still open then to end in good order.
    pub shutdown_time: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            data_dir: PathBuf::from("visavis-data"),
            domain: "localhost".to_owned(),
            public: None,
            http: Some(SocketAddr::new(loopback, 8080)),
            https: None,
            xmpp: None,
            xmpps: None,
            certificate: None,
            admin: None,
            admin_token: None,
            relay: Some(SocketAddr::new(loopback, 3478)),
            relaying: RelayConfig::default(),
            web: WebPage::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            // The dynamic ports (RFC 6335 section 6).
            ports: 49_152..=65_535,
            public_addresses: Vec::new(),
            allowed_peers: Vec::new(),
            denied_peers: Vec::new(),
            limits: RelayLimits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 256 * 1024,
            requests_per_second: 1000,
            body_bytes: 64 * 1024,
            connections: 10_000,
            connections_per_address: 1000,
            connections_per_user: 16,
            contacts_per_user: 1000,
            guest_links_per_user: 20,
            kept_messages_per_user: 100,
            outbound_stanzas: 4096,
            outbound_bytes: 4 * 1024 * 1024,
            stanzas_per_second: 1000,
            stanzas_per_second_per_user: Some(2000),
            login_time: Duration::from_secs(30),
            ping_after: Duration::from_secs(30),
            ping_answer: Duration::from_secs(20),
            resume_time: Duration::from_secs(120),
            request_time: Duration::from_secs(30),
            session_idle: Duration::from_secs(2 * 60 * 60),
            relay_credentials: Duration::from_secs(60 * 60),
            login_failures: 5,
            back_off: Duration::from_secs(1),
            back_off_max: Duration::from_secs(15 * 60),
            password_workers: 2,
            password_queue: 64,
            shutdown_spread: Duration::from_secs(10),
            shutdown_time: Duration::from_secs(5),
        }
    }
}

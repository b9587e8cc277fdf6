//! Each way to the relay, tried.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde::Serialize;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;
use visavis_peer::relay::{
    Credentials, Failure, Families, RelayAccess, RelayError, RelayPath, RelayTransport, RelayUrl,
};

use crate::ice::IceServer;

/// How long a relay may take to give an allocation.
const PATIENCE: Duration = Duration::from_secs(8);

/// One way to a relay, and whether it works.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RelayWay {
    /// Its address as the server names it.
    pub url: String,
    /// `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// Time to an allocation in milliseconds, if there is one.
    pub milliseconds: Option<u64>,
    /// Why there is none.
    pub problem: Option<String>,
}

/// What became of one way.
pub(super) struct Tried {
    pub(super) way: RelayWay,
    pub(super) transport: RelayTransport,
    /// The relay was reached, and said that the credentials are wrong.
    pub(super) refused: bool,
    pub(super) path: Option<RelayPath>,
}

/// Tries every TURN address that the server named.
pub(super) async fn try_all(servers: &[IceServer], tls: &Arc<ClientConfig>) -> Vec<Tried> {
    let mut tried = Vec::new();
    for server in servers {
        let (Some(username), Some(password)) = (&server.username, &server.credential) else {
            continue;
        };
        let credentials = Credentials {
            username: username.clone(),
            password: password.clone(),
        };
        for url in &server.urls {
            if let Some(place) = RelayUrl::parse(url) {
                tried.push(attempt(url, place, credentials.clone(), tls).await);
            }
        }
    }
    tried
}

async fn attempt(
    url: &str,
    place: RelayUrl,
    credentials: Credentials,
    tls: &Arc<ClientConfig>,
) -> Tried {
    let transport = place.transport;
    let begin = Instant::now();
    let address = resolve(&place.host, place.port).await;
    let path = match address {
        None => Err(RelayError::Unreachable(io::ErrorKind::NotFound.into())),
        Some(address) => {
            let access = RelayAccess {
                address,
                host: place.host,
                transport,
                credentials,
                families: Families::V4,
                tls: Some(Arc::clone(tls)),
            };
            timeout(PATIENCE, RelayPath::allocate(access))
                .await
                .unwrap_or_else(|_| Err(RelayError::Failed(Failure::Silent)))
        }
    };
    let milliseconds = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    Tried {
        way: RelayWay {
            url: url.to_owned(),
            transport: transport.name(),
            milliseconds: path.is_ok().then_some(milliseconds),
            problem: path.as_ref().err().map(ToString::to_string),
        },
        transport,
        refused: matches!(path, Err(RelayError::Failed(Failure::Credentials))),
        path: path.ok(),
    }
}

/// The server's STUN address, if it names one.
pub(super) async fn stun_address(servers: &[IceServer]) -> Option<SocketAddr> {
    let urls = servers.iter().flat_map(|server| &server.urls);
    for url in urls {
        if let Some(place) = url.strip_prefix("stun:") {
            let turn = RelayUrl::parse(&format!("turn:{place}"))?;
            return resolve(&turn.host, turn.port).await;
        }
    }
    None
}

/// A socket for the way to this address.
pub(super) async fn socket_towards(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    UdpSocket::bind(any).await
}

/// IPv4 first: what is behind it is more often closed.
async fn resolve(host: &str, port: u16) -> Option<SocketAddr> {
    let mut found: Vec<_> = lookup_host((host, port)).await.ok()?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.into_iter().next()
}

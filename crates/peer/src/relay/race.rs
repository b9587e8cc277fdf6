//! One server, by whichever way works first.
//!
//! UDP, TCP and TLS begin one after the other, a moment apart, as addresses do in RFC 8305: a way
//! that is open does not wait for one that is blocked, and the best one has the lead.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::sleep;
use visavis_turn::client::{Credentials, Failure, Families};

use super::path::{RelayAccess, RelayError, RelayPath};
use super::url::RelayUrl;
use crate::config::IceServer;

/// How long a way has before the next one begins.
const HEAD_START: Duration = Duration::from_millis(250);
/// How often servers may send us on.
const MOST_REDIRECTIONS: u32 = 3;

/// The ways to a server, best first.
async fn ways(server: &IceServer, tls: Option<&Arc<ClientConfig>>) -> VecDeque<RelayAccess> {
    let credentials = Credentials {
        username: server.username.clone().unwrap_or_default(),
        password: server.credential.clone().unwrap_or_default(),
    };
    let mut ways = Vec::new();
    let urls = server.urls.iter().filter_map(|url| RelayUrl::parse(url));
    for RelayUrl {
        host,
        port,
        transport,
    } in urls
    {
        let addresses: Vec<SocketAddr> = match lookup_host((host.as_str(), port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                tracing::debug!(%error, "a relay's name is unknown");
                continue;
            }
        };
        // One address of each family: the others are the same server as a rule.
        for v4 in [true, false] {
            let address = addresses.iter().find(|address| address.is_ipv4() == v4);
            ways.extend(address.map(|address| RelayAccess {
                address: *address,
                host: host.clone(),
                transport,
                credentials: credentials.clone(),
                families: Families::Both,
                tls: tls.cloned(),
            }));
        }
    }
    ways.sort_by_key(|way: &RelayAccess| (way.transport, way.address.is_ipv6()));
    ways.dedup_by_key(|way| (way.transport, way.address));
    ways.into()
}

/// Allocates at a server; `None` when no way leads there.
pub(super) async fn race(server: IceServer, tls: Option<Arc<ClientConfig>>) -> Option<RelayPath> {
    let mut ways = ways(&server, tls.as_ref()).await;
    let mut running = JoinSet::new();
    let mut redirections = 0;
    loop {
        if let Some(way) = ways.pop_front() {
            running.spawn(async move { (RelayPath::allocate(way.clone()).await, way) });
        } else if running.is_empty() {
            return None;
        }
        tokio::select! {
            Some(Ok((result, way))) = running.join_next() => match result {
                Ok(path) => return Some(path),
                Err(RelayError::Failed(Failure::Alternate(address)))
                    if redirections < MOST_REDIRECTIONS =>
                {
                    redirections += 1;
                    ways.push_front(RelayAccess { address, ..way });
                }
                Err(error) => {
                    tracing::debug!(%error, transport = way.transport.name(), "a way to a relay");
                }
            },
            () = sleep(HEAD_START), if !ways.is_empty() => {}
        }
    }
}

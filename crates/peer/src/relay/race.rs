//! One server, by whichever way works first.
//!
//! UDP, TCP and TLS begin one after the other, a moment apart, as addresses do in RFC 8305: a way
//! that is open does not wait for one that is blocked, and the best one has the lead. What the others
//! may have allocated meanwhile is given back.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::net::lookup_host;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
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
    let urls = server.urls.iter().filter_map(|url| RelayUrl::parse(url));
    let mut lookups: JoinSet<_> = urls.map(look_up).collect();
    let mut ways = Vec::new();
    while let Some(Ok((url, addresses))) = lookups.join_next().await {
        let RelayUrl {
            host, transport, ..
        } = url;
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

async fn look_up(url: RelayUrl) -> (RelayUrl, Vec<SocketAddr>) {
    let addresses = match lookup_host((url.host.as_str(), url.port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::debug!(%error, "a relay's name is unknown");
            Vec::new()
        }
    };
    (url, addresses)
}

/// What became of a way.
type Outcome = (Result<RelayPath, RelayError>, RelayAccess);

/// Tries a way. An allocation that nobody waits for any more is given back.
async fn attempt(way: RelayAccess, outcomes: UnboundedSender<Outcome>) {
    let result = RelayPath::allocate(way.clone()).await;
    if let Err(unheard) = outcomes.send((result, way))
        && let (Ok(path), _) = unheard.0
    {
        path.close().await;
    }
}

/// Allocates at a server; `None` when no way leads there.
pub(super) async fn race(server: IceServer, tls: Option<Arc<ClientConfig>>) -> Option<RelayPath> {
    let mut ways = ways(&server, tls.as_ref()).await;
    let (outcomes, mut results) = unbounded_channel::<Outcome>();
    let (mut under_way, mut redirections) = (0_u32, 0);
    let path = loop {
        if let Some(way) = ways.pop_front() {
            under_way += 1;
            tokio::spawn(attempt(way, outcomes.clone()));
        } else if under_way == 0 {
            return None;
        }
        tokio::select! {
            Some((result, way)) = results.recv() => {
                under_way -= 1;
                match result {
                    Ok(path) => break path,
                    Err(RelayError::Failed(Failure::Alternate(address)))
                        if redirections < MOST_REDIRECTIONS =>
                    {
                        redirections += 1;
                        ways.push_front(RelayAccess { address, ..way });
                    }
                    Err(error) => {
                        let transport = way.transport.name();
                        tracing::debug!(%error, transport, "a way to a relay");
                    }
                }
            }
            () = sleep(HEAD_START), if !ways.is_empty() => {}
        }
    };
    // From here on the others give back what they get; who was just as fast has told already.
    results.close();
    while let Ok((result, _)) = results.try_recv() {
        if let Ok(path) = result {
            tokio::spawn(path.close());
        }
    }
    Some(path)
}

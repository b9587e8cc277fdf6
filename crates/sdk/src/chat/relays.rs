//! Credentials of relays, renewed before they end: calls last longer.

use std::sync::{PoisonError, Weak};
use std::time::Duration;

use tokio::time::sleep;

use super::Shared;
use crate::accounts::{AccountSession, Accounts, IceServerList};
use crate::ice::IceServer;
use crate::signaling::SignalingEvent;

/// A server that does not answer is asked again after this long, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// And after this long at least.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn servers(list: IceServerList) -> Vec<IceServer> {
    let servers = list.ice_servers.into_iter().map(|entry| IceServer {
        urls: entry.urls,
        username: entry.username,
        credential: entry.credential,
    });
    servers.collect()
}

/// Asks for newer credentials when three quarters of their time are over, for as long as the
/// client lives.
pub(super) async fn renew(
    shared: Weak<Shared>,
    accounts: Accounts,
    session: AccountSession,
    ttl: u64,
) {
    let mut wait = Duration::from_secs(ttl) * 3 / 4;
    loop {
        sleep(wait.max(SHORTEST_PAUSE)).await;
        if shared.strong_count() == 0 {
            return;
        }
        let list = match accounts.ice_servers(&session).await {
            Ok(list) if list.ttl.is_some() => list,
            // It refuses for now, or it cannot be reached.
            other => {
                tracing::debug!(error = ?other.err(), "no newer credentials for relays");
                wait = (Duration::from_secs(ttl) / 20).min(LONGEST_PAUSE);
                continue;
            }
        };
        wait = Duration::from_secs(list.ttl.unwrap_or(ttl)) * 3 / 4;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        *shared
            .ice_servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = servers(list);
        shared.listener.tell(SignalingEvent::IceServers);
    }
}

//! Notices when the addresses of this machine change.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Weak;
use std::time::Duration;

use tokio::time::sleep;

use super::Engine;

/// How often the addresses are looked at. A look costs some fifty microseconds;
/// a change that is missed for longer is heard as a gap.
const INTERVAL: Duration = Duration::from_millis(250);

/// Tells the engine of every change, for as long as it lives.
pub(super) async fn watch(engine: Weak<Engine>) {
    let mut known = addresses();
    loop {
        sleep(INTERVAL).await;
        let Some(engine) = engine.upgrade() else {
            return;
        };
        if !engine.has_sessions() {
            continue;
        }
        let now = addresses();
        // An address that went away is missed by the watch over the connection.
        if !now.is_subset(&known) {
            engine.network_changed();
        }
        known = now;
    }
}

fn addresses() -> BTreeSet<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback())
        .map(|interface| interface.ip())
        .collect()
}

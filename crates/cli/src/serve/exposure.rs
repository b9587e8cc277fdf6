//! What the outside sees of a server: under which addresses, through which ports.

use std::net::IpAddr;

use visavis_server::{OpenPorts, RelayConfig};

/// Looks the public name up. Addresses that are not this machine's own are those of a translator
/// before it, and the relay has to tell them. What the operator says of a family stays.
pub(super) async fn announce(name: &str, relaying: &mut RelayConfig) {
    let found = match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(name, %error, "the public name has no address: nobody finds this server");
            return;
        }
    };
    let own: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .iter()
        .map(if_addrs::Interface::ip)
        .collect();
    for address in found.map(|address| address.ip()) {
        let said = &mut relaying.public_addresses;
        let is_said = said
            .iter()
            .any(|known| known.is_ipv4() == address.is_ipv4());
        if address.is_loopback() || own.contains(&address) || is_said {
            continue;
        }
        tracing::info!(%address, "relayed calls are announced at this address, which is not this machine's");
        said.push(address);
    }
}

/// Says what has to be open, and what works where it is not.
pub(super) fn tell(open: &[OpenPorts]) {
    for ports in open {
        let (what, without) = (ports.purpose.what(), ports.purpose.without());
        tracing::info!("open {ports} for {what}; while it is closed, {without}");
    }
}

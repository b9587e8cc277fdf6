//! Which addresses of this machine are worth offering (RFC 8445 section
//! 5.1.1.1).

use std::net::IpAddr;

/// The addresses to bind; link-local ones never connect across a router and
/// are left out.
pub(crate) fn addresses(loopback: bool) -> Vec<IpAddr> {
    let all: Vec<IpAddr> = if_addrs::get_if_addrs()
        .map(|interfaces| {
            interfaces
                .into_iter()
                .map(|interface| interface.ip())
                .collect()
        })
        .unwrap_or_default();
    select(&all, loopback)
}

fn select(all: &[IpAddr], loopback: bool) -> Vec<IpAddr> {
    let (local, mut chosen): (Vec<IpAddr>, Vec<IpAddr>) = all
        .iter()
        .copied()
        .filter(|ip| !is_link_local(*ip))
        .partition(IpAddr::is_loopback);
    if loopback || chosen.is_empty() {
        chosen.extend(local);
    }
    chosen
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::IpAddr;

    use super::select;

    fn ips(text: &[&str]) -> Vec<IpAddr> {
        text.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    #[test]
    fn loopback_is_for_machines_without_anything_else() {
        let all = ips(&["127.0.0.1", "192.0.2.7", "::1", "fe80::1", "2001:db8::7"]);
        assert_eq!(select(&all, false), ips(&["192.0.2.7", "2001:db8::7"]));
        assert_eq!(
            select(&all, true),
            ips(&["192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"])
        );
        assert_eq!(
            select(&ips(&["127.0.0.1", "fe80::1"]), false),
            ips(&["127.0.0.1"])
        );
    }
}

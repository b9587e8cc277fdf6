//! Which addresses of this machine are worth offering (RFC 8445 section
//! 5.1.1.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::config::IcePolicy;

/// Addresses of nobody (RFC 5737, RFC 3849): only the default route leads there.
const FAR: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// From where this machine would send to `far`. Nothing is sent.
fn source_for(far: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if far.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(far, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// The addresses to bind; link-local ones never connect across a router and
/// are left out.
pub(crate) fn addresses(loopback: bool, policy: IcePolicy) -> Vec<IpAddr> {
    if policy == IcePolicy::DefaultRoute {
        let routed: Vec<IpAddr> = FAR.iter().filter_map(|far| source_for(*far)).collect();
        return select(&routed, false);
    }
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

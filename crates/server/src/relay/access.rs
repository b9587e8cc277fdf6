//! The relay as clients are told of it, over REST and over chat.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use visavis_turn::server::{Credentials, Secret};

use crate::clock::UnixTime;

/// Where the relay is, and the right to use it.
#[derive(Clone, Debug)]
pub(crate) struct RelayAccess {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where it speaks TLS, if it does.
    pub(crate) tls: Option<SocketAddr>,
    /// The name that the certificate is for, if the operator has told it.
    pub(crate) name: Option<String>,
    /// What credentials are made from.
    pub(crate) secret: Secret,
    /// How long they hold.
    pub(crate) lifetime: Duration,
    /// The addresses by which the outside reaches this machine, if it does not
    /// have them itself.
    pub(crate) public_addresses: Vec<IpAddr>,
}

/// One way to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RelayService {
    /// The scheme of its URI (RFC 7064, RFC 7065): `stun`, `turn` or `turns`.
    pub(crate) scheme: &'static str,
    /// `udp` or `tcp`.
    pub(crate) transport: &'static str,
    /// Name or address; one of IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl RelayService {
    /// Whether one needs credentials for it.
    pub(crate) fn is_restricted(&self) -> bool {
        self.scheme != "stun"
    }

    /// Its URI.
    pub(crate) fn uri(&self) -> String {
        let Self {
            scheme,
            transport,
            host,
            port,
        } = self;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        match self.is_restricted() {
            true => format!("{scheme}:{host}:{port}?transport={transport}"),
            false => format!("{scheme}:{host}:{port}"),
        }
    }
}

impl RelayAccess {
    /// All ways to the relay, the quickest first, for a client that knows this
    /// server as `asked` or has reached it at `local`.
    pub(crate) fn services(&self, asked: Option<&str>, local: IpAddr) -> Vec<RelayService> {
        let plain = [("stun", "udp"), ("turn", "udp"), ("turn", "tcp")]
            .map(|(scheme, transport)| (scheme, transport, self.address));
        let encrypted = self.tls.map(|address| ("turns", "tcp", address));
        let ways = plain.into_iter().chain(encrypted);
        ways.map(|(scheme, transport, address)| RelayService {
            scheme,
            transport,
            host: self.host(address.ip(), asked, local),
            port: address.port(),
        })
        .collect()
    }

    /// Where a client finds what listens at `address`.
    fn host(&self, address: IpAddr, asked: Option<&str>, local: IpAddr) -> String {
        match (&self.name, asked) {
            (Some(name), _) => name.clone(),
            (None, Some(asked)) if address.is_unspecified() => asked.to_owned(),
            _ => self.seen_from(address, local).to_string(),
        }
    }

    /// Credentials for an account, and when they end.
    pub(crate) fn credentials(&self, account: &str) -> (Credentials, UnixTime) {
        let end = UnixTime::now().plus(self.lifetime);
        let since_epoch = Duration::from_secs(end.0.unsigned_abs());
        (Credentials::issue(&self.secret, account, since_epoch), end)
    }

    /// Where `address` is for a client that has reached this server at `local`.
    fn seen_from(&self, address: IpAddr, local: IpAddr) -> IpAddr {
        if !address.is_unspecified() {
            return address;
        }
        let local = local.to_canonical();
        let mut public = self.public_addresses.iter();
        let public = public.find(|address| address.is_ipv4() == local.is_ipv4());
        match public {
            Some(public) if !local.is_loopback() => *public,
            _ => local,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn access(listening: &str) -> RelayAccess {
        RelayAccess {
            address: listening.parse().unwrap(),
            tls: None,
            name: None,
            secret: Secret::new(vec![1; 32]),
            lifetime: Duration::from_secs(60),
            public_addresses: vec!["203.0.113.5".parse().unwrap()],
        }
    }

    #[test]
    fn credentials_end_when_the_operator_says() {
        let before = UnixTime::now().0;
        let (credentials, end) = access("192.0.2.1:3478").credentials("7-1");
        let range = before + 60..=UnixTime::now().0 + 60;
        assert!(range.contains(&end.0), "{end:?}");
        assert_eq!(credentials.username, format!("{}:7-1", end.0));
    }

    fn uris(access: &RelayAccess, asked: Option<&str>, local: &str) -> Vec<String> {
        let services = access.services(asked, local.parse().unwrap());
        services.iter().map(RelayService::uri).collect()
    }

    #[test]
    fn the_relay_is_where_the_client_can_reach_it() {
        let seen = |listening: &str, asked: Option<&str>, local: &str| {
            uris(&access(listening), asked, local).remove(0)
        };
        let cases = [
            ("192.0.2.1:3478", None, "127.0.0.1", "stun:192.0.2.1:3478"),
            (
                "127.0.0.1:3478",
                Some("a.example"),
                "127.0.0.1",
                "stun:127.0.0.1:3478",
            ),
            ("0.0.0.0:3478", None, "10.0.0.7", "stun:203.0.113.5:3478"),
            (
                "0.0.0.0:3478",
                Some("a.example"),
                "10.0.0.7",
                "stun:a.example:3478",
            ),
            (
                "[::]:3478",
                None,
                "::ffff:10.0.0.7",
                "stun:203.0.113.5:3478",
            ),
            ("[::]:3478", None, "2001:db8::1", "stun:[2001:db8::1]:3478"),
            ("0.0.0.0:3478", None, "127.0.0.1", "stun:127.0.0.1:3478"),
        ];
        for (listening, asked, local, expected) in cases {
            assert_eq!(seen(listening, asked, local), expected);
        }
    }

    #[test]
    fn every_way_is_told_the_quickest_first() {
        let mut access = access("0.0.0.0:3478");
        access.tls = Some("0.0.0.0:443".parse().unwrap());
        access.name = Some("calls.example".to_owned());
        assert_eq!(
            uris(&access, Some("other.example"), "10.0.0.7"),
            [
                "stun:calls.example:3478",
                "turn:calls.example:3478?transport=udp",
                "turn:calls.example:3478?transport=tcp",
                "turns:calls.example:443?transport=tcp",
            ]
        );
        access.tls = None;
        assert_eq!(uris(&access, None, "10.0.0.7").len(), 3);
    }
}

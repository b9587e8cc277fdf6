//! The relay as clients are told of it, over REST and over chat.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use visavis_turn::server::{Credentials, Secret};

use crate::clock::UnixTime;

/// How long the credentials hold. An allocation made by then goes on for as
/// long as its call.
pub(crate) const TTL: Duration = Duration::from_secs(60 * 60);

/// Where the relay is, and the right to use it.
#[derive(Clone, Debug)]
pub(crate) struct RelayAccess {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS.
    pub(crate) tls: bool,
    /// What credentials are made from.
    pub(crate) secret: Secret,
    /// The addresses by which the outside reaches this machine, if it does not
    /// have them itself.
    pub(crate) public_addresses: Vec<IpAddr>,
}

impl RelayAccess {
    /// Credentials for an account, and when they end.
    pub(crate) fn credentials(&self, account: &str) -> (Credentials, UnixTime) {
        let end = UnixTime::now().plus(TTL);
        let since_epoch = Duration::from_secs(end.0.unsigned_abs());
        (Credentials::issue(&self.secret, account, since_epoch), end)
    }

    /// Where it is for a client that has reached this server at `local`.
    pub(crate) fn seen_from(&self, local: IpAddr) -> IpAddr {
        if !self.address.ip().is_unspecified() {
            return self.address.ip();
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

    #[test]
    fn the_relay_is_where_the_client_can_reach_it() {
        let seen = |listening: &str, local: &str| {
            let access = RelayAccess {
                address: listening.parse().unwrap(),
                tls: false,
                secret: Secret::new(vec![1; 32]),
                public_addresses: vec!["203.0.113.5".parse().unwrap()],
            };
            access.seen_from(local.parse().unwrap()).to_string()
        };
        assert_eq!(seen("192.0.2.1:3478", "127.0.0.1"), "192.0.2.1");
        assert_eq!(seen("0.0.0.0:3478", "10.0.0.7"), "203.0.113.5");
        assert_eq!(seen("[::]:3478", "::ffff:10.0.0.7"), "203.0.113.5");
        assert_eq!(seen("[::]:3478", "2001:db8::1"), "2001:db8::1");
        assert_eq!(seen("0.0.0.0:3478", "127.0.0.1"), "127.0.0.1");
    }
}

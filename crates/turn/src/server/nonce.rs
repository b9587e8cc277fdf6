//! Nonces that the server does not have to remember (RFC 8489 section 9.2).
//!
//! A nonce says when it ends and is sealed for one client, so that it is of no use to another.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::SocketAddr;
use core::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::server::client::{Client, Path};
use crate::server::config::Secret;

/// Bytes of the seal.
const SEAL: usize = 10;

/// Makes nonces and reservation tokens, and knows its own again.
#[derive(Debug)]
pub(crate) struct Sealer {
    secret: Secret,
    lifetime: Duration,
    tokens: u64,
}

impl Sealer {
    pub(crate) const fn new(secret: Secret, lifetime: Duration) -> Self {
        Self {
            secret,
            lifetime,
            tokens: 0,
        }
    }

    /// A nonce for this client.
    pub(crate) fn nonce(&self, client: Client, now: Duration) -> String {
        self.sealed(client, now.saturating_add(self.lifetime).as_secs())
    }

    /// Whether the nonce was made here, for this client, and can still be used.
    pub(crate) fn is_fresh(&self, nonce: &str, client: Client, now: Duration) -> bool {
        let Some(end) = nonce
            .get(..16)
            .and_then(|end| u64::from_str_radix(end, 16).ok())
        else {
            return false;
        };
        let own = self.sealed(client, end);
        bool::from(own.as_bytes().ct_eq(nonce.as_bytes())) && now.as_secs() < end
    }

    /// A token that nobody can guess (RFC 8656 section 18.7).
    pub(crate) fn token(&mut self) -> u64 {
        self.tokens += 1;
        let seal = self.seal(b"token", &self.tokens.to_be_bytes());
        let mut token = [0; 8];
        token.copy_from_slice(&seal[..8]);
        u64::from_be_bytes(token)
    }

    fn sealed(&self, client: Client, end: u64) -> String {
        let mut about = Vec::with_capacity(48);
        about.extend(end.to_be_bytes());
        match client.address {
            SocketAddr::V4(address) => about.extend(address.ip().octets()),
            SocketAddr::V6(address) => about.extend(address.ip().octets()),
        }
        about.extend(client.address.port().to_be_bytes());
        match client.path {
            Path::Datagrams(socket) => about.extend(socket.to_be_bytes()),
            Path::Stream(connection) => about.extend(connection.to_be_bytes()),
        }
        let mut text = String::with_capacity(16 + 2 * SEAL);
        // Writing to a string does not fail.
        let _ = write!(text, "{end:016x}");
        for byte in &self.seal(b"nonce", &about)[..SEAL] {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn seal(&self, kind: &[u8], about: &[u8]) -> [u8; 20] {
        hmac_sha1(self.secret.bytes(), &[kind, about])
    }
}

/// HMAC-SHA-1 (RFC 2104) of all parts in a row.
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn client(address: &str) -> Client {
        Client {
            address: address.parse().unwrap(),
            path: Path::Datagrams(0),
        }
    }

    #[test]
    fn a_nonce_is_for_one_client_and_a_time() {
        let sealer = Sealer::new(Secret::new([7; 16]), Duration::from_secs(600));
        let (alice, bob) = (client("192.0.2.1:1"), client("192.0.2.1:2"));
        let now = Duration::from_secs(1000);
        let nonce = sealer.nonce(alice, now);
        assert!(sealer.is_fresh(&nonce, alice, now));
        assert!(sealer.is_fresh(&nonce, alice, Duration::from_secs(1599)));
        assert!(!sealer.is_fresh(&nonce, alice, Duration::from_secs(1600)));
        assert!(!sealer.is_fresh(&nonce, bob, now));
        let stream = Client {
            path: Path::Stream(0),
            ..alice
        };
        assert!(!sealer.is_fresh(&nonce, stream, now));
    }

    #[test]
    fn a_forged_nonce_is_not_fresh() {
        let sealer = Sealer::new(Secret::new([7; 16]), Duration::from_secs(600));
        let alice = client("192.0.2.1:1");
        let nonce = sealer.nonce(alice, Duration::ZERO);
        let later = nonce.replacen("0258", "0259", 1);
        assert_ne!(later, nonce);
        for forged in ["", "é", "00000000000003e8", &later, &nonce[..35]] {
            assert!(!sealer.is_fresh(forged, alice, Duration::ZERO), "{forged}");
        }
    }
}

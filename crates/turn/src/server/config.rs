//! What the operator decides.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use crate::server::network::Network;

/// Everything that a [`Relay`](super::Relay) is told before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The realm of all credentials (RFC 8489 section 9.2): the domain, 1 to 127 bytes.
    pub realm: String,
    /// What clients' passwords are made from, and nonces and tokens.
    pub secret: Secret,
    /// What the origin of the relay's clock is in Unix time: user names carry Unix time.
    pub origin: Duration,
    /// The address from which relayed IPv4 traffic comes, as the outside sees it; `None`: no IPv4.
    pub relay_v4: Option<Ipv4Addr>,
    /// The same for IPv6.
    pub relay_v6: Option<Ipv6Addr>,
    /// Which peers may be reached.
    pub peers: PeerRules,
    /// Bounds on what clients can make the server spend.
    pub limits: RelayLimits,
}

impl Config {
    /// A relay with the usual rules and limits. It needs an address to relay from.
    pub fn new(realm: impl Into<String>, secret: Secret) -> Self {
        Self {
            realm: realm.into(),
            secret,
            origin: Duration::ZERO,
            relay_v4: None,
            relay_v6: None,
            peers: PeerRules::default(),
            limits: RelayLimits::default(),
        }
    }
}

/// The secret that the relay shares with whoever issues credentials. Never shown by `Debug`.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes a secret; 16 random bytes or more are good.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    pub(crate) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Exceptions from the rule that only public peers may be reached.
#[derive(Clone, Debug, Default)]
pub struct PeerRules {
    /// This machine's own addresses besides the relay's.
    pub own: Vec<IpAddr>,
    /// More networks that are refused.
    pub denied: Vec<Network>,
    /// Networks that are allowed although they are private. They outrank every other rule.
    pub allowed: Vec<Network>,
}

/// Bounds and periods. Whoever meets one is told by the error code that RFC 8656 has for it.
#[derive(Clone, Debug)]
pub struct RelayLimits {
    /// Allocations in all, then 508. A reserved port counts as one.
    pub allocations: usize,
    /// Allocations of one user at a time, then 486. A call takes one for each peer, network
    /// interface and way to the relay that the client tries.
    pub allocations_per_user: u32,
    /// Payload bytes a second of one user, both directions together, on average; one second's
    /// worth at once. What is beyond is dropped. `None`: as much as there is.
    pub bytes_per_second_per_user: Option<u64>,
    /// The same of all users together.
    pub bytes_per_second: Option<u64>,
    /// Permissions of one allocation, then 508.
    pub permissions: usize,
    /// Channels of one allocation, then 508.
    pub channels: usize,
    /// Life of an allocation that asks for nothing else.
    pub default_lifetime: Duration,
    /// Longest life that an allocation is given at once.
    pub max_lifetime: Duration,
    /// How long a nonce can be used.
    pub nonce_lifetime: Duration,
    /// Answers a second to requests without credentials from one address (64 bits of IPv6), four
    /// times that at once. Beyond it they are dropped: the sender may be somebody else.
    pub challenges_per_second: u32,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            allocations: 10_000,
            allocations_per_user: 64,
            bytes_per_second_per_user: None,
            bytes_per_second: None,
            permissions: 64,
            channels: 64,
            default_lifetime: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(600),
            challenges_per_second: 100,
        }
    }
}

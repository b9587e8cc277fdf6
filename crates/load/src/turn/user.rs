//! Who uses the relay.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use visavis_turn::server::{Credentials, Secret};

/// How long credentials that are made here hold.
const TTL: Duration = Duration::from_secs(3600);
/// Allocations of one user that is made here: relays bound them.
const ALLOCATIONS_PER_USER: usize = 16;

/// Long-term credentials (RFC 8489 section 9.2).
#[derive(Clone, Debug)]
pub enum RelayUsers {
    /// One user.
    One(Credentials),
    /// Users that end by themselves, made from the secret that the relay shares with whoever issues
    /// them (coturn: `use-auth-secret`).
    Issued(Secret),
}

impl RelayUsers {
    /// The user of the allocation at this place.
    pub(super) fn at(&self, place: usize) -> Credentials {
        match self {
            Self::One(credentials) => credentials.clone(),
            Self::Issued(secret) => {
                let user = format!("load-{}", place / ALLOCATIONS_PER_USER);
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                Credentials::issue(secret, &user, now.unwrap_or_default() + TTL)
            }
        }
    }
}

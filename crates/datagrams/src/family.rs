//! The two forms that a socket's addresses have.

use std::net::SocketAddr;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6. A socket of this family sees IPv4 as mapped addresses.
    V6,
}

impl Family {
    /// That of a socket bound to this address.
    pub const fn of(address: &SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }
}

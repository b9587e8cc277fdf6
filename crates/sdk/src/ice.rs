//! STUN and TURN servers as an app configures them (RFC 7064, RFC 7065).

use std::fmt;

/// Which candidates a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IcePolicy {
    /// Every candidate: the shortest path wins.
    #[default]
    All,
    /// The address that this machine's default route leads through, and relayed ones: a VPN or a
    /// second network is not told of.
    DefaultRoute,
    /// Relayed candidates only: the other side never learns our addresses.
    Relay,
}

/// One STUN or TURN server.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` addresses of the same server.
    pub urls: Vec<String>,
    /// The user name; TURN only.
    pub username: Option<String>,
    /// The password that goes with it; TURN only, kept out of `Debug`.
    pub credential: Option<String>,
}

impl IceServer {
    /// A STUN server, for example `stun:stun.example.org:3478`.
    pub fn stun(url: impl Into<String>) -> Self {
        Self {
            urls: vec![url.into()],
            username: None,
            credential: None,
        }
    }

    /// A relay, for example `turn:relay.example.org` or `turns:relay.example.org:443`.
    pub fn turn(
        url: impl Into<String>,
        username: impl Into<String>,
        credential: impl Into<String>,
    ) -> Self {
        Self {
            urls: vec![url.into()],
            username: Some(username.into()),
            credential: Some(credential.into()),
        }
    }
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

//! What a connection is opened with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

/// The settings of one connection.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Whether sound is offered.
    pub audio: bool,
    /// Whether pictures are offered.
    pub video: bool,
    /// STUN and TURN servers; what is neither is passed over.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used.
    pub policy: IcePolicy,
    /// What certificates of relays are trusted; without it there is no TURN over TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether loopback addresses are candidates, too. A machine that has no
    /// other address uses them in any case.
    pub loopback: bool,
    /// What video may take at most, in bit/s.
    pub max_video_bitrate: u64,
    /// What the congestion control assumes before it has measured, in bit/s.
    /// The pacer lets 40 ms of it through at once: enough of it, and the first
    /// key frame leaves whole.
    pub start_video_bitrate: u64,
    /// How often statistics are reported; `None` for never.
    pub stats_interval: Option<Duration>,
}

impl Default for PeerConfig {
    fn default() -> Self {
        Self {
            audio: true,
            video: true,
            ice_servers: Vec::new(),
            policy: IcePolicy::All,
            tls: None,
            loopback: false,
            max_video_bitrate: 2_000_000,
            start_video_bitrate: 3_000_000,
            stats_interval: Some(Duration::from_secs(1)),
        }
    }
}

/// Which candidates may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IcePolicy {
    /// Every candidate.
    #[default]
    All,
    /// Of this machine only the addresses that its default route leads through (RFC 8828 section
    /// 5.2, mode 2), and relayed ones.
    DefaultRoute,
    /// Relayed ones only.
    Relay,
}

/// RFC 7064 section 3.2.
const STUN_PORT: u16 = 3478;

/// A STUN or TURN server (RFC 7064, RFC 7065).
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Its addresses: `stun:host:port`, `turn:host:port`, `turn:host:port?transport=tcp`,
    /// `turns:host:port`.
    pub urls: Vec<String>,
    /// The user name, TURN only.
    pub username: Option<String>,
    /// The password, TURN only; kept out of `Debug`.
    pub credential: Option<String>,
}

impl IceServer {
    /// Host and port of the STUN addresses; 3478 where none is given.
    pub(crate) fn stun_hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        self.urls.iter().filter_map(|url| {
            let rest = url.strip_prefix("stun:")?;
            let rest = rest.split_once('?').map_or(rest, |(host, _)| host);
            host_and_port(rest, STUN_PORT)
        })
    }
}

/// Splits `host[:port]`; an IPv6 address stands in brackets (RFC 7064 section 3.1).
pub(crate) fn host_and_port(text: &str, default: u16) -> Option<(&str, u16)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest {
        "" => default,
        rest => rest.strip_prefix(':')?.parse().ok()?,
    };
    (!host.is_empty()).then_some((host, port))
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::IceServer;

    #[test]
    fn stun_addresses_are_read() {
        let urls = [
            "stun:a.example",
            "stun:b.example:5000",
            "stun:[::1]:99",
            "stun:[::1]",
            "turn:c.example",
            "stun:",
            "stun:d.example:port",
        ];
        let server = IceServer {
            urls: urls.iter().map(ToString::to_string).collect(),
            username: None,
            credential: None,
        };
        let hosts: Vec<_> = server.stun_hosts().collect();
        assert_eq!(
            hosts,
            [
                ("a.example", 3478),
                ("b.example", 5000),
                ("::1", 99),
                ("::1", 3478)
            ]
        );
    }
}

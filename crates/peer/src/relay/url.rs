//! Addresses of TURN servers (RFC 7065).

use crate::config::host_and_port;

/// How a client speaks to a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelayTransport {
    /// Datagrams: nothing waits for what was lost.
    Udp,
    /// A connection, where UDP is blocked.
    Tcp,
    /// A connection that looks like any other to a secure website.
    Tls,
}

impl RelayTransport {
    /// The word for it in statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// One address of a TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayUrl {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How it is spoken to.
    pub transport: RelayTransport,
}

impl RelayUrl {
    /// Reads `turn:host[:port][?transport=udp|tcp]` or `turns:host[:port]`; `None` for anything
    /// else, DTLS among it.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let transport = match (scheme, query) {
            ("turn", "" | "transport=udp") => RelayTransport::Udp,
            ("turn", "transport=tcp") => RelayTransport::Tcp,
            ("turns", "" | "transport=tcp") => RelayTransport::Tls,
            _ => return None,
        };
        let default = if transport == RelayTransport::Tls {
            5349
        } else {
            3478
        };
        let (host, port) = host_and_port(place, default)?;
        Some(Self {
            host: host.to_owned(),
            port,
            transport,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RelayTransport, RelayUrl};

    #[test]
    fn an_address_says_where_and_how() {
        let read = |url| {
            let url: RelayUrl = RelayUrl::parse(url)?;
            Some((url.host, url.port, url.transport))
        };
        let some = |host: &str, port, transport| Some((host.to_owned(), port, transport));
        let (udp, tcp, tls) = (
            RelayTransport::Udp,
            RelayTransport::Tcp,
            RelayTransport::Tls,
        );
        assert_eq!(read("turn:a.example"), some("a.example", 3478, udp));
        assert_eq!(
            read("turn:a.example:99?transport=udp"),
            some("a.example", 99, udp)
        );
        assert_eq!(read("turn:[::1]?transport=tcp"), some("::1", 3478, tcp));
        assert_eq!(read("turns:a.example"), some("a.example", 5349, tls));
        assert_eq!(
            read("turns:a.example:443?transport=tcp"),
            some("a.example", 443, tls)
        );
        for wrong in [
            "",
            "turn",
            "turn:",
            "stun:a",
            "turns:a?transport=udp",
            "turn:a?x",
            "turn:a:b",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

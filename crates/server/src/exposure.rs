//! What the outside has to reach of a server, and what becomes of calls where
//! it does not.

use std::fmt;
use std::ops::RangeInclusive;

use crate::config::ServerConfig;

/// Ports that a firewall has to let in, and what they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenPorts {
    /// Of what kind.
    pub transport: Transport,
    /// The first and the last.
    pub ports: RangeInclusive<u16>,
    /// What is there.
    pub purpose: Purpose,
}

/// What ports are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What is served on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Accounts, pages, chat, and TURN if there is a relay; all over TLS.
    Everything {
        /// Whether there is a relay.
        relay: bool,
    },
    /// Accounts, pages and chat without encryption.
    Http,
    /// Chat over TCP.
    Chat,
    /// STUN and TURN.
    Relay,
    /// The relayed addresses.
    Relayed,
}

impl Purpose {
    /// What the port is for, in words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Everything { relay: true } => "HTTPS, WebSocket, XMPP and TURN, all over TLS",
            Self::Everything { relay: false } => "HTTPS, WebSocket and XMPP, all over TLS",
            Self::Http => "HTTP and WebSocket",
            Self::Chat => "XMPP",
            Self::Relay => "STUN and TURN",
            Self::Relayed => "relayed calls",
        }
    }

    /// What works when the port is closed, in words.
    pub const fn without(self) -> &'static str {
        match self {
            Self::Everything { .. } | Self::Http => "nobody logs in",
            Self::Chat => "clients that chat by WebSocket notice nothing",
            Self::Relay => {
                "clients learn no public address and relay by TLS: calls connect, but more of them \
                 are relayed, and slower"
            }
            Self::Relayed => {
                "a call is relayed only when both sides use this relay; most still connect"
            }
        }
    }
}

impl fmt::Display for OpenPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        };
        let (first, last) = (self.ports.start(), self.ports.end());
        match first == last {
            true => write!(f, "{transport} {first}"),
            false => write!(f, "{transport} {first}-{last}"),
        }
    }
}

impl ServerConfig {
    /// Ports that have to be open for whoever is to call from elsewhere, the
    /// most important first. What listens on loopback is left out. Ports are
    /// those of the configuration, 0 where the system picks one.
    pub fn open_ports(&self) -> Vec<OpenPorts> {
        let relay = self.relay.filter(|address| !address.ip().is_loopback());
        let everything = Purpose::Everything {
            relay: self.relay.is_some(),
        };
        let listeners = [
            (Transport::Tcp, self.https, everything),
            (Transport::Tcp, self.http, Purpose::Http),
            (Transport::Tcp, self.xmpps, Purpose::Chat),
            (Transport::Tcp, self.xmpp, Purpose::Chat),
            (Transport::Udp, relay, Purpose::Relay),
        ];
        let mut open = Vec::new();
        for (transport, address, purpose) in listeners {
            if let Some(address) = address.filter(|address| !address.ip().is_loopback()) {
                open.push(OpenPorts {
                    transport,
                    ports: address.port()..=address.port(),
                    purpose,
                });
            }
        }
        if relay.is_some() {
            open.push(OpenPorts {
                transport: Transport::Udp,
                ports: self.relaying.ports.clone(),
                purpose: Purpose::Relayed,
            });
        }
        open
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_on_loopback_needs_nothing() {
        assert_eq!(ServerConfig::default().open_ports(), []);
    }

    #[test]
    fn a_public_server_needs_one_port_of_each_kind_and_the_relayed_ones() {
        let config = ServerConfig {
            https: Some("[::]:443".parse().unwrap()),
            relay: Some("[::]:3478".parse().unwrap()),
            ..ServerConfig::default()
        };
        let ports: Vec<_> = config
            .open_ports()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ports, ["TCP 443", "UDP 3478", "UDP 49152-65535"]);
    }
}

//! What can be wrong, in words for whoever has to act.

use std::fmt;

use serde::Serialize;

/// Something that keeps calls from working, or from working well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Nobody answers at the server's address.
    ServerUnreachable,
    /// The server's certificate is for another name, is over, or of an unknown issuer.
    CertificateRefused,
    /// Something else answers at the server's address.
    NotAServer,
    /// This computer's clock differs from the server's so much that logins are refused.
    ClockWrong,
    /// The server does not know the application, or its secret is another.
    ApplicationRefused,
    /// Login or password are wrong.
    LoginRefused,
    /// The server makes this user wait after wrong passwords.
    TooManyAttempts,
    /// Accounts work, chat does not.
    ChatBlocked,
    /// Chat works, and takes longer than a second for a question and its answer.
    ChatSlow,
    /// The server names no relay.
    NoRelay,
    /// No datagram comes back from the server.
    UdpBlocked,
    /// The relay refuses the credentials that the server gave.
    RelayRefused,
    /// Datagrams come back, but none are relayed.
    RelayUdpFails,
    /// The relay is not reached over TCP.
    RelayTcpFails,
    /// The relay is not reached over TLS.
    RelayTlsFails,
    /// This network gives every conversation another address and lets no stranger in: direct calls
    /// work with few others.
    NatStrict,
    /// Nothing from outside reaches the relayed ports.
    RelayedPortsClosed,
    /// More than one in twenty relayed packets is lost.
    RelayLossy,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Calls work; some of them less well, or with fewer people.
    Warning,
    /// No call works.
    Fatal,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 18] = [
        Self::ServerUnreachable,
        Self::CertificateRefused,
        Self::NotAServer,
        Self::ClockWrong,
        Self::ApplicationRefused,
        Self::LoginRefused,
        Self::TooManyAttempts,
        Self::ChatBlocked,
        Self::ChatSlow,
        Self::NoRelay,
        Self::UdpBlocked,
        Self::RelayRefused,
        Self::RelayUdpFails,
        Self::RelayTcpFails,
        Self::RelayTlsFails,
        Self::NatStrict,
        Self::RelayedPortsClosed,
        Self::RelayLossy,
    ];

    /// How bad it is when nothing else is wrong.
    pub const fn severity(self) -> Severity {
        match self {
            Self::ServerUnreachable
            | Self::CertificateRefused
            | Self::NotAServer
            | Self::ClockWrong
            | Self::ApplicationRefused
            | Self::LoginRefused
            | Self::TooManyAttempts
            | Self::ChatBlocked => Severity::Fatal,
            _ => Severity::Warning,
        }
    }

    /// What is wrong, and who does what about it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ServerUnreachable => {
                "The server cannot be reached. Check its address and this computer's network; the \
                 operator checks that it runs."
            }
            Self::CertificateRefused => {
                "The server cannot prove who it is. The operator renews the certificate; somebody \
                 on the way may be reading along."
            }
            Self::NotAServer => {
                "Something answers at the address, but it is no such server. Check the address; \
                 the operator checks the proxy before it."
            }
            Self::ClockWrong => {
                "This computer's clock is wrong. Set it: logins are refused until then."
            }
            Self::ApplicationRefused => {
                "The server refuses the application. The developer checks its id, key and secret."
            }
            Self::LoginRefused => "Login or password are wrong. Check them.",
            Self::TooManyAttempts => "There were too many wrong passwords. Wait some minutes.",
            Self::ChatBlocked => {
                "Logging in works, chat does not. Something between here and the server blocks \
                 WebSockets: the operator of that network, or of the proxy, lets them through."
            }
            Self::ChatSlow => "Chat answers slowly. Calls take long to begin.",
            Self::NoRelay => {
                "The server has no relay. Calls work only where both networks let them through \
                 directly; the operator turns the relay on."
            }
            Self::UdpBlocked => {
                "UDP is blocked. Calls go through the relay over TCP or TLS, and stutter when \
                 packets get lost; the network's operator lets UDP through."
            }
            Self::RelayRefused => {
                "The relay refuses what the server gives out for it. The operator checks that \
                 both share a secret, and their clocks."
            }
            Self::RelayUdpFails => {
                "The relay does not relay over UDP. Relayed calls go over TCP or TLS; the operator \
                 looks at the relay."
            }
            Self::RelayTcpFails => {
                "The relay is not reached over TCP. Only matters where UDP is blocked; the \
                 operator opens its port."
            }
            Self::RelayTlsFails => {
                "The relay is not reached over TLS. Only matters in the strictest networks; the \
                 operator opens its port and checks the certificate."
            }
            Self::NatStrict => {
                "This network's address translation is strict (symmetric). Most calls are relayed."
            }
            Self::RelayedPortsClosed => {
                "Nothing from outside reaches the relayed ports. Calls are relayed only between \
                 two users of this relay; the operator opens its range of UDP ports."
            }
            Self::RelayLossy => {
                "The way through the relay loses packets. Relayed calls stutter; another network \
                 may be better."
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Whether calls will work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Calls work, most of them directly.
    Works,
    /// Calls work directly at best: there is no relay for those that cannot.
    DirectOnly,
    /// Calls work through the relay.
    Relayed,
    /// Calls work through the relay over TCP or TLS.
    RelayedOverTcp,
    /// No call works: first the server has to be reached.
    Unreachable,
    /// No call works: the server refuses.
    Refused,
    /// Chat works, but nothing carries sound and picture.
    NoPath,
}

impl Verdict {
    /// Whether calls work at all.
    pub const fn works(self) -> bool {
        matches!(
            self,
            Self::Works | Self::DirectOnly | Self::Relayed | Self::RelayedOverTcp
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "Calls will work.",
            Self::DirectOnly => "Calls will work where they find a direct way.",
            Self::Relayed => "Calls will work; most go through the relay.",
            Self::RelayedOverTcp => {
                "Calls will work through the relay, and less well than over UDP."
            }
            Self::Unreachable => "Calls will not work: the server is not reached.",
            Self::Refused => "Calls will not work: the server refuses.",
            Self::NoPath => "Calls will not work: nothing carries sound and picture.",
        })
    }
}

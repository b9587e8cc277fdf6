//! What a translator between here and the server does with datagrams (RFC 4787 sections 4.1 and 5).
//!
//! One server with one address is enough: a relayed address is another port of it, so a socket
//! that has asked at the first port shows at the second whether it has got another mapping, and
//! whether a packet from the second comes in before one has gone out to it. What only depends on
//! the address, not the port, counts as open here.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use tokio::net::UdpSocket;
use tokio::time::timeout;
use visavis_peer::relay::RelayPath;

/// How long a packet may be on its way.
const PATIENCE: Duration = Duration::from_millis(700);
/// How often one that may have got lost is sent.
const TRIES: usize = 3;
/// What is sent: no STUN message and no media.
const PROBE: &[u8] = b"visavis doctor";

/// How this computer appears outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Nat {
    /// The address that the server sees.
    pub mapped: SocketAddr,
    /// Whether that is this computer's own.
    pub translated: bool,
    /// Whether everybody sees the same address; `None` if it could not be told.
    pub same_for_all: Option<bool>,
    /// Whether packets of strangers come in; `None` if it could not be told.
    pub open: Option<bool>,
}

impl Nat {
    /// What a STUN server alone tells.
    pub(super) const fn unknown(mapped: SocketAddr, translated: bool) -> Self {
        Self {
            mapped,
            translated,
            same_for_all: None,
            open: None,
        }
    }
}

/// What was seen of it.
pub(super) struct Seen {
    pub(super) nat: Nat,
    /// Whether anything from here reached the relayed address.
    pub(super) relayed_port_open: bool,
}

/// Looks at the way between `socket`, which the STUN server sees as `mapped`, and a relayed address.
pub(super) async fn look(
    socket: &UdpSocket,
    mapped: SocketAddr,
    translated: bool,
    relay: &mut RelayPath,
) -> Seen {
    let mut nat = Nat::unknown(mapped, translated);
    let relayed = relay.relayed().iter().copied();
    let Some(relayed) = relayed
        .into_iter()
        .find(|address| address.is_ipv4() == mapped.is_ipv4())
    else {
        return Seen {
            nat,
            relayed_port_open: true,
        };
    };
    // This also is the permission for what comes back.
    let mut open = false;
    for _ in 0..TRIES {
        relay.send(mapped, PROBE);
        if arrives(socket, relay, relayed).await {
            open = true;
            break;
        }
    }
    let mut seen_as = None;
    for _ in 0..TRIES {
        // Nobody listens to the answer if this fails: the same.
        let _ = socket.send_to(PROBE, relayed).await;
        if let Ok(Ok((from, _))) = timeout(PATIENCE, relay.receive()).await {
            seen_as = Some(from);
            break;
        }
    }
    if let Some(from) = seen_as {
        nat.open = Some(open);
        nat.same_for_all = Some(from == mapped);
    }
    Seen {
        nat,
        relayed_port_open: seen_as.is_some(),
    }
}

/// Whether the probe of the relayed address comes in.
async fn arrives(socket: &UdpSocket, relay: &mut RelayPath, relayed: SocketAddr) -> bool {
    let mut packet = [0; 64];
    let reading = async {
        loop {
            tokio::select! {
                received = socket.recv_from(&mut packet) => {
                    let Ok((length, from)) = received else { return false };
                    if from == relayed && &packet[..length] == PROBE {
                        return true;
                    }
                }
                // Keeps the requests going that this needs.
                received = relay.receive() => if received.is_err() { return false },
            }
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or(false)
}

//! The relay listener: STUN over UDP.
//!
//! Answers Binding requests, so that clients learn the address under which
//! the outside sees them. Never answers anything else, and never sends much
//! more than it was sent.

mod binding;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

use crate::tasks::Tasks;

/// Larger packets are no STUN requests (RFC 8489 section 6.1 keeps them
/// below the path MTU).
const MAX_PACKET: usize = 1500;

/// Answers on `socket` until the server ends.
pub(crate) async fn serve(socket: UdpSocket, tasks: Tasks) {
    let mut packet = [0; MAX_PACKET];
    loop {
        let received = tokio::select! {
            () = tasks.ending() => return,
            received = socket.recv_from(&mut packet) => received,
        };
        match received {
            Ok((length, from)) => answer(&socket, &packet[..length], from).await,
            // Some systems report an earlier answer's ICMP error here.
            Err(error) if is_about_a_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "the relay's socket failed");
                return;
            }
        }
    }
}

async fn answer(socket: &UdpSocket, packet: &[u8], from: SocketAddr) {
    // A dual-stack socket sees IPv4 clients as mapped IPv6.
    let seen = SocketAddr::new(from.ip().to_canonical(), from.port());
    let Some(response) = binding::respond(packet, seen) else {
        return;
    };
    if let Err(error) = socket.send_to(&response, from).await {
        tracing::debug!(%error, "an answer could not be sent");
    }
}

fn is_about_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable | Interrupted
    )
}

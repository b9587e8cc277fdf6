//! Server-reflexive discovery on the media socket itself (RFC 8489 sections
//! 6.2.1 and 14.2): the address that a STUN server sees is the one that the
//! other side can reach.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{
    BINDING, Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec, TransactionId,
};

use tokio::net::UdpSocket;
use tokio::time::timeout_at;

/// The first retransmission timeout; it doubles each time.
const INITIAL_TIMEOUT: Duration = Duration::from_millis(250);
/// How often a request is sent before the server counts as silent.
const MAX_SENT: u32 = 6;

/// One question to one server from one socket.
#[derive(Debug)]
struct Question {
    from: SocketAddr,
    server: SocketAddr,
    id: TransactionId,
    packet: Vec<u8>,
    sent: u32,
    due: Instant,
}

/// All questions that are open.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    open: Vec<Question>,
}

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) base: SocketAddr,
    pub(crate) address: SocketAddr,
}

impl Discovery {
    /// Asks `server` from the socket bound to `from`.
    pub(crate) fn ask(&mut self, now: Instant, from: SocketAddr, server: SocketAddr) {
        let known = self
            .open
            .iter()
            .any(|q| q.from == from && q.server == server);
        if known || from.is_ipv4() != server.is_ipv4() {
            return;
        }
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
        if request.add_fingerprint().is_err() {
            return;
        }
        let packet = request.finish();
        let Ok(message) = Message::from_bytes(&packet) else {
            return;
        };
        let id = message.transaction_id();
        self.open.push(Question {
            from,
            server,
            id,
            packet,
            sent: 0,
            due: now,
        });
    }

    /// Whether every question is answered or given up.
    pub(crate) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.open.iter().map(|question| question.due).min()
    }

    /// The next request that is due: from, to, packet.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        self.open
            .retain(|question| question.due > now || question.sent < MAX_SENT);
        let question = self.open.iter_mut().find(|question| question.due <= now)?;
        question.due = now + INITIAL_TIMEOUT * 2u32.pow(question.sent);
        question.sent += 1;
        Some((question.from, question.server, question.packet.clone()))
    }

    /// Takes the answer to one of our questions; `None` leaves the packet to
    /// others.
    pub(crate) fn answer(&mut self, source: SocketAddr, packet: &[u8]) -> Option<Option<Mapped>> {
        // The two top bits of STUN are zero, its cookie is fixed: cheap to
        // tell from media.
        if packet.len() < 20
            || packet[0] > 3
            || packet[4..8] != [0x21, 0x12, 0xA4, 0x42]
            || self.open.is_empty()
        {
            return None;
        }
        let message = Message::from_bytes(packet).ok()?;
        let id = message.transaction_id();
        let at = self
            .open
            .iter()
            .position(|question| question.id == id && question.server == source)?;
        let question = self.open.swap_remove(at);
        if !message.has_class(MessageClass::Success) {
            return Some(None);
        }
        let address = message
            .attribute::<XorMappedAddress>()
            .ok()
            .map(|mapped| mapped.addr(id));
        Some(address.map(|address| Mapped {
            base: question.from,
            address,
        }))
    }
}

/// Asks a STUN server which address it sees for this socket; `None` if it does not answer within
/// a quarter of a minute. Other packets that come in meanwhile are lost.
pub async fn mapped_address(socket: &UdpSocket, server: SocketAddr) -> Option<SocketAddr> {
    let from = socket.local_addr().ok()?;
    let mut discovery = Discovery::default();
    discovery.ask(Instant::now(), from, server);
    let mut packet = [0; 1500];
    loop {
        while let Some((_, to, request)) = discovery.poll(Instant::now()) {
            // A network that refuses it now may take the next one.
            let _ = socket.send_to(&request, to).await;
        }
        let due = discovery.next_timeout()?;
        let received = timeout_at(due.into(), socket.recv_from(&mut packet)).await;
        if let Ok(Ok((length, source))) = received
            && let Some(mapped) = discovery.answer(source, &packet[..length])
        {
            return mapped.map(|mapped| mapped.address);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn answer(request: &[u8], mapped: SocketAddr) -> Vec<u8> {
        let request = Message::from_bytes(request).unwrap();
        let mut response = Message::builder_success(&request, MessageWriteVec::new());
        response
            .add_attribute(&XorMappedAddress::new(mapped, request.transaction_id()))
            .unwrap();
        response.finish()
    }

    #[test]
    fn an_answer_from_the_server_gives_the_mapping() {
        let (from, server) = (address("192.0.2.1:1000"), address("198.51.100.1:3478"));
        let mapped = address("203.0.113.5:4000");
        let now = Instant::now();
        let mut discovery = Discovery::default();
        discovery.ask(now, from, server);
        let (_, to, request) = discovery.poll(now).unwrap();
        assert_eq!(to, server);
        assert_eq!(discovery.poll(now), None);
        let response = answer(&request, mapped);
        assert_eq!(
            discovery.answer(address("198.51.100.9:3478"), &response),
            None
        );
        assert_eq!(
            discovery.answer(server, &response),
            Some(Some(Mapped {
                base: from,
                address: mapped
            }))
        );
        assert!(discovery.is_done());
    }

    #[test]
    fn a_silent_server_is_asked_again_and_given_up() {
        let mut now = Instant::now();
        let mut discovery = Discovery::default();
        discovery.ask(now, address("192.0.2.1:1000"), address("198.51.100.1:3478"));
        let mut sent = 0;
        while let Some(due) = discovery.next_timeout() {
            now = due;
            sent += u32::from(discovery.poll(now).is_some());
        }
        assert_eq!((sent, discovery.is_done()), (MAX_SENT, true));
    }

    #[test]
    fn families_are_not_mixed() {
        let mut discovery = Discovery::default();
        discovery.ask(
            Instant::now(),
            address("[2001:db8::1]:1"),
            address("198.51.100.1:3478"),
        );
        assert!(discovery.is_done());
    }
}

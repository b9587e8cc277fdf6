//! A caller, a callee and the packets between them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use visavis_peer::{Connection, PeerConfig, PeerEvent, Poll};

/// What a packet is (RFC 7983 section 7, RFC 8489 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    StunRequest,
    StunResponse,
    Encryption,
    Media,
}

impl Kind {
    fn of(contents: &[u8]) -> Self {
        match contents {
            [0, ..] => Self::StunRequest,
            [1, ..] => Self::StunResponse,
            [20..=63, ..] => Self::Encryption,
            _ => Self::Media,
        }
    }
}

/// A packet on its way.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) kind: Kind,
    source: SocketAddr,
    destination: SocketAddr,
    contents: Vec<u8>,
}

/// One of the two.
pub(crate) struct Side {
    connection: Connection,
    pub(crate) connected: bool,
    /// What it sent and nobody delivered.
    pub(crate) sent: VecDeque<Packet>,
    wake: Option<Instant>,
}

impl Side {
    fn new(address: SocketAddr, now: Instant) -> Self {
        let mut connection = Connection::new(PeerConfig::default(), now);
        connection.add_host(address);
        connection.all_servers_known();
        Self {
            connection,
            connected: false,
            sent: VecDeque::new(),
            wake: None,
        }
    }

    /// Lets it do what it wants; the descriptions that it made.
    fn settle(&mut self, now: Instant) -> Vec<String> {
        self.connection.handle_timeout(now);
        let mut descriptions = Vec::new();
        loop {
            match self.connection.poll(now) {
                Poll::Transmit {
                    source,
                    destination,
                    contents,
                } => self.sent.push_back(Packet {
                    kind: Kind::of(&contents),
                    source,
                    destination,
                    contents,
                }),
                Poll::Event(PeerEvent::LocalOffer(sdp) | PeerEvent::LocalAnswer(sdp)) => {
                    descriptions.push(sdp);
                }
                Poll::Event(PeerEvent::Connected) => self.connected = true,
                Poll::Event(_) => {}
                Poll::Timeout(wake) => {
                    self.wake = wake;
                    return descriptions;
                }
            }
        }
    }

    /// A packet arrives.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet) {
        self.connection
            .receive(now, packet.source, packet.destination, &packet.contents);
        self.settle(now);
    }
}

/// Both, with their descriptions exchanged and nothing delivered.
pub(crate) struct Pair {
    pub(crate) caller: Side,
    pub(crate) callee: Side,
    start: Instant,
    pub(crate) now: Instant,
}

impl Pair {
    pub(crate) fn negotiated() -> Self {
        let now = Instant::now();
        let mut caller = Side::new(([192, 0, 2, 1], 1000).into(), now);
        let mut callee = Side::new(([192, 0, 2, 2], 2000).into(), now);
        caller.connection.create_offer();
        let offer = caller.settle(now).pop().expect("an offer");
        callee.connection.apply_offer(&offer);
        callee.connection.create_answer(now);
        let answer = callee.settle(now).pop().expect("an answer");
        caller.connection.apply_answer(now, &answer);
        caller.settle(now);
        Self {
            caller,
            callee,
            start: now,
            now,
        }
    }

    /// Lets time pass until one of them wants to do something.
    pub(crate) fn wait(&mut self) {
        let wakes = [self.caller.wake, self.callee.wake];
        let next = wakes.into_iter().flatten().min();
        self.now = next.expect("somebody wants to go on").max(self.now);
        for side in [&mut self.caller, &mut self.callee] {
            side.settle(self.now);
        }
    }

    /// How much time has passed since the descriptions were exchanged.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }
}

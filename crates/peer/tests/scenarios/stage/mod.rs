//! The stage of the scenarios: two connections, the network between them, and the
//! time, all virtual.

mod media;
mod network;
mod sdp;
mod stun_server;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::{Index, IndexMut};
use std::time::{Duration, Instant};

use visavis_peer::{Connection, FailCause, IceCandidate, PeerConfig, PeerEvent, Poll};

pub(crate) use media::{Line, picture, picture_data, sound};
pub(crate) use network::{Kind, Network, Packet};
pub(crate) use sdp::{candidates_of, replaced, without};
pub(crate) use stun_server::StunServer;

/// Longer than any connection needs to be set up.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// The two who talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Alice,
    Bob,
}

pub(crate) use Who::{Alice, Bob};

impl Who {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }
}

/// One of the two: the connection and what it said.
pub(crate) struct Side {
    pub(crate) connection: Connection,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) events: Vec<PeerEvent>,
    wake: Option<Instant>,
}

impl Side {
    pub(crate) fn count(&self, wanted: impl Fn(&PeerEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    pub(crate) fn has(&self, wanted: impl Fn(&PeerEvent) -> bool) -> bool {
        self.count(wanted) > 0
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.has(|event| matches!(event, PeerEvent::Connected))
    }

    /// Whether the connection never wants to be woken again.
    pub(crate) const fn is_over(&self) -> bool {
        self.wake.is_none()
    }

    pub(crate) fn failure(&self) -> Option<FailCause> {
        self.events.iter().find_map(|event| match event {
            PeerEvent::Failed(cause) => Some(*cause),
            _ => None,
        })
    }

    /// The newest offer of ours.
    pub(crate) fn local_offer(&self) -> Option<String> {
        self.events.iter().rev().find_map(|event| match event {
            PeerEvent::LocalOffer(sdp) => Some(sdp.clone()),
            _ => None,
        })
    }

    pub(crate) fn local_answer(&self) -> Option<String> {
        self.events.iter().rev().find_map(|event| match event {
            PeerEvent::LocalAnswer(sdp) => Some(sdp.clone()),
            _ => None,
        })
    }

    /// All candidates that were reported.
    pub(crate) fn candidates(&self) -> Vec<IceCandidate> {
        let reported = self.events.iter().filter_map(|event| match event {
            PeerEvent::LocalCandidates(candidates) => Some(candidates.clone()),
            _ => None,
        });
        reported.flatten().collect()
    }
}

/// See the module's documentation.
pub(crate) struct Stage {
    pub(crate) now: Instant,
    pub(crate) network: Network,
    pub(crate) servers: BTreeMap<SocketAddr, StunServer>,
    alice: Side,
    bob: Side,
}

impl Index<Who> for Stage {
    type Output = Side;

    fn index(&self, who: Who) -> &Side {
        match who {
            Alice => &self.alice,
            Bob => &self.bob,
        }
    }
}

impl IndexMut<Who> for Stage {
    fn index_mut(&mut self, who: Who) -> &mut Side {
        match who {
            Alice => &mut self.alice,
            Bob => &mut self.bob,
        }
    }
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address and a port")
}

impl Stage {
    /// Both have one address that everybody reaches.
    pub(crate) fn new() -> Self {
        Self::with(PeerConfig::default())
    }

    /// As [`new`](Self::new), with these settings on both sides.
    pub(crate) fn with(config: PeerConfig) -> Self {
        let mut stage = Self::without_addresses(config.clone(), config);
        stage.add_host(Alice, "192.0.2.1:1000");
        stage.add_host(Bob, "198.51.100.2:2000");
        stage
    }

    pub(crate) fn without_addresses(alice: PeerConfig, bob: PeerConfig) -> Self {
        let now = Instant::now();
        let side = |config| Side {
            connection: Connection::new(config, now),
            addresses: Vec::new(),
            events: Vec::new(),
            wake: Some(now),
        };
        Self {
            now,
            network: Network::new(),
            servers: BTreeMap::new(),
            alice: side(alice),
            bob: side(bob),
        }
    }

    pub(crate) fn add_host(&mut self, who: Who, host: &str) {
        let host = address(host);
        self[who].addresses.push(host);
        self.act(who, |connection, _| connection.add_host(host));
    }

    /// The address is a private one; the world sees `outside`.
    pub(crate) fn add_host_behind(&mut self, who: Who, host: &str, outside: &str) {
        let outside = outside.parse().expect("an address");
        self.network.translate(address(host).ip(), outside);
        self.add_host(who, host);
    }

    /// Both ask this server from each of their addresses.
    pub(crate) fn add_server(&mut self, server: &str, kind: StunServer) {
        let server = address(server);
        self.servers.insert(server, kind);
        for who in [Alice, Bob] {
            for from in self[who].addresses.clone() {
                self.act(who, |connection, now| {
                    connection.discover(now, from, server)
                });
            }
        }
    }

    pub(crate) fn all_servers_known(&mut self) {
        for who in [Alice, Bob] {
            self.act(who, |connection, _| connection.all_servers_known());
        }
    }

    /// Mutates a connection as the driver does: the engine learns the time
    /// afterwards, then everything comes out.
    pub(crate) fn act(&mut self, who: Who, act: impl FnOnce(&mut Connection, Instant)) {
        let now = self.now;
        act(&mut self[who].connection, now);
        self[who].connection.handle_timeout(now);
        self.drain(who);
    }

    fn drain(&mut self, who: Who) {
        let now = self.now;
        loop {
            match self[who].connection.poll(now) {
                Poll::Transmit {
                    source,
                    destination,
                    contents,
                } => {
                    assert!(
                        self[who].addresses.contains(&source),
                        "no socket at {source}"
                    );
                    let packet = Packet {
                        source,
                        destination,
                        contents,
                    };
                    self.network.send(now, packet);
                }
                Poll::Event(event) => self[who].events.push(event),
                Poll::Timeout(wake) => {
                    self[who].wake = wake;
                    return;
                }
            }
        }
    }

    /// Goes to the next thing that happens, `until` at the latest; false at `until`.
    fn step(&mut self, until: Instant) -> bool {
        let next = [
            self.network.next_arrival(),
            self.alice.wake,
            self.bob.wake,
            Some(until),
        ];
        // A connection may want to be woken in the past; the time never goes back.
        let next = next.into_iter().flatten().min().unwrap_or(until);
        self.now = self.now.max(next);
        let mut quiet = true;
        while let Some(packet) = self.network.arrival(self.now) {
            quiet = false;
            self.deliver(&packet);
        }
        for who in [Alice, Bob] {
            if self[who].wake.is_some_and(|wake| wake <= self.now) {
                quiet = false;
                let now = self.now;
                self[who].connection.handle_timeout(now);
                self.drain(who);
            }
        }
        !quiet || self.now < until
    }

    fn deliver(&mut self, packet: &Packet) {
        let now = self.now;
        if let Some(server) = self.servers.get(&packet.destination) {
            if let Some(contents) = server.reply(&packet.contents, packet.source) {
                let answer = Packet {
                    source: packet.destination,
                    destination: packet.source,
                    contents,
                };
                self.network.send(now, answer);
            }
            return;
        }
        for who in [Alice, Bob] {
            if self[who].addresses.contains(&packet.destination) {
                self.receive(who, packet);
            }
        }
    }

    /// Hands a packet to a connection.
    pub(crate) fn receive(&mut self, who: Who, packet: &Packet) {
        let now = self.now;
        self[who]
            .connection
            .receive(now, packet.source, packet.destination, &packet.contents);
        self.drain(who);
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.step(end) {}
    }

    /// Runs until something holds; how long that took. Panics when it still does
    /// not after `limit`.
    pub(crate) fn run_until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now;
        while !holds(self) {
            let goes_on = self.step(start + limit);
            assert!(
                goes_on || holds(self),
                "not within {limit:?}; Alice: {:?}; Bob: {:?}",
                self.alice.events,
                self.bob.events
            );
        }
        self.now - start
    }

    /// The offer of a side, with the candidates that it has.
    pub(crate) fn offer(&mut self, who: Who) -> String {
        self.act(who, |connection, _| connection.create_offer());
        self[who].local_offer().expect("an offer")
    }

    /// The answer of a side to this offer.
    pub(crate) fn answer(&mut self, who: Who, offer: &str) -> String {
        self.act(who, |connection, _| connection.apply_offer(offer));
        self.act(who, Connection::create_answer);
        self[who].local_answer().expect("an answer")
    }

    pub(crate) fn apply_answer(&mut self, who: Who, answer: &str) {
        self.act(who, |connection, now| connection.apply_answer(now, answer));
    }

    pub(crate) fn add_candidates(&mut self, who: Who, candidates: Vec<IceCandidate>) {
        self.act(who, |connection, _| connection.add_candidates(candidates));
    }

    /// One calls, the other accepts; candidates are in the descriptions.
    pub(crate) fn negotiate(&mut self, caller: Who) {
        let offer = self.offer(caller);
        let answer = self.answer(caller.other(), &offer);
        self.apply_answer(caller, &answer);
    }

    pub(crate) fn run_until_connected(&mut self) {
        self.run_until(SOON, |stage| {
            stage[Alice].is_connected() && stage[Bob].is_connected()
        });
    }

    /// A stage with a connection between the two.
    pub(crate) fn connected() -> Self {
        let mut stage = Self::new();
        stage.negotiate(Alice);
        stage.run_until_connected();
        stage
    }

    /// Nothing gets through in either direction.
    pub(crate) fn cut_both_ways(&mut self) {
        self.cut_from(Alice);
        self.cut_from(Bob);
    }

    /// Nothing of this side gets through.
    pub(crate) fn cut_from(&mut self, who: Who) {
        for address in self[who].addresses.clone() {
            self.network.cut(address.ip());
        }
    }

    /// Forgets what was said so far.
    pub(crate) fn forget_events(&mut self) {
        self.alice.events.clear();
        self.bob.events.clear();
    }
}

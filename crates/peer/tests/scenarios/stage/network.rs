//! A network that exists only here: packets take their time, get lost, wait for a
//! narrow line, and pass address translation.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// What a narrow line keeps waiting at most; more is lost.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// A packet on its way.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) contents: Vec<u8>,
}

/// What a packet is (RFC 7983 section 7, RFC 8489 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Check,
    CheckAnswer,
    Encryption,
    Media,
}

impl Packet {
    fn kind(&self) -> Kind {
        match self.contents[..] {
            [0, ..] => Kind::Check,
            [1, ..] => Kind::CheckAnswer,
            [20..=63, ..] => Kind::Encryption,
            _ => Kind::Media,
        }
    }
}

/// The network between the two sides and the servers.
pub(crate) struct Network {
    /// How long a packet takes.
    pub(crate) delay: Duration,
    /// The share of packets that are lost, 0 to 1; the same ones in every run.
    pub(crate) loss: f64,
    /// What goes through from each address, in bit/s.
    pub(crate) capacity: Option<u64>,
    /// From where to where everything went, lost or not.
    pub(crate) log: BTreeSet<(SocketAddr, SocketAddr)>,
    cut: BTreeSet<IpAddr>,
    arrived: Vec<(Kind, SocketAddr)>,
    held_back: Option<(Kind, SocketAddr)>,
    waiting: Vec<Packet>,
    translations: Vec<Translation>,
    busy_until: BTreeMap<IpAddr, Instant>,
    flying: BTreeMap<(Instant, u64), Packet>,
    count: u64,
    random: u64,
}

/// Address translation that keeps ports and lets in only who was written to
/// (RFC 4787: endpoint-independent mapping, address and port-dependent filtering).
struct Translation {
    inside: IpAddr,
    outside: IpAddr,
    written_to: BTreeSet<(u16, SocketAddr)>,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self {
            delay: Duration::from_millis(20),
            loss: 0.0,
            capacity: None,
            log: BTreeSet::new(),
            cut: BTreeSet::new(),
            arrived: Vec::new(),
            held_back: None,
            waiting: Vec::new(),
            translations: Vec::new(),
            busy_until: BTreeMap::new(),
            flying: BTreeMap::new(),
            count: 0,
            random: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// The rest of the world sees `inside` as `outside`.
    pub(crate) fn translate(&mut self, inside: IpAddr, outside: IpAddr) {
        self.translations.push(Translation {
            inside,
            outside,
            written_to: BTreeSet::new(),
        });
    }

    /// Nothing leaves this address any more.
    pub(crate) fn cut(&mut self, from: IpAddr) {
        self.cut.insert(from);
    }

    /// Everything goes through again.
    pub(crate) fn mend(&mut self) {
        self.cut.clear();
    }

    /// Packets of this kind from this address wait for [`release`](Self::release).
    pub(crate) fn hold_back(&mut self, kind: Kind, source: SocketAddr) {
        self.held_back = Some((kind, source));
    }

    /// What waits arrives now, and nothing is held back any more.
    pub(crate) fn release(&mut self, now: Instant) {
        self.held_back = None;
        for packet in std::mem::take(&mut self.waiting) {
            self.count += 1;
            self.flying.insert((now, self.count), packet);
        }
    }

    /// Whether a packet of this kind arrived at this address.
    pub(crate) fn carried(&self, kind: Kind, destination: SocketAddr) -> bool {
        self.arrived.contains(&(kind, destination))
    }

    pub(crate) fn send(&mut self, now: Instant, mut packet: Packet) {
        self.log.insert((packet.source, packet.destination));
        let sender = packet.source.ip();
        if self.cut.contains(&sender) || self.is_lost() {
            return;
        }
        if self.held_back == Some((packet.kind(), packet.source)) {
            return self.waiting.push(packet);
        }
        if let Some(translation) = self.translations.iter_mut().find(|t| t.inside == sender) {
            let port = packet.source.port();
            translation.written_to.insert((port, packet.destination));
            packet.source.set_ip(translation.outside);
        }
        let Some(waiting) = self.waiting(now, sender, packet.contents.len()) else {
            return;
        };
        self.count += 1;
        self.flying
            .insert((now + waiting + self.delay, self.count), packet);
    }

    /// How long the packet is on the line; `None`: it does not get on it.
    fn waiting(&mut self, now: Instant, sender: IpAddr, bytes: usize) -> Option<Duration> {
        let Some(capacity) = self.capacity else {
            return Some(Duration::ZERO);
        };
        let free = self.busy_until.get(&sender).map_or(now, |at| now.max(*at));
        if free - now > MAX_WAIT {
            return None;
        }
        let done = free + Duration::from_secs_f64(bytes as f64 * 8.0 / capacity as f64);
        self.busy_until.insert(sender, done);
        Some(done - now)
    }

    /// Xorshift: enough to lose packets without a pattern.
    fn is_lost(&mut self) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        ((self.random >> 11) as f64 / (1u64 << 53) as f64) < self.loss
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.flying.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next packet that has arrived; its destination is the one behind the
    /// translation.
    pub(crate) fn arrival(&mut self, now: Instant) -> Option<Packet> {
        while self.next_arrival()? <= now {
            let (_, mut packet) = self.flying.pop_first()?;
            if let Some(destination) = self.behind(packet.source, packet.destination) {
                packet.destination = destination;
                let arrived = (packet.kind(), destination);
                if !self.arrived.contains(&arrived) {
                    self.arrived.push(arrived);
                }
                return Some(packet);
            }
        }
        None
    }

    fn behind(&self, source: SocketAddr, destination: SocketAddr) -> Option<SocketAddr> {
        for translation in &self.translations {
            if translation.outside == destination.ip() {
                let port = destination.port();
                let known = translation.written_to.contains(&(port, source));
                return known.then(|| SocketAddr::new(translation.inside, port));
            }
            if translation.inside == destination.ip() {
                return None;
            }
        }
        Some(destination)
    }
}

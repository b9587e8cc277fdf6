//! The client itself; see the [module](super).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use stun_types::AddressFamily;
use stun_types::attribute::{Attribute, AttributeStaticType, AttributeWrite};
use stun_types::message::{
    BINDING, IntegrityKey, Message, MessageClass, MessageType, MessageWrite, MessageWriteExt,
    MessageWriteVec, Method, StunWriteError, TransactionId,
};
use turn_types::attribute::{
    AdditionalAddressFamily, ChannelNumber, Data, Lifetime, RequestedAddressFamily,
    RequestedTransport, XorPeerAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH};

use super::authentication::{Challenge, Identity};
use super::peers::{Peers, Way, Wish};
use super::reply::{self, Reply};
use super::transaction::{Due, MOST_CHALLENGES, Purpose, Transaction, Transactions};
use super::{Config, Credentials, Event, Failure, Families, Received, same_family};
use crate::frame::{CHANNELS, Frame, channel_data};
use crate::server::hmac_sha1;

/// UDP, the only transport to peers (RFC 8656 section 14.7).
const UDP: u8 = 17;
/// A NAT on the way forgets who is silent for longer than some 30 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// The allocation is refreshed so long before it ends, if it lives long enough.
const MARGIN: Duration = Duration::from_secs(60);
/// A refresh that nobody answers is tried again after this long.
const SECOND_TRY: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Allocating,
    Allocated {
        /// Not while a refresh is under way.
        refresh_at: Option<Duration>,
        ends: Duration,
    },
    Closing,
    Over,
}

/// One allocation at one relay. The time is counted from any origin and never goes back.
pub struct TurnClient {
    config: Config,
    phase: Phase,
    identity: Identity,
    /// Newer credentials, until the relay has taken them.
    newer: Option<Identity>,
    challenge: Option<Challenge>,
    families: Families,
    transactions: Transactions,
    peers: Peers,
    relayed: Vec<SocketAddr>,
    drawn: u64,
    sent_at: Duration,
    out: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

impl TurnClient {
    /// A client that has done nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            phase: Phase::New,
            identity: Identity::new(config.credentials.clone()),
            newer: None,
            challenge: None,
            families: config.families,
            transactions: Transactions::new(config.stream),
            peers: Peers::new(),
            relayed: Vec::new(),
            drawn: 0,
            sent_at: Duration::ZERO,
            out: VecDeque::new(),
            events: VecDeque::new(),
            config,
        }
    }

    /// Asks for the allocation: [`Event::Allocated`] or [`Event::Failed`].
    pub fn start(&mut self, now: Duration) {
        if self.phase == Phase::New {
            self.phase = Phase::Allocating;
            self.request(now, Purpose::Allocate, 0);
            self.handle_timeout(now);
        }
    }

    /// The relayed addresses, while there are any.
    pub fn relayed(&self) -> &[SocketAddr] {
        &self.relayed
    }

    /// Whether it is closed or has failed.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Newer credentials: used from now on, as soon as the relay takes them. A relay that holds an
    /// allocation to the name it was made with (441, RFC 8656 section 5) goes on with the former
    /// ones.
    pub fn set_credentials(&mut self, now: Duration, credentials: Credentials) {
        if self.identity.is(&credentials) || self.newer.as_ref().is_some_and(|n| n.is(&credentials))
        {
            return;
        }
        match self.phase {
            Phase::New | Phase::Allocating => self.identity = Identity::new(credentials),
            Phase::Allocated { .. } => {
                self.newer = Some(Identity::new(credentials));
                self.request(now, Purpose::Refresh { newer: true }, 0);
                self.handle_timeout(now);
            }
            Phase::Closing | Phase::Over => {}
        }
    }

    /// The message that carries data to a peer, which asks for the permission it needs first: send
    /// what [`poll_transmit`](Self::poll_transmit) has, then this. `None` when the peer cannot be
    /// reached through this relay.
    pub fn send<'d>(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        data: &'d [u8],
    ) -> Option<Frame<'d>> {
        let reachable = |own: &SocketAddr| same_family(own.ip(), peer.ip());
        if !matches!(self.phase, Phase::Allocated { .. }) || !self.relayed.iter().any(reachable) {
            return None;
        }
        let way = self.peers.write_to(now, peer);
        if way == Way::None {
            return None;
        }
        self.ask_for_peers(now);
        self.sent_at = now;
        match way {
            Way::Channel(number) => Frame::channel(number, data, self.config.stream),
            _ => Frame::send_indication(self.draw().into(), peer, data),
        }
    }

    /// From now on this peer is written to with less around the data. For the one that media goes
    /// to: a relay bounds how many there may be.
    pub fn bind_channel(&mut self, now: Duration, peer: SocketAddr) {
        if matches!(self.phase, Phase::Allocated { .. }) {
            self.peers.want_channel(now, peer);
            self.ask_for_peers(now);
        }
    }

    /// Gives the allocation back: [`Event::Closed`].
    pub fn close(&mut self, now: Duration) {
        match self.phase {
            Phase::New | Phase::Allocating => self.end(Event::Closed),
            Phase::Allocated { .. } => {
                self.transactions.clear();
                self.phase = Phase::Closing;
                self.request(now, Purpose::Close, 0);
                self.handle_timeout(now);
            }
            Phase::Closing | Phase::Over => {}
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn next_timeout(&self, now: Duration) -> Option<Duration> {
        if self.phase == Phase::Over {
            return None;
        }
        let allocated = match self.phase {
            Phase::Allocated { refresh_at, ends } => [
                refresh_at,
                Some(ends),
                Some(self.sent_at + KEEP_ALIVE),
                self.peers.next_timeout(now),
            ],
            _ => [None; 4],
        };
        let open = self.transactions.next_timeout();
        allocated.into_iter().chain([open]).flatten().min()
    }

    /// The time of [`next_timeout`](Self::next_timeout) has come. Too early does no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.flush(now);
        let Phase::Allocated { refresh_at, ends } = &mut self.phase else {
            return;
        };
        if *ends <= now {
            return self.end(Event::Failed(Failure::Lost));
        }
        if refresh_at.take_if(|at| *at <= now).is_some() {
            self.request(now, Purpose::Refresh { newer: false }, 0);
        }
        self.ask_for_peers(now);
        if self.sent_at + KEEP_ALIVE <= now {
            let kind = MessageType::from_class_method(MessageClass::Indication, BINDING);
            let message = Message::builder(kind, self.draw(), MessageWriteVec::new());
            self.transmit(now, message.finish());
        }
    }

    /// The next message to the server.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Takes a datagram of the server, or one whole message of a stream.
    pub fn receive<'p>(&mut self, now: Duration, packet: &'p [u8]) -> Received<'p> {
        if let Some((number, data)) = channel_data(packet)
            && CHANNELS.contains(&number)
        {
            return match self.peers.of_channel(number) {
                Some(peer) => Received::Data { peer, data },
                None => Received::Other,
            };
        }
        let Ok(message) = Message::from_bytes(packet) else {
            return Received::Other;
        };
        if message.has_class(MessageClass::Indication) {
            return data_of(&message, packet);
        }
        let id = message.transaction_id();
        let Some(open) = self.transactions.find(id) else {
            return Received::Other;
        };
        let Some(reply) = reply::read(&message, open.key.as_ref()) else {
            return Received::Other;
        };
        if let Some(open) = self.transactions.close(id) {
            self.answered(now, &open, &message, reply);
            self.handle_timeout(now);
        }
        Received::Answer
    }

    fn answered(&mut self, now: Duration, open: &Transaction, message: &Message<'_>, reply: Reply) {
        match reply {
            Reply::Success => self.granted(now, open.purpose, message),
            Reply::Challenge(code, challenge) => {
                // The same nonce again means that it was not the nonce.
                let another = self.challenge.as_ref() != Some(&challenge);
                let known = open.key.is_some() && code != 438 && !another;
                if known || open.challenges == MOST_CHALLENGES {
                    self.refused(now, open.purpose, Failure::Credentials, code);
                } else {
                    self.challenge = Some(challenge);
                    self.request(now, open.purpose, open.challenges + 1);
                }
            }
            Reply::Error(failure, code) => self.refused(now, open.purpose, failure, code),
        }
    }

    fn granted(&mut self, now: Duration, purpose: Purpose, message: &Message<'_>) {
        match purpose {
            Purpose::Allocate => {
                self.relayed = reply::relayed(message);
                if self.relayed.is_empty() {
                    return self.end(Event::Failed(Failure::Refused(0)));
                }
                self.lives(now, reply::lifetime(message));
                self.events.push_back(Event::Allocated {
                    relayed: self.relayed.clone(),
                    mapped: reply::mapped(message),
                });
            }
            Purpose::Refresh { newer } => {
                self.lives(now, reply::lifetime(message));
                if let Some(taken) = newer.then(|| self.newer.take()).flatten() {
                    self.identity = taken;
                }
            }
            Purpose::Close => self.end(Event::Closed),
            Purpose::Permission(peer) => self.peers.granted(now, Wish::Permission(peer)),
            Purpose::Channel(peer, n) => self.peers.granted(now, Wish::Channel(peer, n)),
        }
    }

    /// The allocation lives this long from now.
    fn lives(&mut self, now: Duration, lifetime: Duration) {
        let refresh_in = lifetime - MARGIN.min(lifetime / 4);
        self.phase = Phase::Allocated {
            refresh_at: Some(now + refresh_in),
            ends: now + lifetime,
        };
    }

    fn refused(&mut self, now: Duration, purpose: Purpose, failure: Failure, code: u16) {
        match purpose {
            Purpose::Allocate if failure == Failure::Family && self.families == Families::Both => {
                self.families = Families::V6;
                self.request(now, purpose, 0);
            }
            Purpose::Allocate => self.end(Event::Failed(failure)),
            // The former ones go on.
            Purpose::Refresh { newer: true } if failure == Failure::Credentials => {
                self.newer = None;
            }
            // The former ones are over, newer ones may not be.
            Purpose::Refresh { newer: false }
                if failure == Failure::Credentials && self.newer.is_some() =>
            {
                self.request(now, Purpose::Refresh { newer: true }, 0);
            }
            Purpose::Refresh { .. } => match failure {
                Failure::Credentials | Failure::Lost => self.end(Event::Failed(failure)),
                _ => self.try_refresh_later(now),
            },
            Purpose::Close => self.end(Event::Closed),
            Purpose::Permission(peer) => self.peer_refused(now, Wish::Permission(peer), peer, code),
            Purpose::Channel(peer, number) => {
                self.peer_refused(now, Wish::Channel(peer, number), peer, code);
            }
        }
    }

    fn peer_refused(&mut self, now: Duration, wish: Wish, peer: SocketAddr, code: u16) {
        self.peers.refused(now, wish);
        // Without a channel the peer is still reached.
        if matches!(wish, Wish::Permission(_)) {
            self.events.push_back(Event::PeerRefused { peer, code });
        }
    }

    fn unanswered(&mut self, now: Duration, purpose: Purpose) {
        match purpose {
            Purpose::Allocate => self.end(Event::Failed(Failure::Silent)),
            Purpose::Refresh { newer: false } => self.try_refresh_later(now),
            Purpose::Refresh { newer: true } => {
                self.request(now, purpose, 0);
            }
            Purpose::Close => self.end(Event::Closed),
            Purpose::Permission(peer) => self.peers.unanswered(now, Wish::Permission(peer)),
            Purpose::Channel(peer, n) => self.peers.unanswered(now, Wish::Channel(peer, n)),
        }
    }

    /// The allocation may still be there when the network comes back.
    const fn try_refresh_later(&mut self, now: Duration) {
        if let Phase::Allocated { refresh_at, .. } = &mut self.phase {
            *refresh_at = Some(now.saturating_add(SECOND_TRY));
        }
    }

    fn end(&mut self, event: Event) {
        self.phase = Phase::Over;
        self.relayed.clear();
        self.transactions.clear();
        self.events.push_back(event);
    }

    /// Asks for what is written to peers needs.
    fn ask_for_peers(&mut self, now: Duration) {
        while let Some(wish) = self.peers.wish(now) {
            let purpose = match wish {
                Wish::Permission(peer) => Purpose::Permission(peer),
                Wish::Channel(peer, number) => Purpose::Channel(peer, number),
            };
            self.request(now, purpose, 0);
        }
        self.flush(now);
    }

    /// Sends what is due, and gives up what nobody answers.
    fn flush(&mut self, now: Duration) {
        while let Some(due) = self.transactions.due(now) {
            match due {
                Due::Send(packet) => self.transmit(now, packet),
                Due::GiveUp(purpose) => self.unanswered(now, purpose),
            }
        }
    }

    fn request(&mut self, now: Duration, purpose: Purpose, challenges: u32) {
        let id = self.draw();
        match self.write(id, purpose) {
            Ok((packet, key)) => {
                self.transactions
                    .open(now, id, purpose, packet, key, challenges);
            }
            // Credentials that no message can hold.
            Err(_) => self.refused(now, purpose, Failure::Credentials, 0),
        }
    }

    fn write(
        &mut self,
        id: TransactionId,
        purpose: Purpose,
    ) -> Result<(Vec<u8>, Option<IntegrityKey>), StunWriteError> {
        let start = |method: Method| {
            let kind = MessageType::from_class_method(MessageClass::Request, method);
            Message::builder(kind, id, MessageWriteVec::new())
        };
        let add = |mut message: MessageWriteVec, attributes: &[&dyn AttributeWrite]| {
            for attribute in attributes {
                message.add_attribute(*attribute)?;
            }
            Ok(message)
        };
        let mut message = match purpose {
            Purpose::Allocate => {
                let udp = RequestedTransport::new(UDP);
                match self.families {
                    Families::V4 => add(start(ALLOCATE), &[&udp])?,
                    Families::V6 => {
                        let family = RequestedAddressFamily::new(AddressFamily::IPV6);
                        add(start(ALLOCATE), &[&udp, &family])?
                    }
                    Families::Both => {
                        let family = AdditionalAddressFamily::new(AddressFamily::IPV6);
                        add(start(ALLOCATE), &[&udp, &family])?
                    }
                }
            }
            Purpose::Refresh { .. } => start(REFRESH),
            Purpose::Close => add(start(REFRESH), &[&Lifetime::new(0)])?,
            Purpose::Permission(peer) => {
                add(start(CREATE_PERMISSION), &[&XorPeerAddress::new(peer, id)])?
            }
            Purpose::Channel(peer, number) => {
                let (number, peer) = (ChannelNumber::new(number), XorPeerAddress::new(peer, id));
                add(start(CHANNEL_BIND), &[&number, &peer])?
            }
        };
        let identity = match (purpose, &mut self.newer) {
            (Purpose::Refresh { newer: true }, Some(newer)) => newer,
            _ => &mut self.identity,
        };
        let key = match &self.challenge {
            Some(challenge) => Some(challenge.seal(&mut message, identity)?),
            None => None,
        };
        Ok((message.finish(), key))
    }

    fn transmit(&mut self, now: Duration, packet: Vec<u8>) {
        self.sent_at = now;
        self.out.push_back(packet);
    }

    /// A transaction id that nobody guesses.
    fn draw(&mut self) -> TransactionId {
        self.drawn += 1;
        let hash = hmac_sha1(&self.config.seed, &[&self.drawn.to_be_bytes()]);
        let mut id = [0; 16];
        id[4..].copy_from_slice(&hash[..12]);
        u128::from_be_bytes(id).into()
    }
}

/// What a Data indication carries (RFC 8656 section 11.4).
fn data_of<'p>(message: &Message<'_>, packet: &'p [u8]) -> Received<'p> {
    if !message.has_method(DATA) {
        return Received::Other;
    }
    let (Ok(peer), Some((at, data))) = (
        message.attribute::<XorPeerAddress>(),
        message
            .raw_attribute_and_offset(Data::TYPE)
            .map(|(at, raw)| (at, usize::from(raw.length()))),
    ) else {
        return Received::Other;
    };
    // Behind the header of the attribute.
    match packet.get(at + 4..at + 4 + data) {
        Some(data) => Received::Data {
            peer: peer.addr(message.transaction_id()),
            data,
        },
        None => Received::Other,
    }
}

impl fmt::Debug for TurnClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnClient")
            .field("phase", &self.phase)
            .field("relayed", &self.relayed)
            .finish_non_exhaustive()
    }
}

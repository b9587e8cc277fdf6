//! The state machine: its tables, and the way of each input through it.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use hashbrown::HashMap;
use slab::Slab;
use stun_types::attribute::AttributeType;
use stun_types::message::{
    BINDING, IntegrityKey, Message, MessageClass, MessageWriteVec, StunWriteError,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

use crate::server::Hashing;
use crate::server::allocate::Opening;
use crate::server::allocation::Allocation;
use crate::server::authentication::Authenticated;
use crate::server::binding;
use crate::server::client::Client;
use crate::server::config::Config;
use crate::server::counters::Counters;
use crate::server::input::Input;
use crate::server::nonce::{Sealer, hmac_sha1};
use crate::server::output::{Output, Outputs, RelayId};
use crate::server::policy::PeerPolicy;
use crate::server::refusal::Refusal;
use crate::server::request::{Asked, check_known, parse};
use crate::server::throttle::Throttle;
use crate::server::user::Users;

/// The relay. See the [crate](crate) for how it is used.
///
/// `now` is everywhere the time since an origin that the shell chooses, and never goes back.
#[derive(Debug)]
pub struct Relay {
    pub(crate) config: Config,
    pub(crate) policy: PeerPolicy,
    pub(crate) sealer: Sealer,
    pub(crate) users: Users,
    pub(crate) allocations: Slab<Allocation>,
    pub(crate) by_client: HashMap<Client, usize, Hashing>,
    pub(crate) sockets: Slab<Socket>,
    pub(crate) by_address: HashMap<SocketAddr, RelayId, Hashing>,
    /// Reserved ports, by their token.
    pub(crate) reserved: HashMap<u64, RelayId, Hashing>,
    /// The request that waits for its sockets.
    pub(crate) opening: Option<Opening>,
    pub(crate) ends: BTreeSet<(Duration, Due)>,
    pub(crate) waiting: VecDeque<Output<'static>>,
    pub(crate) counters: Counters,
    /// Data indications sent, which gives each an id of its own.
    pub(crate) indications: u64,
    throttle: Throttle,
}

/// What a socket is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Socket {
    /// For the request that waits.
    Opening,
    /// For whoever has the token.
    Reserved { address: SocketAddr, end: Duration },
    /// For an allocation.
    Allocated(usize),
}

/// What ends at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Allocation(usize),
    Reservation(u64),
}

impl Relay {
    /// A relay without allocations.
    pub fn new(config: Config) -> Self {
        let seed = hmac_sha1(config.secret.bytes(), &[b"hash"]);
        let mut words = [0; 8];
        words.copy_from_slice(&seed[..8]);
        let hashing = || Hashing::with_seed(u64::from_be_bytes(words));
        Self {
            policy: PeerPolicy::new(&config),
            sealer: Sealer::new(config.secret.clone(), config.limits.nonce_lifetime),
            users: Users::new(&config.limits, hashing()),
            allocations: Slab::new(),
            by_client: HashMap::with_hasher(hashing()),
            sockets: Slab::new(),
            by_address: HashMap::with_hasher(hashing()),
            reserved: HashMap::with_hasher(hashing()),
            opening: None,
            ends: BTreeSet::new(),
            waiting: VecDeque::new(),
            counters: Counters::default(),
            indications: 0,
            throttle: Throttle::new(config.limits.challenges_per_second, hashing()),
            config,
        }
    }

    /// Takes in what happened, and hands back what has to be done. Relayed data takes no memory.
    pub fn handle<'r, 'd>(&'r mut self, now: Duration, input: Input<'d>) -> Outputs<'r, 'd> {
        let data = match input {
            Input::FromClient { from, data } => self.client_packet(now, from, data),
            Input::FromPeer { at, from, data } => self.peer_packet(now, at, from, data),
            Input::Opened { relay, port } => {
                self.opened(now, relay, port);
                None
            }
            Input::Gone { client } => {
                if let Some(&index) = self.by_client.get(&client) {
                    self.remove(index);
                }
                None
            }
            Input::Timeout => {
                self.end(now);
                None
            }
        };
        Outputs::new(data, &mut self.waiting)
    }

    /// When to hand in [`Input::Timeout`].
    pub fn next_timeout(&self) -> Option<Duration> {
        self.ends.first().map(|(end, _)| *end)
    }

    /// Allocations that there are now.
    pub fn allocations(&self) -> usize {
        self.allocations.len()
    }

    /// Whether this client has one.
    pub fn has_allocation(&self, client: Client) -> bool {
        self.by_client.contains_key(&client)
    }

    /// What it has done so far.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn client_packet<'d>(
        &mut self,
        now: Duration,
        from: Client,
        packet: &'d [u8],
    ) -> Option<Output<'d>> {
        // The first two bits tell STUN from channel data (RFC 8656 section 12.4).
        match packet.first()? {
            0..0x40 => self.message(now, from, packet),
            0x40..0x80 => self.channel_packet(now, from, packet),
            _ => {
                self.counters.ignored += 1;
                None
            }
        }
    }

    fn message<'d>(&mut self, now: Duration, from: Client, packet: &'d [u8]) -> Option<Output<'d>> {
        let Some(message) = parse(packet) else {
            self.counters.ignored += 1;
            return None;
        };
        match message.class() {
            MessageClass::Request => self.request(now, from, &message),
            MessageClass::Indication if message.has_method(SEND) => {
                return self.send_indication(now, from, &message, packet);
            }
            _ => self.counters.ignored += 1,
        }
        None
    }

    fn request(&mut self, now: Duration, from: Client, request: &Message<'_>) {
        let asked = Asked::new(from, request);
        if asked.method == BINDING {
            self.counters.bindings += 1;
            let answer = binding::answer(request, &asked);
            return self.reply(from, answer);
        }
        let known = match asked.method {
            ALLOCATE => &crate::server::allocate::KNOWN[..],
            REFRESH => &crate::server::refresh::KNOWN,
            CREATE_PERMISSION => &crate::server::permission::KNOWN,
            CHANNEL_BIND => &crate::server::channel::KNOWN,
            _ => {
                self.counters.ignored += 1;
                return;
            }
        };
        let who = match self.authenticate(now, from, request) {
            Ok(who) => who,
            Err(refusal) if self.throttle.admits(from.address.ip(), now) => {
                self.counters.challenges += 1;
                let answer = refusal
                    .write(&asked)
                    .and_then(|reply| asked.finish(reply, None));
                return self.reply(from, answer);
            }
            Err(_) => {
                self.counters.throttled += 1;
                return;
            }
        };
        match self.carry_out(now, &asked, request, known, &who) {
            Ok(Some(answer)) => {
                self.counters.granted += 1;
                let answer = answer.and_then(|answer| asked.finish(answer, Some(&who.key)));
                self.reply(from, answer);
            }
            Ok(None) => {}
            Err(refusal) => self.refuse(&asked, &refusal, &who.key),
        }
    }

    /// `Ok(None)`: the answer comes later.
    fn carry_out(
        &mut self,
        now: Duration,
        asked: &Asked,
        request: &Message<'_>,
        known: &[AttributeType],
        who: &Authenticated,
    ) -> Result<Option<Answer>, Refusal> {
        check_known(request, known)?;
        if asked.method == ALLOCATE {
            return self.allocate(now, asked, request, who);
        }
        let index = *self
            .by_client
            .get(&asked.client)
            .ok_or(Refusal::AllocationMismatch)?;
        self.check_owner(index, who)?;
        match asked.method {
            REFRESH => self.refresh(now, index, asked, request),
            CREATE_PERMISSION => self.create_permission(now, index, asked, request),
            _ => self.bind_channel(now, index, asked, request),
        }
        .map(Some)
    }

    /// Succeeds for the user whose allocation it is. Newer credentials of his take the place of
    /// the old.
    fn check_owner(&mut self, index: usize, who: &Authenticated) -> Result<(), Refusal> {
        let allocation = &mut self.allocations[index];
        if allocation.username == who.username {
            return Ok(());
        }
        if self.users.name(allocation.user) != who.user() {
            return Err(Refusal::WrongCredentials);
        }
        allocation.username.clone_from(&who.username);
        allocation.key = who.key.clone();
        Ok(())
    }

    pub(crate) fn refuse(&mut self, asked: &Asked, refusal: &Refusal, key: &IntegrityKey) {
        self.counters.refused += 1;
        let answer = refusal
            .write(asked)
            .and_then(|reply| asked.finish(reply, Some(key)));
        self.reply(asked.client, answer);
    }

    /// An answer that cannot be written is not sent: the client asks again.
    pub(crate) fn reply(&mut self, to: Client, answer: Result<Vec<u8>, StunWriteError>) {
        if let Ok(message) = answer {
            self.waiting.push_back(Output::Reply { to, message });
        }
    }

    pub(crate) fn allocation_of(&self, client: Client) -> Option<&Allocation> {
        self.by_client
            .get(&client)
            .map(|index| &self.allocations[*index])
    }

    fn end(&mut self, now: Duration) {
        while let Some(&(end, due)) = self.ends.first()
            && end <= now
        {
            self.ends.pop_first();
            match due {
                Due::Allocation(index) => self.remove(index),
                Due::Reservation(token) => {
                    if let Some(relay) = self.reserved.remove(&token) {
                        self.close(relay);
                    }
                }
            }
        }
    }

    /// Ends an allocation with all that belongs to it.
    pub(crate) fn remove(&mut self, index: usize) {
        let allocation = self.allocations.remove(index);
        self.by_client.remove(&allocation.client);
        self.ends
            .remove(&(allocation.expires, Due::Allocation(index)));
        self.users.leave(allocation.user);
        for relayed in allocation.relayed.into_iter().flatten() {
            self.by_address.remove(&relayed.address);
            self.close(relayed.id);
        }
    }

    pub(crate) fn close(&mut self, relay: RelayId) {
        self.sockets.remove(relay.index());
        self.waiting.push_back(Output::Close { relay });
    }
}

/// A success answer on its way to be sealed.
pub(crate) type Answer = Result<MessageWriteVec, StunWriteError>;

//! The peers that are written to: permissions (RFC 8656 section 9) and channels (section 12).

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

/// A permission lasts five minutes; it is renewed after four.
const PERMISSION_RENEWAL: Duration = Duration::from_secs(240);
/// A channel lasts ten minutes; it is renewed after nine.
const CHANNEL_RENEWAL: Duration = Duration::from_secs(540);
/// A refusal may have been of a moment: it holds for so long.
const REFUSAL: Duration = Duration::from_secs(60);
/// Who was not written to for so long needs no permission any more.
const IDLE: Duration = Duration::from_secs(300);
/// What the network swallowed is asked again after this long.
const SECOND_TRY: Duration = Duration::from_secs(2);
/// How many peers are kept at most: remote candidates come from strangers.
const MOST_PEERS: usize = 512;
/// Numbers of channels of RFC 8656 section 12.
const FIRST_CHANNEL: u16 = 0x4000;
const LAST_CHANNEL: u16 = 0x4fff;

/// How things stand with a permission or a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    None,
    /// For the first time, or anew while it holds.
    Asked {
        holds: bool,
    },
    Holds {
        renew_at: Duration,
    },
    Refused {
        until: Duration,
    },
}

impl State {
    const fn holds(self) -> bool {
        matches!(self, Self::Holds { .. } | Self::Asked { holds: true })
    }

    fn is_due(self, now: Duration) -> bool {
        match self {
            Self::None => true,
            Self::Asked { .. } => false,
            Self::Holds { renew_at } => renew_at <= now,
            Self::Refused { until } => until <= now,
        }
    }

    const fn ask(&mut self) {
        *self = Self::Asked {
            holds: self.holds(),
        };
    }
}

struct Peer {
    address: SocketAddr,
    permission: State,
    channel: Option<(u16, State)>,
    used: Duration,
}

/// What has to be asked of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Permission(SocketAddr),
    Channel(SocketAddr, u16),
}

/// How a peer can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Channel(u16),
    Indication,
    /// The relay refuses it.
    None,
}

/// All peers of one allocation.
pub(super) struct Peers {
    list: Vec<Peer>,
    next_channel: u16,
}

impl Peers {
    pub(super) const fn new() -> Self {
        Self {
            list: Vec::new(),
            next_channel: FIRST_CHANNEL,
        }
    }

    /// Notes that a peer is written to, and says how.
    pub(super) fn write_to(&mut self, now: Duration, address: SocketAddr) -> Way {
        let Some(peer) = self.entry(now, address) else {
            return Way::None;
        };
        peer.used = now;
        if let Some((number, state)) = peer.channel
            && state.holds()
        {
            return Way::Channel(number);
        }
        match peer.permission {
            State::Refused { until } if until > now => Way::None,
            _ => Way::Indication,
        }
    }

    /// A channel to the peer is wanted.
    pub(super) fn want_channel(&mut self, now: Duration, address: SocketAddr) {
        let number = self.next_channel;
        if let Some(peer) = self.entry(now, address)
            && peer.channel.is_none()
            && number <= LAST_CHANNEL
        {
            peer.channel = Some((number, State::None));
            self.next_channel += 1;
        }
    }

    fn entry(&mut self, now: Duration, address: SocketAddr) -> Option<&mut Peer> {
        if let Some(at) = self.list.iter().position(|peer| peer.address == address) {
            return self.list.get_mut(at);
        }
        if self.list.len() == MOST_PEERS {
            return None;
        }
        self.list.push(Peer {
            address,
            permission: State::None,
            channel: None,
            used: now,
        });
        self.list.last_mut()
    }

    pub(super) fn of_channel(&self, number: u16) -> Option<SocketAddr> {
        let bound = |peer: &&Peer| peer.channel.is_some_and(|(own, _)| own == number);
        self.list.iter().find(bound).map(|peer| peer.address)
    }

    /// The next thing to ask for; it counts as asked. A permission is for an address whatever the
    /// port, so one for each is enough.
    pub(super) fn wish(&mut self, now: Duration) -> Option<Wish> {
        for at in 0..self.list.len() {
            let peer = &self.list[at];
            if now.saturating_sub(peer.used) >= IDLE {
                continue;
            }
            let address = peer.address;
            if peer.permission.is_due(now) && !self.is_permitted(address, now) {
                self.list[at].permission.ask();
                return Some(Wish::Permission(address));
            }
            if let Some((number, state)) = &mut self.list[at].channel
                && state.is_due(now)
            {
                state.ask();
                return Some(Wish::Channel(address, *number));
            }
        }
        None
    }

    /// Whether another peer at the same address keeps the permission.
    fn is_permitted(&self, address: SocketAddr, now: Duration) -> bool {
        self.list.iter().any(|peer| {
            peer.address != address
                && peer.address.ip() == address.ip()
                && match peer.permission {
                    State::Asked { .. } => true,
                    State::Holds { renew_at } => renew_at > now,
                    State::None | State::Refused { .. } => false,
                }
        })
    }

    pub(super) fn next_timeout(&self, now: Duration) -> Option<Duration> {
        let active = self
            .list
            .iter()
            .filter(|peer| now.saturating_sub(peer.used) < IDLE);
        let states = active.flat_map(|peer| {
            let permission = (!self.is_permitted(peer.address, now)).then_some(peer.permission);
            permission
                .into_iter()
                .chain(peer.channel.map(|(_, state)| state))
        });
        states
            .filter_map(|state| match state {
                State::None => Some(now),
                State::Holds { renew_at } => Some(renew_at),
                State::Refused { until } => Some(until),
                State::Asked { .. } => None,
            })
            .min()
    }

    pub(super) fn granted(&mut self, now: Duration, wish: Wish) {
        let renewal = match wish {
            Wish::Permission(_) => PERMISSION_RENEWAL,
            Wish::Channel(..) => CHANNEL_RENEWAL,
        };
        let renew_at = now + renewal;
        self.set(wish, State::Holds { renew_at });
    }

    /// The relay says no.
    pub(super) fn refused(&mut self, now: Duration, wish: Wish) {
        self.set(
            wish,
            State::Refused {
                until: now + REFUSAL,
            },
        );
    }

    /// The relay says nothing: what holds may go on holding.
    pub(super) fn unanswered(&mut self, now: Duration, wish: Wish) {
        let again_at = now + SECOND_TRY;
        if let Some(state) = self.state(wish) {
            *state = if state.holds() {
                State::Holds { renew_at: again_at }
            } else {
                State::Refused { until: again_at }
            };
        }
    }

    fn set(&mut self, wish: Wish, state: State) {
        if let Some(own) = self.state(wish) {
            *own = state;
        }
    }

    fn state(&mut self, wish: Wish) -> Option<&mut State> {
        let (Wish::Permission(address) | Wish::Channel(address, _)) = wish;
        let peer = self.list.iter_mut().find(|peer| peer.address == address)?;
        match wish {
            Wish::Permission(_) => Some(&mut peer.permission),
            Wish::Channel(..) => peer.channel.as_mut().map(|(_, state)| state),
        }
    }
}

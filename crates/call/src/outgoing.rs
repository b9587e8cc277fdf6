//! A call of ours, until somebody answers: dialing, and what comes back.

use alloc::vec::Vec;

use visavis_signal::{Body, CallType, Description, Join, SessionId, Signal, UserId, UserInfo};

use crate::devices::Sender;
use crate::invitation::Invitation;
use crate::peer::{Exchange, Peer, PeerTimer};
use crate::session::{Direction, Session};
use crate::step::Step;
use crate::{
    CallConfig, CommandError, Event, PeerState, SessionState, Time, TransportCommand, reason,
};

/// Checks whom a new session is to call.
pub(crate) fn check_opponents(
    opponents: &[UserId],
    me: UserId,
    config: &CallConfig,
) -> Result<(), CommandError> {
    if opponents.is_empty() {
        return Err(CommandError::NoOpponents);
    }
    if opponents.len() > config.max_opponents {
        return Err(CommandError::TooManyOpponents {
            given: opponents.len(),
            limit: config.max_opponents,
        });
    }
    if opponents.contains(&me) {
        return Err(CommandError::OwnUserAmongOpponents);
    }
    let twice = opponents
        .iter()
        .enumerate()
        .find(|(index, user)| opponents[..*index].contains(user));
    twice.map_or(Ok(()), |(_, user)| {
        Err(CommandError::DuplicateOpponent { user: *user })
    })
}

impl Session {
    pub(crate) fn outgoing(
        session: SessionId,
        me: UserId,
        opponents: Vec<UserId>,
        call_type: CallType,
        now: Time,
    ) -> Self {
        let peers = opponents
            .iter()
            .map(|user| (*user, Peer::called(*user)))
            .collect();
        let call = Invitation {
            session,
            initiator: me,
            opponents,
            call_type,
        };
        Self::new(call, Direction::Outgoing, UserInfo::new(), peers, now)
    }

    /// Whether that user was called and has not answered.
    pub(crate) fn is_dialing(&self, user: UserId) -> bool {
        self.peer(user).is_some_and(Peer::is_dialed)
    }

    /// Whether that user is being called: the `call` is out, or about to go.
    pub(crate) fn is_calling(&self, user: UserId) -> bool {
        self.peer(user).is_some_and(|peer| {
            let open = matches!(peer.state(), PeerState::New | PeerState::Pending);
            open && peer.exchange == Exchange::Offering
        })
    }

    /// Prepares the connections. Each `call` goes out as soon as its offer is there.
    pub(crate) fn start(
        &mut self,
        step: &mut Step<'_>,
        user_info: UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_open()?;
        if self.direction == Direction::Incoming {
            return Err(CommandError::NotCaller);
        }
        if self.state() != SessionState::New {
            return Err(CommandError::AlreadyStarted);
        }
        if !step.chat_is_up {
            return Err(CommandError::ChatLost);
        }
        self.user_info = user_info;
        self.began = step.now;
        self.enter(step, SessionState::Pending);
        let answer_by = step.now + step.config.answer_interval;
        for user in self.live_users() {
            self.offer_to(step, user, answer_by);
        }
        Ok(())
    }

    /// Makes an offer for a user; the `call` goes out when it is there.
    pub(crate) fn offer_to(&mut self, step: &mut Step<'_>, user: UserId, answer_by: Time) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.exchange = Exchange::Offering;
        peer.open_transport(&self.call, step);
        peer.command(&self.call, step, TransportCommand::CreateOffer);
        peer.timers.set(PeerTimer::Answer, answer_by);
    }

    /// Our offer for a user is there, or there is a better one. The first of a connection goes out
    /// at once, later ones with the next repetition.
    pub(crate) fn offer_ready(&mut self, step: &mut Step<'_>, user: UserId, offer: Description) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        match peer.exchange {
            Exchange::Offering => {
                let first = peer.local.replace(offer).is_none();
                if first {
                    self.dial(step, user);
                }
            }
            Exchange::Done => self.next_offer_ready(step, user, offer),
            Exchange::None | Exchange::Answering => {}
        }
    }

    /// Sends the `call`, if chat is up, and sees to it that it is repeated.
    pub(crate) fn dial(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let (Exchange::Offering, Some(offer)) = (peer.exchange, peer.local.clone()) else {
            return;
        };
        peer.timers
            .set(PeerTimer::Redial, step.now + step.config.dialing_interval);
        if !step.chat_is_up {
            return;
        }
        // What a fellow callee was told is for the caller to say.
        let user_info = if peer.is_fellow() {
            UserInfo::new()
        } else {
            let own = peer.call_info.clone();
            own.unwrap_or_else(|| self.user_info.clone())
        };
        let invitation = peer.invitation;
        let called = !peer.is_fellow();
        let mut call = peer.signal(&self.call, step, Body::Call { offer }, user_info);
        if called && invitation > 0 {
            self.invite_into(step, &mut call, user, invitation);
        } else if !called && self.invitation > 0 {
            // So that it is not taken for one of an earlier time in this call.
            call.join = Some(Join {
                invitation: self.invitation,
                unreachable: Vec::new(),
            });
        }
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        step.send(peer.address.clone(), call);
        if peer.state() == PeerState::New {
            peer.enter(&self.call, step, PeerState::Pending);
        }
    }

    /// A device of a user we called rings.
    pub(crate) fn rings_at(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.is_dialed() && !core::mem::replace(&mut peer.rings, true) {
            step.event(Event::Ringing {
                session: self.call.session.clone(),
                user,
            });
        }
    }

    /// A user accepted on some device of his. The first device gets the call.
    pub(crate) fn accepted_by(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Body::Accept { answer } = signal.body else {
            return;
        };
        if !self.is_dialing(from.user()) {
            return self.accepted_again(step, from);
        }
        let connect_by = self.connect_by(step);
        let Some(peer) = self.peers.get_mut(&from.user()) else {
            return;
        };
        peer.settle_on(from);
        peer.introduce(signal.bandwidth, signal.capabilities);
        peer.timers.cancel_all();
        if self.state() == SessionState::Pending {
            self.enter(step, SessionState::Connecting);
        }
        step.event(Event::Accepted {
            session: self.call.session.clone(),
            user: from.user(),
            user_info: signal.user_info,
        });
        let Some(peer) = self.peers.get_mut(&from.user()) else {
            return;
        };
        peer.apply_answer(&self.call, step, answer);
        peer.connect(&self.call, step, connect_by);
        self.catch_up(step, from.user());
        self.let_in(step, from.user());
    }

    /// A user who accepted already accepts again: nothing new, unless it is another device of his,
    /// which is too late.
    fn accepted_again(&mut self, step: &mut Step<'_>, from: &Sender) {
        let Some(peer) = self.peers.get_mut(&from.user()) else {
            return;
        };
        if peer.is_described_by(from) {
            peer.follow(from);
        } else if peer.exchange == Exchange::Done && !peer.is_caller() {
            peer.refuse_device(&self.call, step, from);
        }
    }

    /// A user does not want to talk. Once one of his devices accepted, the others cannot reject.
    pub(crate) fn rejected_by(&mut self, step: &mut Step<'_>, user: UserId, user_info: UserInfo) {
        if self.peer(user).is_some_and(Peer::is_undecided) {
            let event = Event::Rejected {
                session: self.call.session.clone(),
                user,
                user_info,
            };
            self.end_peer(step, user, PeerState::Rejected, Some(event));
        }
    }

    /// A user did not answer in time. All his devices stop ringing.
    pub(crate) fn not_answered(&mut self, step: &mut Step<'_>, user: UserId) {
        self.take_leave(step, user, &reason::user_info(reason::NOT_ANSWERED));
        let event = Event::NotAnswered {
            session: self.call.session.clone(),
            user,
        };
        self.end_peer(step, user, PeerState::NotAnswered, Some(event));
    }
}

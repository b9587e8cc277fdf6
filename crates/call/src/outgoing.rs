//! A call of ours, until somebody answers: dialing, and what comes back.

use alloc::vec::Vec;

use visavis_signal::{Body, CallType, Description, SessionId, Signal, UserId, UserInfo};

use crate::invitation::Invitation;
use crate::peer::{Peer, PeerTimer};
use crate::session::{Direction, Session};
use crate::step::Step;
use crate::{
    Address, CallConfig, CommandError, Event, PeerState, SessionState, Time, TransportCommand,
    reason,
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
        Self::new(
            call,
            Direction::Outgoing,
            SessionState::New,
            UserInfo::new(),
            peers,
            now,
        )
    }

    /// Whether this is a call to that user which he has not answered.
    pub(crate) fn is_dialing(&self, user: UserId) -> bool {
        self.direction == Direction::Outgoing && self.peer_state(user) == PeerState::Pending
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
        for peer in self.peers.values_mut() {
            peer.open_transport(&self.call, step);
            peer.command(&self.call, step, TransportCommand::CreateOffer);
            peer.timers
                .set(PeerTimer::Answer, step.now + step.config.answer_interval);
        }
        Ok(())
    }

    /// Our offer for a user is there, or there is a better one. The first goes out at once, later
    /// ones with the next repetition.
    pub(crate) fn offer_ready(&mut self, step: &mut Step<'_>, user: UserId, offer: Description) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if self.direction != Direction::Outgoing || peer.state().is_negotiated() {
            return;
        }
        peer.local = Some(offer);
        if peer.state() == PeerState::New {
            self.dial(step, user);
        }
    }

    /// Sends the `call`, if chat is up, and sees to it that it is repeated.
    pub(crate) fn dial(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let Some(offer) = peer.local.clone() else {
            return;
        };
        peer.timers
            .set(PeerTimer::Redial, step.now + step.config.dialing_interval);
        if !step.chat_is_up {
            return;
        }
        let call = self
            .call
            .signal(Body::Call { offer }, self.user_info.clone());
        step.send(
            peer.address.clone(),
            Signal {
                bandwidth: step.config.bandwidth,
                ..call
            },
        );
        if peer.state() == PeerState::New {
            peer.enter(&self.call, step, PeerState::Pending);
        }
    }

    /// Chat is back: those who may have missed the `call` get it now.
    pub(crate) fn dial_again(&mut self, step: &mut Step<'_>) {
        if self.direction != Direction::Outgoing {
            return;
        }
        for user in self.live_users() {
            if matches!(self.peer_state(user), PeerState::New | PeerState::Pending) {
                self.dial(step, user);
            }
        }
    }

    /// A user accepted on some device of his. The first device gets the call.
    pub(crate) fn accepted_by(
        &mut self,
        step: &mut Step<'_>,
        from: &Address,
        answer: Description,
        user_info: UserInfo,
        bandwidth: Option<u32>,
    ) {
        if self.direction == Direction::Incoming {
            return;
        }
        if !self.is_dialing(from.user) {
            return self.refuse_second_device(step, from);
        }
        let connect_by = self.connect_by(step);
        let Some(peer) = self.peers.get_mut(&from.user) else {
            return;
        };
        peer.address = from.clone();
        peer.adopt_bandwidth(bandwidth);
        peer.timers.cancel_all();
        if self.state() == SessionState::Pending {
            self.enter(step, SessionState::Connecting);
        }
        step.event(Event::Accepted {
            session: self.call.session.clone(),
            user: from.user,
            user_info,
        });
        let Some(peer) = self.peers.get_mut(&from.user) else {
            return;
        };
        peer.command(&self.call, step, TransportCommand::ApplyAnswer(answer));
        peer.release_waiting(&self.call, step);
        peer.connect(&self.call, step, connect_by);
    }

    /// One device of a user has the call and now another one accepted: it is too late. An `accept`
    /// that comes twice from the same device is none.
    fn refuse_second_device(&mut self, step: &mut Step<'_>, from: &Address) {
        let Some(peer) = self.peers.get_mut(&from.user) else {
            return;
        };
        if peer.address.resource != from.resource {
            peer.refuse(from);
            step.send(
                from.clone(),
                self.call.signal(Body::HangUp, UserInfo::new()),
            );
        }
    }

    /// A user does not want to talk. Once one of his devices accepted, the others cannot reject.
    pub(crate) fn rejected_by(&mut self, step: &mut Step<'_>, user: UserId, user_info: UserInfo) {
        if self.is_dialing(user) {
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
        self.take_leave(step, user, reason::user_info(reason::NOT_ANSWERED));
        let event = Event::NotAnswered {
            session: self.call.session.clone(),
            user,
        };
        self.end_peer(step, user, PeerState::NotAnswered, Some(event));
    }
}

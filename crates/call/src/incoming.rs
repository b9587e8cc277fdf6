//! A call to us, until it is answered: ringing, and what the user does about it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Body, Candidate, Description, SignalKind, UserId, UserInfo};

use crate::invitation::Invitation;
use crate::peer::{Peer, PeerTimer};
use crate::session::{Direction, Session, SessionTimer};
use crate::step::Step;
use crate::{Address, CommandError, Event, PeerState, SessionState, Time, TransportCommand};

/// A `call` repeated this long after our `accept` means that the `accept` was lost; an earlier one
/// merely crossed it.
const ACCEPT_LOST_AFTER: Duration = Duration::from_secs(1);

impl Session {
    pub(crate) fn incoming(
        call: Invitation,
        from: Address,
        user_info: UserInfo,
        now: Time,
    ) -> Self {
        let peers = BTreeMap::from([(from.user, Peer::calling(from))]);
        Self::new(
            call,
            Direction::Incoming,
            SessionState::Pending,
            user_info,
            peers,
            now,
        )
    }

    /// Begins to ring, and to prepare the connection, so that the answer waits for nothing.
    pub(crate) fn ring(
        &mut self,
        step: &mut Step<'_>,
        offer: Description,
        bandwidth: Option<u32>,
        early: Vec<Candidate>,
    ) {
        step.event(Event::NewSession {
            session: self.call.session.clone(),
            caller: self.call.initiator,
            opponents: self.call.opponents.clone(),
            call_type: self.call.call_type,
            user_info: self.user_info.clone(),
        });
        self.timers
            .set(SessionTimer::Ring, step.now + step.config.answer_interval);
        if let Some(peer) = self.peers.get_mut(&self.call.initiator) {
            peer.adopt_bandwidth(bandwidth);
            peer.open_transport(&self.call, step);
            peer.offer = Some(offer.clone());
            peer.command(&self.call, step, TransportCommand::ApplyOffer(offer));
            peer.add_candidates(&self.call, step, early);
        }
    }

    /// The caller dials on. While it rings his newer offer replaces the older one; after that he
    /// may have missed our `accept`.
    pub(crate) fn call_repeated(
        &mut self,
        step: &mut Step<'_>,
        from: &Address,
        offer: Description,
    ) {
        let ringing = self.is_ringing();
        let Some(peer) = self.peers.get_mut(&from.user) else {
            return;
        };
        if self.direction == Direction::Outgoing || !peer.follow(from) {
            return;
        }
        if ringing && peer.offer.as_ref() != Some(&offer) {
            peer.offer = Some(offer.clone());
            peer.command(&self.call, step, TransportCommand::ApplyOffer(offer));
        }
        let answered_long_ago = peer
            .answered
            .is_some_and(|sent| step.now - sent >= ACCEPT_LOST_AFTER);
        if answered_long_ago && matches!(peer.state(), PeerState::Connecting | PeerState::Checking)
        {
            peer.send_accept(&self.call, step, &self.accept_info);
            peer.share_candidates(&self.call, step);
        }
    }

    /// The user takes the call. The `accept` goes out as soon as the answer is there.
    pub(crate) fn accept(
        &mut self,
        step: &mut Step<'_>,
        user_info: UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_ringing()?;
        self.accept_info = user_info;
        self.timers.cancel(SessionTimer::Ring);
        self.enter(step, SessionState::Connecting);
        let connect_by = self.connect_by(step);
        if let Some(caller) = self.peers.get_mut(&self.call.initiator) {
            caller.timers.set(PeerTimer::Connect, connect_by);
            caller.command(&self.call, step, TransportCommand::CreateAnswer);
        }
        Ok(())
    }

    /// Our answer is there, or there is a better one. The first goes out at once.
    pub(crate) fn answer_ready(&mut self, step: &mut Step<'_>, user: UserId, answer: Description) {
        let connect_by = self.connect_by(step);
        if self.direction == Direction::Outgoing || self.state() == SessionState::Pending {
            return;
        }
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.local = Some(answer);
        if peer.state() == PeerState::Pending {
            peer.send_accept(&self.call, step, &self.accept_info);
            peer.connect(&self.call, step, connect_by);
        }
    }

    /// The user declines the call.
    pub(crate) fn reject(
        &mut self,
        step: &mut Step<'_>,
        user_info: &UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_ringing()?;
        self.hang_up(step, user_info)
    }

    fn ensure_ringing(&self) -> Result<(), CommandError> {
        self.ensure_open()?;
        if self.direction == Direction::Outgoing {
            return Err(CommandError::NotCallee);
        }
        if self.is_ringing() {
            Ok(())
        } else {
            Err(CommandError::AlreadyAccepted)
        }
    }

    /// Another device of our own user decided. Nothing is sent: that device does the talking.
    pub(crate) fn decided_elsewhere(&mut self, step: &mut Step<'_>, kind: SignalKind) {
        if !self.is_ringing() {
            return;
        }
        let session = self.call.session.clone();
        let event = match kind {
            SignalKind::Accept => Event::AcceptedElsewhere { session },
            SignalKind::Reject => Event::RejectedElsewhere { session },
            _ => return,
        };
        self.end_peer(step, self.call.initiator, PeerState::Closed, Some(event));
    }

    /// It rang long enough. Nothing is sent: another device may be about to answer.
    pub(crate) fn no_actions(&mut self, step: &mut Step<'_>) {
        let event = Event::NoActions {
            session: self.call.session.clone(),
            user: step.me,
        };
        self.end_peer(
            step,
            self.call.initiator,
            PeerState::NotAnswered,
            Some(event),
        );
    }
}

impl Peer {
    /// Sends the `accept` with our latest answer.
    fn send_accept(&mut self, call: &Invitation, step: &mut Step<'_>, user_info: &UserInfo) {
        let Some(answer) = self.local.clone() else {
            return;
        };
        self.answered = Some(step.now);
        self.say(call, step, Body::Accept { answer }, user_info.clone());
    }
}

//! The connection to a peer: from candidates to media, its loss, and its end.

use alloc::vec::Vec;

use visavis_signal::{Candidate, UserId};

use crate::peer::{Peer, PeerTimer};
use crate::session::Session;
use crate::step::Step;
use crate::{Address, DescriptionFault, Event, PeerState, SessionState, TransportEvent, reason};

impl Session {
    /// Deals with what happens to the connection with a peer.
    pub(crate) fn on_transport(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        event: TransportEvent,
    ) {
        let in_use = self.peer(user).is_some_and(Peer::has_transport);
        match event {
            TransportEvent::Closed => self.transport_closed(step, user),
            _ if !in_use => {}
            TransportEvent::LocalOffer(offer) => self.offer_ready(step, user, offer),
            TransportEvent::LocalAnswer(answer) => self.answer_ready(step, user, answer),
            TransportEvent::LocalCandidates(found) => self.candidates_found(step, user, found),
            TransportEvent::Checking => self.checking(step, user),
            TransportEvent::Connected => self.connected(step, user),
            TransportEvent::Disconnected => self.disconnected(step, user),
            TransportEvent::Failed => self.failed(step, user),
            TransportEvent::DescriptionRejected(fault) => {
                self.description_rejected(step, user, fault)
            }
        }
    }

    fn candidates_found(&mut self, step: &mut Step<'_>, user: UserId, found: Vec<Candidate>) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.gather(&self.call, step, found);
        }
    }

    /// Candidates of a peer. Before his answer is there, nobody knows which device they will be
    /// of.
    pub(crate) fn candidates_from(
        &mut self,
        step: &mut Step<'_>,
        from: &Address,
        candidates: Vec<Candidate>,
    ) {
        let undecided = self.is_dialing(from.user);
        let Some(peer) = self.peers.get_mut(&from.user) else {
            return;
        };
        if undecided {
            peer.keep_waiting(from, candidates);
        } else if peer.follow(from) {
            peer.add_candidates(&self.call, step, candidates);
        }
    }

    fn checking(&mut self, step: &mut Step<'_>, user: UserId) {
        if let Some(peer) = self
            .peers
            .get_mut(&user)
            .filter(|peer| peer.state() == PeerState::Connecting)
        {
            peer.enter(&self.call, step, PeerState::Checking);
        }
    }

    fn connected(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.state().may_become(PeerState::Connected) {
            return;
        }
        peer.timers.cancel(PeerTimer::Connect);
        peer.timers.cancel(PeerTimer::Disconnect);
        peer.enter(&self.call, step, PeerState::Connected);
        if self.state() == SessionState::Connecting {
            self.enter(step, SessionState::Connected);
        }
        step.event(Event::Connected {
            session: self.call.session.clone(),
            user,
        });
    }

    fn disconnected(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.state().may_become(PeerState::Disconnected) {
            return;
        }
        peer.timers.set_if_idle(
            PeerTimer::Disconnect,
            step.now + step.config.disconnect_time,
        );
        peer.enter(&self.call, step, PeerState::Disconnected);
        step.event(Event::Disconnected {
            session: self.call.session.clone(),
            user,
        });
    }

    /// No pair of candidates works, or the connection broke. It may still recover in the time that
    /// a lost one has; before the descriptions were exchanged there is nothing to recover.
    fn failed(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.state().is_negotiated() {
            return self.give_up(step, user);
        }
        if peer.state() == PeerState::Failed {
            return;
        }
        peer.timers.set_if_idle(
            PeerTimer::Disconnect,
            step.now + step.config.disconnect_time,
        );
        peer.enter(&self.call, step, PeerState::Failed);
        step.event(Event::ConnectionFailed {
            session: self.call.session.clone(),
            user,
        });
    }

    /// No connection came about in time, or none can.
    pub(crate) fn give_up(&mut self, step: &mut Step<'_>, user: UserId) {
        self.take_leave(step, user, reason::user_info(reason::NO_CONNECTION));
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.state() != PeerState::Failed {
            peer.enter(&self.call, step, PeerState::Failed);
            step.event(Event::ConnectionFailed {
                session: self.call.session.clone(),
                user,
            });
        }
        self.end_peer(step, user, PeerState::Closed, None);
    }

    /// The time to come back is up.
    pub(crate) fn not_reconnected(&mut self, step: &mut Step<'_>, user: UserId) {
        self.take_leave(step, user, reason::user_info(reason::NO_CONNECTION));
        let event = Event::DisconnectTimeout {
            session: self.call.session.clone(),
            user,
        };
        self.end_peer(step, user, PeerState::DisconnectTimeout, Some(event));
    }

    /// What a peer sent as his description is of no use, so there is nothing to wait for.
    fn description_rejected(&mut self, step: &mut Step<'_>, user: UserId, fault: DescriptionFault) {
        if !self.peer_state(user).may_become(PeerState::Error) {
            return;
        }
        self.take_leave(step, user, reason::user_info(reason::UNUSABLE_DESCRIPTION));
        let event = Event::DescriptionRejected {
            session: self.call.session.clone(),
            user,
            fault,
        };
        self.end_peer(step, user, PeerState::Error, Some(event));
    }
}

//! The connection to a peer: from candidates to media, its loss, and its end.

use alloc::vec::Vec;

use visavis_signal::{Candidate, UserId};

use crate::devices::Sender;
use crate::peer::Peer;
use crate::session::Session;
use crate::step::Step;
use crate::{DescriptionFault, Event, PeerState, TransportEvent, reason};

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

    /// Candidates of a peer. Before his description is there, nobody knows which device they will
    /// be of.
    pub(crate) fn candidates_from(
        &mut self,
        step: &mut Step<'_>,
        from: &Sender,
        candidates: Vec<Candidate>,
    ) {
        let Some(peer) = self.peers.get_mut(&from.user()) else {
            return;
        };
        // Before anybody answered, every device of his is as good as another.
        if !peer.is_undecided() && !peer.follow(from) {
            return;
        }
        if peer.is_described() {
            peer.add_candidates(&self.call, step, candidates);
        } else {
            peer.keep_waiting(from, candidates);
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

    /// What a peer sent as his description is of no use, so there is nothing to wait for.
    fn description_rejected(&mut self, step: &mut Step<'_>, user: UserId, fault: DescriptionFault) {
        if !self.peer_state(user).may_become(PeerState::Error) {
            return self.negotiation_failed(step, user);
        }
        self.take_leave(step, user, &reason::user_info(reason::UNUSABLE_DESCRIPTION));
        let event = Event::DescriptionRejected {
            session: self.call.session.clone(),
            user,
            fault,
        };
        self.end_peer(step, user, PeerState::Error, Some(event));
        self.caller_gone(step, user);
    }
}

//! Fellow callees: everybody who was called into the same call by somebody else.
//!
//! Between two of them the one with the larger id offers, once it has taken the
//! call, and the other answers as soon as it has. What comes earlier is kept. Both
//! begin only when the caller has taken the `accept` of this device: of two devices
//! of one user that accept at the same moment, one is turned away, and the others in
//! the call never hear of it.

use core::time::Duration;

use visavis_signal::{Body, Signal, UserId, capability};

use crate::devices::Sender;
use crate::peer::{Exchange, PeerTimer};
use crate::session::{Session, SessionTimer};
use crate::step::Step;
use crate::{PeerState, Time};

/// A fellow callee may accept in the last moment, and then has to be heard of.
const LAST_MOMENT: Duration = Duration::from_secs(10);

impl Session {
    /// Begins to connect with the other callees, now that this device has the call.
    pub(crate) fn join_fellows(&mut self, step: &mut Step<'_>) {
        if self.confirmed || self.ensure_taken().is_err() {
            return;
        }
        self.confirmed = true;
        self.timers.cancel(SessionTimer::Confirm);
        for user in self.live_users() {
            self.join_fellow(step, user);
        }
        self.ask_again(step);
    }

    /// Does our part in connecting with one of them.
    pub(crate) fn join_fellow(&mut self, step: &mut Step<'_>, user: UserId) {
        let answer_by = self.fellow_answers_by(step, user);
        let Some(peer) = self.peers.get_mut(&user).filter(|peer| peer.is_fellow()) else {
            return;
        };
        match (peer.state(), peer.exchange) {
            (PeerState::New, Exchange::None) => self.offer_to(step, user, answer_by),
            (PeerState::Pending, Exchange::Answering) => self.answer_fellow(step, user),
            (PeerState::Wait, Exchange::None) => peer.timers.set(PeerTimer::Answer, answer_by),
            _ => {}
        }
    }

    fn fellow_answers_by(&self, step: &Step<'_>, user: UserId) -> Time {
        let called = self.peer(user).and_then(|peer| peer.called_at);
        let called = called.unwrap_or(self.began);
        let answer_by = called + step.config.answer_interval + LAST_MOMENT;
        answer_by.max(step.now + LAST_MOMENT)
    }

    /// The `call` of a fellow callee: he is in the call, and offers to us.
    pub(crate) fn fellow_calls(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Body::Call { offer } = signal.body else {
            return;
        };
        let user = from.user();
        let confirmed = self.confirmed;
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        // A client of the documented system does not say which one it follows.
        let says = signal.capabilities.contains(capability::PARTICIPANTS);
        let said = signal.join.as_ref().map_or(0, |join| join.invitation);
        let invitation = if says { said } else { peer.invitation };
        // Out of date, or ahead of the word that he was called once more.
        if invitation < peer.invitation || invitation > peer.invitation && peer.has_transport() {
            return;
        }
        match (peer.state(), peer.exchange) {
            (PeerState::New | PeerState::Wait, Exchange::None) => {
                peer.invitation = invitation;
                peer.settle_on(from);
                peer.exchange = Exchange::Answering;
                peer.introduce(signal.bandwidth, signal.capabilities);
                peer.offer = Some(offer);
                peer.carries = signal.call_type;
                peer.enter(&self.call, step, PeerState::Pending);
                if confirmed {
                    self.answer_fellow(step, user);
                }
            }
            // Until it is answered a newer offer counts, of whatever device.
            (PeerState::Pending, Exchange::Answering) if !peer.has_transport() => {
                peer.invitation = invitation;
                peer.settle_on(from);
                peer.introduce(signal.bandwidth, signal.capabilities);
                peer.offer = Some(offer);
                peer.carries = signal.call_type;
            }
            (_, Exchange::Answering | Exchange::Done) => {
                if peer.is_described_by(from) {
                    peer.follow(from);
                    peer.accept_again(&self.call, step, &self.accept_info);
                } else if peer.offer.is_some() && peer.state() == PeerState::Connected {
                    peer.refuse_device(&self.call, step, from);
                }
            }
            _ => {}
        }
    }

    fn answer_fellow(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if let Some(offer) = peer.offer.clone() {
            peer.take_offer(&self.call, step, offer);
            self.answer_to(step, user);
        }
    }
}

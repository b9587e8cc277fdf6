//! A connection that is lost, and what brings it back.
//!
//! Between our own the connection looks for new paths at once. A client of the
//! documented system gets five seconds to find back by itself, then the connection
//! is replaced. Both go on until the disconnect time is over.

use core::time::Duration;

use visavis_signal::UserId;

use crate::negotiation::Change;
use crate::peer::{Exchange, Peer, PeerTimer};
use crate::session::Session;
use crate::step::Step;
use crate::{Event, PeerState, SessionState, TransportCommand, reason};

/// How long a foreign client's connection may take to come back by itself.
const HEAL_TIME: Duration = Duration::from_secs(5);
/// How long an attempt to repair may take before the next one.
const ATTEMPT_TIME: Duration = Duration::from_secs(4);
/// The same where the connection is replaced, which takes longer.
pub(crate) const REPLACEMENT_TIME: Duration = Duration::from_secs(10);

impl Session {
    pub(crate) fn connected(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.state().may_become(PeerState::Connected) {
            return;
        }
        let session = self.call.session.clone();
        let first = peer.connects();
        for timer in [PeerTimer::Connect, PeerTimer::Disconnect, PeerTimer::Repair] {
            peer.timers.cancel(timer);
        }
        peer.enter(&self.call, step, PeerState::Connected);
        if self.state() == SessionState::Connecting {
            self.enter(step, SessionState::Connected);
        }
        step.event(Event::Connected {
            session: session.clone(),
            user,
        });
        if first {
            self.introduce_media(step, user);
            self.follow_call_type(step, user);
        } else {
            step.event(Event::Reconnected { session, user });
        }
        if user == self.call.initiator {
            self.join_fellows(step);
        }
    }

    pub(crate) fn disconnected(&mut self, step: &mut Step<'_>, user: UserId) {
        if self.peer_state(user).may_become(PeerState::Disconnected) {
            let session = self.call.session.clone();
            let event = Event::Disconnected { session, user };
            self.lose(step, user, PeerState::Disconnected, event);
        }
    }

    /// No pair of candidates works, or the connection broke. Before the descriptions
    /// were exchanged there is nothing to repair.
    pub(crate) fn failed(&mut self, step: &mut Step<'_>, user: UserId) {
        let state = self.peer_state(user);
        if !state.is_negotiated() {
            return self.give_up(step, user);
        }
        if state.may_become(PeerState::Failed) {
            let session = self.call.session.clone();
            let event = Event::ConnectionFailed { session, user };
            self.lose(step, user, PeerState::Failed, event);
        }
    }

    fn lose(&mut self, step: &mut Step<'_>, user: UserId, state: PeerState, event: Event) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let repairing = peer.state().is_lost();
        let give_up_at = step.now + step.config.disconnect_time;
        peer.timers.set_if_idle(PeerTimer::Disconnect, give_up_at);
        peer.enter(&self.call, step, state);
        step.event(event);
        if repairing {
            return;
        }
        if peer.was_connected() {
            let session = self.call.session.clone();
            step.event(Event::Reconnecting { session, user });
        }
        if peer.renegotiates() {
            self.repair(step, user);
        } else {
            peer.timers.set(PeerTimer::Repair, step.now + HEAL_TIME);
        }
    }

    /// Tries to bring a connection back, if it is lost, and sees to the next attempt.
    pub(crate) fn repair(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.state().is_lost() {
            return;
        }
        let (change, time) = if peer.renegotiates() {
            (Change::Paths, ATTEMPT_TIME)
        } else {
            (Change::Connection, REPLACEMENT_TIME)
        };
        peer.timers.set(PeerTimer::Repair, step.now + time);
        // An offer for other paths is repeated by itself; another one would not be heard either.
        let under_way = change == Change::Paths && peer.negotiation.is_offering();
        if step.chat_is_up && !under_way {
            self.negotiate(step, user, change);
        }
    }

    /// Our own addresses changed: connections move before they are missed, and those that were
    /// only prepared are prepared anew.
    pub(crate) fn move_to_new_paths(&mut self, step: &mut Step<'_>) {
        for user in self.users(Peer::has_transport) {
            self.move_connection(step, user);
        }
    }

    fn move_connection(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        match peer.exchange {
            Exchange::Done if peer.renegotiates() => self.negotiate(step, user, Change::Paths),
            // What a client of the documented system has will be missed, and replaced then.
            Exchange::Done if peer.was_connected() => {}
            Exchange::Done => self.negotiate(step, user, Change::Connection),
            // Another offer now could cross the answer to this one.
            Exchange::Offering => peer.has_moved = true,
            Exchange::Answering => self.prepare_anew(step, user),
            Exchange::None => {}
        }
    }

    /// The offer that was answered now names addresses that we do not have any longer.
    pub(crate) fn catch_up(&mut self, step: &mut Step<'_>, user: UserId) {
        let moved = |peer: &mut Peer| core::mem::take(&mut peer.has_moved);
        if self.peers.get_mut(&user).is_some_and(moved) {
            self.move_connection(step, user);
        }
    }

    fn prepare_anew(&mut self, step: &mut Step<'_>, user: UserId) {
        let answering = !self.is_ringing();
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let Some(offer) = peer.offer.clone() else {
            return;
        };
        peer.reopen(&self.call, step, self.media.held);
        peer.apply_offer(&self.call, step, offer);
        if answering {
            peer.command(&self.call, step, TransportCommand::CreateAnswer);
        }
    }

    /// No connection came about in time, or none can.
    pub(crate) fn give_up(&mut self, step: &mut Step<'_>, user: UserId) {
        self.take_leave(step, user, &reason::user_info(reason::NO_CONNECTION));
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
        self.caller_gone(step, user);
    }

    /// The time to come back is up.
    pub(crate) fn not_reconnected(&mut self, step: &mut Step<'_>, user: UserId) {
        self.take_leave(step, user, &reason::user_info(reason::NO_CONNECTION));
        let event = Event::DisconnectTimeout {
            session: self.call.session.clone(),
            user,
        };
        self.end_peer(step, user, PeerState::DisconnectTimeout, Some(event));
    }
}

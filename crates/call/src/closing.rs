//! The end of a call: one peer leaves, the last one does, and everything is released.

use core::time::Duration;

use visavis_signal::{UserId, UserInfo};

use crate::closed::Farewell;
use crate::devices::Sender;
use crate::peer::Peer;
use crate::session::{Session, SessionTimer};
use crate::step::Step;
use crate::{CommandError, Event, PeerState, SessionState, reason};

/// How long the shell may take to release the connections of a session before it counts as closed
/// regardless.
const CLOSE_TIME: Duration = Duration::from_secs(1);

impl Session {
    /// The user leaves the call, whatever its state.
    pub(crate) fn hang_up(
        &mut self,
        step: &mut Step<'_>,
        user_info: &UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_open()?;
        for user in self.live_users() {
            self.take_leave(step, user, user_info);
        }
        self.end_all(step, PeerState::Closed, None);
        Ok(())
    }

    /// Tells a peer that we are out of the call: while it rings by a `reject`, which does no harm
    /// when another device of ours took the call, later by a `hangUp`. Somebody who has not heard
    /// of the call is told nothing.
    pub(crate) fn take_leave(&mut self, step: &mut Step<'_>, user: UserId, user_info: &UserInfo) {
        let Some(peer) = self.peer(user) else {
            return;
        };
        if peer.state() == PeerState::New && !peer.is_fellow() {
            return;
        }
        // Until our `accept` is out, the caller knows of no call with us.
        let farewell = if self.is_ringing() || peer.is_caller() && !peer.state().is_negotiated() {
            Farewell::Reject
        } else {
            Farewell::HangUp
        };
        peer.say(&self.call, step, farewell.body(), user_info.clone());
        self.farewell = Some((farewell, user_info.clone()));
    }

    /// A peer left, or the caller canceled. One who dialed for as long as he wanted says so in the
    /// reason; for us that is a call that rang long enough.
    pub(crate) fn hung_up_by(&mut self, step: &mut Step<'_>, from: &Sender, user_info: UserInfo) {
        if !self.counts(from) {
            return;
        }
        let user = from.user();
        let why = user_info.get(reason::KEY);
        let Some(peer) = self.peer(user) else { return };
        let calls_us = peer.is_caller();
        let was_connected = peer.was_connected();
        if calls_us && self.is_ringing() && why == Some(reason::NOT_ANSWERED) {
            return self.no_actions(step);
        }
        let session = self.call.session.clone();
        let elsewhere = why == Some(reason::ACCEPTED_ELSEWHERE);
        let refused =
            calls_us && !self.is_ringing() && (!self.confirmed || elsewhere && !was_connected);
        let event = if refused && elsewhere {
            Event::AcceptedElsewhere { session }
        } else {
            Event::HungUp {
                session,
                user,
                user_info,
            }
        };
        self.end_peer(step, user, PeerState::HungUp, Some(event));
        if refused {
            // He did not take our `accept`. Another device of ours speaks for itself.
            let heard = |peer: &Peer| !elsewhere || peer.state().is_negotiated();
            self.leave_fellows(step, heard);
        } else {
            self.caller_gone(step, user);
        }
    }

    /// We are not in the call after all, and whoever of the others may wait for us is told.
    fn leave_fellows(&mut self, step: &mut Step<'_>, waits: impl Fn(&Peer) -> bool) {
        for fellow in self.users(|peer| peer.state().is_live() && waits(peer)) {
            self.take_leave(step, fellow, &UserInfo::new());
        }
        self.end_all(step, PeerState::Closed, None);
    }

    /// When it was the caller who left: if we took the call, it goes on with the others. If it
    /// rings, there is nobody left to answer.
    pub(crate) fn caller_gone(&mut self, step: &mut Step<'_>, user: UserId) {
        if user != self.call.initiator || !self.state().is_open() {
            return;
        }
        if !self.is_ringing() {
            return self.join_fellows(step);
        }
        self.leave_fellows(step, |_| true);
    }

    /// A peer is out of the call: `end` says how, `event` tells the app why.
    pub(crate) fn end_peer(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        end: PeerState,
        event: Option<Event>,
    ) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.enter(&self.call, step, end);
        if let Some(event) = event {
            step.event(event);
        }
        peer.release(&self.call, step);
        if !self.state().is_open() {
            return;
        }
        if self.live_users().is_empty() {
            self.start_close(step);
        } else {
            self.ask_again(step);
        }
    }

    /// We are out of the call, with everybody.
    pub(crate) fn end_all(
        &mut self,
        step: &mut Step<'_>,
        end: PeerState,
        mut event: Option<Event>,
    ) {
        let ours = self.call.initiator;
        self.asked.clear();
        let mut users = self.live_users();
        // The caller first: it is his call that ends.
        users.sort_by_key(|user| *user != ours);
        for user in users {
            self.end_peer(step, user, end, event.take());
        }
    }

    fn start_close(&mut self, step: &mut Step<'_>) {
        self.timers.cancel_all();
        self.enter(step, SessionState::GoingToClose);
        step.event(Event::StartClose {
            session: self.call.session.clone(),
        });
        self.timers.set(SessionTimer::Close, step.now + CLOSE_TIME);
        self.finish_when_released(step);
    }

    /// The shell released a connection: as it was told to, or because it is lost for good.
    pub(crate) fn transport_closed(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let unasked = peer.has_transport();
        peer.transport_released();
        if unasked {
            self.give_up(step, user);
        }
        self.finish_when_released(step);
    }

    fn finish_when_released(&mut self, step: &mut Step<'_>) {
        let closing = self.state() == SessionState::GoingToClose;
        if closing && self.peers.values().all(|peer| !peer.is_releasing()) {
            self.finish(step);
        }
    }

    /// Everything is released, or the shell had time enough for it.
    pub(crate) fn finish(&mut self, step: &mut Step<'_>) {
        self.timers.cancel_all();
        self.enter(step, SessionState::Closed);
        step.event(Event::Closed {
            session: self.call.session.clone(),
        });
    }
}

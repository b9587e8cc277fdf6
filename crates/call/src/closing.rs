//! The end of a call: one peer leaves, the last one does, and everything is released.

use core::time::Duration;

use visavis_signal::{UserId, UserInfo};

use crate::session::{Direction, Farewell, Session, SessionTimer};
use crate::step::Step;
use crate::{Address, CommandError, Event, PeerState, SessionState, reason};

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
            self.take_leave(step, user, user_info.clone());
            self.end_peer(step, user, PeerState::Closed, None);
        }
        Ok(())
    }

    /// Tells a peer that we are out of the call: until our `accept` is out by a `reject`, which
    /// does no harm when another device of ours took the call, later by a `hangUp`. Somebody who
    /// has not heard of the call is told nothing.
    pub(crate) fn take_leave(&mut self, step: &mut Step<'_>, user: UserId, user_info: UserInfo) {
        let Some(peer) = self.peers.get(&user) else {
            return;
        };
        let farewell = match (self.direction, peer.state()) {
            (_, PeerState::New) => return,
            (Direction::Incoming, PeerState::Pending) => Farewell::Reject,
            _ => Farewell::HangUp,
        };
        peer.say(&self.call, step, farewell.body(), user_info);
        self.farewell = Some(farewell);
    }

    /// A peer left, or the caller canceled. One who dialed for as long as he wanted says so in the
    /// reason; for us that is a call that rang long enough.
    pub(crate) fn hung_up_by(&mut self, step: &mut Step<'_>, from: &Address, user_info: UserInfo) {
        if !self.counts(from) {
            return;
        }
        if self.is_ringing() && user_info.get(reason::KEY) == Some(reason::NOT_ANSWERED) {
            return self.no_actions(step);
        }
        let event = Event::HungUp {
            session: self.call.session.clone(),
            user: from.user,
            user_info,
        };
        self.end_peer(step, from.user, PeerState::HungUp, Some(event));
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
        if self.peers.values().all(|peer| !peer.state().is_live()) {
            self.start_close(step);
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

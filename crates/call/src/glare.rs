//! Two users who call each other at the same moment: of the two calls one stays.
//!
//! Between our own the call with the smaller session id does. A client of the
//! documented system knows nothing of this and turns our call away as busy, so
//! there his stays. Whoever comes over takes the other call at once, without a
//! second ring, and his app goes on with it.

use visavis_signal::{SessionId, Signal, SignalKind, UserId, UserInfo, capability};

use crate::closed::ClosedSession;
use crate::invitation::Invitation;
use crate::session::Session;
use crate::step::Step;
use crate::{Address, Core, Event, Time, reason};

impl Core {
    /// The call of ours that crosses a call of this user.
    pub(crate) fn crossing(&self, call: &Invitation) -> Option<SessionId> {
        let ours = self.sessions.values().find(|session| {
            let him_alone = session.opponents() == [call.initiator];
            him_alone && session.is_calling(call.initiator)
        });
        let us_alone = call.opponents == [self.me];
        ours.filter(|_| us_alone).map(|ours| ours.id().clone())
    }

    /// His call crosses ours.
    pub(crate) fn resolve_glare(
        &mut self,
        now: Time,
        ours: &SessionId,
        from: Address,
        call: Invitation,
        signal: Signal,
    ) {
        let own_kind = signal.capabilities.contains(capability::GLARE);
        if own_kind && *ours < call.session {
            // He comes over to ours as soon as he hears of it.
            let id = call.session.clone();
            let crossed = ClosedSession::merged(call, ours.clone());
            return self.closed.remember(now, id, crossed);
        }
        let user_info = self.give_way(now, ours, &call.session);
        self.take(now, from, call, signal, user_info);
    }

    /// A signal of a call that crossed ours, whose user was to come over.
    pub(crate) fn receive_crossed(
        &mut self,
        now: Time,
        ours: &SessionId,
        from: Address,
        signal: Signal,
    ) {
        let id = signal.session.clone();
        match signal.kind() {
            SignalKind::HangUp => self.closed.came_over(&id),
            // Ours ended before he heard of it, so that his is just a call.
            SignalKind::Call if !self.sessions.contains_key(ours) => {
                self.closed.forget(&id);
                self.receive_unknown(now, from, signal);
            }
            _ => {}
        }
    }

    /// We call somebody whose own call rings here: as if the two had crossed.
    pub(crate) fn come_over_to_ringing(&mut self, now: Time, ours: &SessionId) {
        let Some(theirs) = self.ringing_from_callee(ours) else {
            return;
        };
        let user_info = self.give_way(now, ours, &theirs);
        self.with_session(now, &theirs, |session, step| {
            // It rings, so it can be accepted.
            let _ = session.accept(step, user_info);
        });
    }

    /// The call of the user whom we call that rings here and stays.
    fn ringing_from_callee(&self, ours: &SessionId) -> Option<SessionId> {
        let &[callee] = self.session(ours)?.opponents() else {
            return None;
        };
        let stays = |session: &&Session| {
            let alone = session.opponents() == [self.me] && session.initiator() == callee;
            alone && session.is_ringing() && !(session.comes_over(callee) && ours < session.id())
        };
        let theirs = self.sessions.values().find(stays)?;
        Some(theirs.id().clone())
    }

    /// Ends our call in favor of his; what was attached to it goes along.
    fn give_way(&mut self, now: Time, ours: &SessionId, theirs: &SessionId) -> UserInfo {
        let info = self.with_session(now, ours, |session, step| session.give_way(step, theirs));
        info.unwrap_or_default()
    }
}

impl Session {
    /// Whether the client of that user knows which of two crossing calls stays.
    fn comes_over(&self, user: UserId) -> bool {
        self.peer(user)
            .is_some_and(|peer| peer.can(capability::GLARE))
    }

    fn give_way(&mut self, step: &mut Step<'_>, by: &SessionId) -> UserInfo {
        step.event(Event::Replaced {
            session: self.call.session.clone(),
            by: by.clone(),
        });
        let why = reason::user_info(reason::GLARE);
        let info = self.user_info.clone();
        // It is open, so it can be hung up.
        let _ = self.hang_up(step, &why);
        info
    }
}

//! Two users who call each other at the same moment: of the two calls one stays.
//!
//! Between our own the call with the smaller session id does. A client of the
//! documented system knows nothing of this and turns our call away as busy, so
//! there his stays. Whoever comes over takes the other call at once, without a
//! second ring, and his app goes on with it.

use visavis_signal::{SessionId, Signal, UserInfo, capability};

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
            return self.closed.remember(now, id, ClosedSession::merged(call));
        }
        let theirs = call.session.clone();
        let info = self
            .with_session(now, ours, |session, step| session.give_way(step, &theirs))
            .unwrap_or_default();
        let session = Session::incoming(call, from, &signal, self.me, now);
        self.sessions.insert(theirs.clone(), session);
        self.with_session(now, &theirs, |session, step| {
            session.ring(step, signal, alloc::vec::Vec::new());
            // It rings, so it can be accepted.
            let _ = session.accept(step, info);
        });
    }
}

impl Session {
    /// Ends our call in favor of his; what was attached to it goes along.
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

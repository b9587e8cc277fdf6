//! Sessions that are over, remembered for a while so that stragglers do not ring again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Body, SessionId, Signal, SignalKind, Update, UserId, UserInfo};

use crate::invitation::Invitation;
use crate::session::{Direction, Session};
use crate::step::Step;
use crate::{Address, CommandError, Time};

/// How long a session is remembered after it closed.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// How many sessions are remembered at most; the oldest is forgotten first.
const REMEMBERED_AT_MOST: usize = 1024;

/// A farewell that may have been lost with chat is said again, if it is not older than this.
const FAREWELL_REPEATED_FOR: Duration = Duration::from_secs(60);

/// How long somebody who asked to be called again takes the call without ringing.
const REJOIN_TIME: Duration = Duration::from_secs(30);

/// How we took leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// We never took the call.
    Reject,
    /// We were in it.
    HangUp,
}

impl Farewell {
    pub(crate) const fn body(self) -> Body {
        match self {
            Self::Reject => Body::Reject,
            Self::HangUp => Body::HangUp,
        }
    }
}

/// What has to be known of a closed session to deal with a signal that comes too late.
#[derive(Clone, Debug)]
pub(crate) struct ClosedSession {
    call: Invitation,
    direction: Direction,
    invitation: u32,
    /// Who took part, ourselves excluded. Nobody else gets an answer.
    partners: Vec<Address>,
    /// How we took leave, if we did.
    farewell: Option<(Farewell, UserInfo)>,
    /// Until when a new invitation is accepted at once, because we asked for it.
    wanted_until: Option<Time>,
}

/// What a `call` of a closed session means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readmission {
    /// A straggler.
    None,
    /// We are called into it once more.
    Rings,
    /// We asked for it.
    Wanted,
}

impl ClosedSession {
    /// A call that was turned away before it became a session.
    pub(crate) fn rejected(call: Invitation, from: Address, user_info: UserInfo) -> Self {
        Self {
            call,
            direction: Direction::Incoming,
            invitation: 0,
            partners: [from].into(),
            farewell: Some((Farewell::Reject, user_info)),
            wanted_until: None,
        }
    }

    /// A call of somebody whom we were calling at the same moment, and who comes over to ours.
    pub(crate) fn merged(call: Invitation) -> Self {
        Self {
            call,
            direction: Direction::Incoming,
            invitation: 0,
            partners: Vec::new(),
            farewell: None,
            wanted_until: None,
        }
    }

    /// What to tell somebody whose signal came too late: a callee that accepts learns that the call
    /// is over, and a caller that still dials is told again what he seems to have missed.
    ///
    /// A call that ended without a word of ours is met with silence: another device of this user
    /// may have answered it.
    pub(crate) fn answer(&self, from: UserId, kind: SignalKind) -> Option<(Farewell, UserInfo)> {
        if !self.partners.iter().any(|partner| partner.user == from) {
            return None;
        }
        match (self.direction, kind) {
            (Direction::Outgoing, SignalKind::Accept) => Some((Farewell::HangUp, UserInfo::new())),
            (Direction::Incoming, SignalKind::Call) => self.farewell.clone(),
            _ => None,
        }
    }

    pub(crate) fn readmission(&self, now: Time, signal: &Signal) -> Readmission {
        let again = signal
            .join
            .as_ref()
            .is_some_and(|join| join.invitation > self.invitation);
        if !again {
            Readmission::None
        } else if self.wanted_until.is_some_and(|until| now < until) {
            Readmission::Wanted
        } else {
            Readmission::Rings
        }
    }

    /// Says the farewell once more to everybody who may have missed it.
    fn repeat_farewell(&self, step: &mut Step<'_>) {
        let Some((farewell, user_info)) = &self.farewell else {
            return;
        };
        for partner in &self.partners {
            let signal = self.call.signal(farewell.body(), user_info.clone());
            step.send(partner.clone(), signal);
        }
    }

    /// Asks the one who keeps the list to be called again.
    fn ask_back(&mut self, step: &mut Step<'_>) -> Result<(), CommandError> {
        let keeper = self
            .partners
            .iter()
            .find(|partner| partner.user == self.call.initiator)
            .or_else(|| self.partners.iter().min_by_key(|partner| partner.user));
        let keeper = keeper.ok_or(CommandError::SessionClosed)?;
        let ask = self
            .call
            .signal(Body::Update(Update::Rejoin), UserInfo::new());
        step.send(Address::bare(keeper.user), ask);
        self.wanted_until = Some(step.now + REJOIN_TIME);
        Ok(())
    }
}

impl Session {
    /// What to remember of it for latecomers.
    pub(crate) fn remembrance(&self) -> ClosedSession {
        ClosedSession {
            call: self.call.clone(),
            direction: self.direction,
            invitation: self.invitation,
            partners: self.peers().map(|peer| peer.address().clone()).collect(),
            farewell: self.farewell.clone(),
            wanted_until: None,
        }
    }
}

/// The sessions that closed lately.
#[derive(Debug, Default)]
pub(crate) struct ClosedSessions {
    sessions: BTreeMap<SessionId, ClosedSession>,
    /// When each closed, oldest first.
    order: VecDeque<(Time, SessionId)>,
}

impl ClosedSessions {
    pub(crate) fn remember(&mut self, now: Time, id: SessionId, session: ClosedSession) {
        self.forget_old(now);
        if self.order.len() == REMEMBERED_AT_MOST {
            self.forget_oldest();
        }
        if self.sessions.insert(id.clone(), session).is_none() {
            self.order.push_back((now, id));
        }
    }

    pub(crate) fn get(&mut self, now: Time, id: &SessionId) -> Option<&ClosedSession> {
        self.forget_old(now);
        self.sessions.get(id)
    }

    pub(crate) fn contains(&mut self, now: Time, id: &SessionId) -> bool {
        self.get(now, id).is_some()
    }

    /// Chat is back: farewells that may have been lost are said again.
    pub(crate) fn repeat_farewells(&self, step: &mut Step<'_>) {
        let recent = |(closed, _): &&(Time, SessionId)| step.now - *closed < FAREWELL_REPEATED_FOR;
        let recent: Vec<_> = self.order.iter().rev().take_while(recent).collect();
        for (_, id) in recent {
            if let Some(session) = self.sessions.get(id) {
                session.repeat_farewell(step);
            }
        }
    }

    /// Asks to be called into a session again.
    pub(crate) fn ask_back(
        &mut self,
        step: &mut Step<'_>,
        id: &SessionId,
    ) -> Result<(), CommandError> {
        self.forget_old(step.now);
        let session = self.sessions.get_mut(id);
        session.ok_or(CommandError::UnknownSession)?.ask_back(step)
    }

    /// Forgets a session that begins once more.
    pub(crate) fn forget(&mut self, id: &SessionId) {
        self.sessions.remove(id);
        self.order.retain(|(_, closed)| closed != id);
    }

    fn forget_old(&mut self, now: Time) {
        while self
            .order
            .front()
            .is_some_and(|(closed, _)| now - *closed >= REMEMBERED_FOR)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.sessions.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use visavis_signal::{CallType, Join};

    use super::*;

    const BOB: UserId = UserId(102);

    fn id(number: u32) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    fn closed(direction: Direction, farewell: Option<Farewell>) -> ClosedSession {
        ClosedSession {
            call: Invitation {
                session: id(1),
                initiator: BOB,
                opponents: vec![UserId(101)],
                call_type: CallType::Video,
            },
            direction,
            invitation: 1,
            partners: vec![Address::bare(BOB)],
            farewell: farewell.map(|farewell| (farewell, UserInfo::new())),
            wanted_until: None,
        }
    }

    fn outgoing() -> ClosedSession {
        closed(Direction::Outgoing, None)
    }

    fn incoming(farewell: Option<Farewell>) -> ClosedSession {
        closed(Direction::Incoming, farewell)
    }

    fn answer(closed: &ClosedSession, from: UserId, kind: SignalKind) -> Option<Farewell> {
        closed.answer(from, kind).map(|(farewell, _)| farewell)
    }

    #[test]
    fn a_session_is_forgotten_after_ten_minutes() {
        let mut closed = ClosedSessions::default();
        closed.remember(Time::ORIGIN, id(1), outgoing());
        let just_before = Time::ORIGIN + (REMEMBERED_FOR - Duration::from_millis(1));
        assert!(closed.contains(just_before, &id(1)));
        assert!(!closed.contains(Time::ORIGIN + REMEMBERED_FOR, &id(1)));
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut closed = ClosedSessions::default();
        for number in 0..=REMEMBERED_AT_MOST as u32 {
            closed.remember(Time::ORIGIN, id(number), outgoing());
        }
        assert!(!closed.contains(Time::ORIGIN, &id(0)));
        assert!(closed.contains(Time::ORIGIN, &id(1)));
        assert_eq!(closed.sessions.len(), REMEMBERED_AT_MOST);
    }

    #[test]
    fn a_late_accept_is_hung_up() {
        let late = answer(&outgoing(), BOB, SignalKind::Accept);
        assert_eq!(late, Some(Farewell::HangUp));
        assert_eq!(answer(&outgoing(), BOB, SignalKind::Reject), None);
    }

    #[test]
    fn a_late_call_is_told_what_it_was_told_before() {
        let rejected = incoming(Some(Farewell::Reject));
        let late = answer(&rejected, BOB, SignalKind::Call);
        assert_eq!(late, Some(Farewell::Reject));
        assert_eq!(answer(&incoming(None), BOB, SignalKind::Call), None);
    }

    #[test]
    fn strangers_get_no_answer() {
        let stranger = UserId(999);
        assert_eq!(answer(&outgoing(), stranger, SignalKind::Accept), None);
    }

    #[test]
    fn only_a_further_invitation_rings_again() {
        let invited = |invitation| Signal {
            join: invitation,
            ..Signal::new(id(1), Body::Reject)
        };
        let join = |invitation| {
            Some(Join {
                invitation,
                unreachable: vec![],
            })
        };
        let now = Time::ORIGIN;
        let mut closed = incoming(None);
        assert_eq!(closed.readmission(now, &invited(None)), Readmission::None);
        assert_eq!(
            closed.readmission(now, &invited(join(1))),
            Readmission::None
        );
        assert_eq!(
            closed.readmission(now, &invited(join(2))),
            Readmission::Rings
        );
        closed.wanted_until = Some(now + REJOIN_TIME);
        assert_eq!(
            closed.readmission(now, &invited(join(2))),
            Readmission::Wanted
        );
        assert_eq!(
            closed.readmission(now + REJOIN_TIME, &invited(join(2))),
            Readmission::Rings
        );
    }
}

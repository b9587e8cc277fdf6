//! Sessions that are over, remembered for a while so that stragglers do not ring again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Body, Join, SessionId, Signal, SignalKind, Update, UserId, UserInfo};

use crate::devices::Sender;
use crate::invitation::Invitation;
use crate::session::{Direction, Session};
use crate::step::Step;
use crate::{Address, CommandError, Peer, Time};

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
    partners: Vec<Partner>,
    /// How we took leave, if we did.
    farewell: Option<(Farewell, UserInfo)>,
    /// Until when a new invitation is accepted at once, because we asked for it.
    wanted_until: Option<Time>,
    /// Our own call to the same user that crossed this one, as long as he has not come over to it.
    crossed: Option<SessionId>,
}

/// Somebody who took part in a session that is over.
#[derive(Clone, Debug)]
struct Partner {
    user: UserId,
    /// Whether his client is told which device speaks.
    is_told_devices: bool,
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
    pub(crate) fn rejected(call: Invitation, from: &Sender, user_info: UserInfo) -> Self {
        let partner = Partner {
            user: from.user(),
            is_told_devices: from.device.is_some(),
        };
        Self {
            call,
            direction: Direction::Incoming,
            invitation: 0,
            partners: [partner].into(),
            farewell: Some((Farewell::Reject, user_info)),
            wanted_until: None,
            crossed: None,
        }
    }

    /// A call of somebody whom we were calling at the same moment, and who comes over to ours.
    pub(crate) fn merged(call: Invitation, ours: SessionId) -> Self {
        Self {
            call,
            direction: Direction::Incoming,
            invitation: 0,
            partners: Vec::new(),
            farewell: None,
            wanted_until: None,
            crossed: Some(ours),
        }
    }

    /// Our own call that crossed this one, if he has not come over to it yet.
    pub(crate) const fn crossed(&self) -> Option<&SessionId> {
        self.crossed.as_ref()
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
            // Of our devices the one that was in the call speaks.
            (Direction::Incoming, SignalKind::Accept) => self
                .farewell
                .clone()
                .filter(|(farewell, _)| *farewell == Farewell::HangUp),
            _ => None,
        }
    }

    pub(crate) fn readmission(&self, now: Time, from: UserId, signal: &Signal) -> Readmission {
        let further = |join: &Join| join.invitation > self.invitation;
        let is_partner = self.partners.iter().any(|partner| partner.user == from);
        if !signal.join.as_ref().is_some_and(further) {
            Readmission::None
        } else if is_partner && self.wanted_until.is_some_and(|until| now < until) {
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
            partner.send(step, signal);
        }
    }

    /// Asks to be called again. All are asked, because nobody knows who of them keeps the list by
    /// now; he alone calls.
    fn ask_back(&mut self, step: &mut Step<'_>) -> Result<(), CommandError> {
        if self.partners.is_empty() {
            return Err(CommandError::SessionClosed);
        }
        let invitation = self.invitation;
        let ask = Body::Update(Update::Rejoin { invitation });
        let ask = self.call.signal(ask, UserInfo::new());
        for partner in &self.partners {
            partner.send(step, ask.clone());
        }
        self.wanted_until = Some(step.now + REJOIN_TIME);
        Ok(())
    }
}

impl Partner {
    const fn of(peer: &Peer) -> Self {
        Self {
            user: peer.user(),
            is_told_devices: peer.is_told_devices(),
        }
    }

    /// To all his devices: chat may call the one that took part something else by now.
    fn send(&self, step: &mut Step<'_>, mut signal: Signal) {
        if self.is_told_devices {
            signal.device = Some(step.device.clone());
        }
        step.send(Address::bare(self.user), signal);
    }
}

impl Session {
    /// What to remember of it for latecomers.
    pub(crate) fn remembrance(&self, now: Time) -> ClosedSession {
        ClosedSession {
            call: self.call.clone(),
            direction: self.direction,
            invitation: self.invitation,
            partners: self.peers().map(Partner::of).collect(),
            farewell: self.farewell.clone(),
            wanted_until: self.wanted.then_some(now + REJOIN_TIME),
            crossed: None,
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

    /// The user of a call that crossed ours came over to ours.
    pub(crate) fn came_over(&mut self, id: &SessionId) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.crossed = None;
        }
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

    use visavis_signal::CallType;

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
            partners: vec![Partner {
                user: BOB,
                is_told_devices: false,
            }],
            farewell: farewell.map(|farewell| (farewell, UserInfo::new())),
            wanted_until: None,
            crossed: None,
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
        let read = |closed: &ClosedSession, now, from, count| {
            closed.readmission(now, from, &invited(count))
        };
        assert_eq!(read(&closed, now, BOB, None), Readmission::None);
        assert_eq!(read(&closed, now, BOB, join(1)), Readmission::None);
        assert_eq!(read(&closed, now, BOB, join(2)), Readmission::Rings);
        closed.wanted_until = Some(now + REJOIN_TIME);
        assert_eq!(read(&closed, now, BOB, join(2)), Readmission::Wanted);
        let too_late = now + REJOIN_TIME;
        assert_eq!(read(&closed, too_late, BOB, join(2)), Readmission::Rings);
        let stranger = UserId(999);
        assert_eq!(read(&closed, now, stranger, join(2)), Readmission::Rings);
    }

    #[test]
    fn a_fellow_who_answers_us_too_late_is_hung_up_by_the_device_that_was_in_the_call() {
        let left = incoming(Some(Farewell::HangUp));
        let late = answer(&left, BOB, SignalKind::Accept);
        assert_eq!(late, Some(Farewell::HangUp));
        let never_in_it = incoming(Some(Farewell::Reject));
        assert_eq!(answer(&never_in_it, BOB, SignalKind::Accept), None);
    }

    #[test]
    fn the_ten_minutes_of_a_session_that_began_once_more_count_from_its_last_end() {
        let five_minutes = Time::ORIGIN + REMEMBERED_FOR / 2;
        let ten_minutes = Time::ORIGIN + REMEMBERED_FOR;
        let mut closed = ClosedSessions::default();
        closed.remember(Time::ORIGIN, id(1), incoming(None));
        closed.remember(Time::ORIGIN, id(2), incoming(None));
        closed.forget(&id(1));
        assert!(!closed.contains(five_minutes, &id(1)));
        closed.remember(five_minutes, id(1), incoming(None));
        assert!(closed.contains(ten_minutes, &id(1)));
        assert!(!closed.contains(ten_minutes, &id(2)));
    }
}

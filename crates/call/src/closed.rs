//! Sessions that are over, remembered for a while so that stragglers do not ring again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{SessionId, SignalKind, UserId};

use crate::Time;
use crate::session::{Direction, Farewell};

/// How long a session is remembered after it closed.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// How many sessions are remembered at most; the oldest is forgotten first.
const REMEMBERED_AT_MOST: usize = 1024;

/// What has to be known of a closed session to deal with a signal that comes too late.
#[derive(Clone, Debug)]
pub(crate) struct ClosedSession {
    pub(crate) direction: Direction,
    /// Who took part, ourselves excluded. Nobody else gets an answer.
    pub(crate) partners: Vec<UserId>,
    /// How we took leave, if we did.
    pub(crate) farewell: Option<Farewell>,
}

impl ClosedSession {
    /// What to tell somebody whose signal came too late: a callee that accepts learns that the call
    /// is over, and a caller that still dials is told again what he seems to have missed.
    ///
    /// A call that ended without a word of ours is met with silence: another device of this user
    /// may have answered it.
    pub(crate) fn answer(&self, from: UserId, kind: SignalKind) -> Option<Farewell> {
        if !self.partners.contains(&from) {
            return None;
        }
        match (self.direction, kind) {
            (Direction::Outgoing, SignalKind::Accept) => Some(Farewell::HangUp),
            (Direction::Incoming, SignalKind::Call) => self.farewell,
            _ => None,
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

    use super::*;

    const BOB: UserId = UserId(102);

    fn id(number: u32) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        SessionId::from_bytes(bytes)
    }

    fn outgoing() -> ClosedSession {
        ClosedSession {
            direction: Direction::Outgoing,
            partners: vec![BOB],
            farewell: None,
        }
    }

    fn incoming(farewell: Option<Farewell>) -> ClosedSession {
        ClosedSession {
            direction: Direction::Incoming,
            partners: vec![BOB],
            farewell,
        }
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
        assert_eq!(
            outgoing().answer(BOB, SignalKind::Accept),
            Some(Farewell::HangUp)
        );
        assert_eq!(outgoing().answer(BOB, SignalKind::Reject), None);
    }

    #[test]
    fn a_late_call_is_told_what_it_was_told_before() {
        assert_eq!(
            incoming(Some(Farewell::Reject)).answer(BOB, SignalKind::Call),
            Some(Farewell::Reject)
        );
        assert_eq!(incoming(None).answer(BOB, SignalKind::Call), None);
    }

    #[test]
    fn strangers_get_no_answer() {
        assert_eq!(outgoing().answer(UserId(999), SignalKind::Accept), None);
    }
}

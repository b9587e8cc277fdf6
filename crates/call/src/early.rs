//! Candidates that overtook the `call` they belong to.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Candidate, SessionId, UserId};

use crate::Time;

/// How long such candidates wait for their call.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// For how many sessions candidates are kept; the oldest make room.
const SESSIONS_AT_MOST: usize = 16;

/// How many candidates are kept for one peer before his description is known. More than a dozen is
/// unusual.
pub(crate) const CANDIDATES_AT_MOST: usize = 64;

/// A small store of candidates for sessions that we do not know, or not yet.
///
/// It is filled by anybody who can send us a signal, so it is bounded in every direction, and what
/// it holds counts only if the `call` comes from the same user.
#[derive(Debug, Default)]
pub(crate) struct EarlyCandidates {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    since: Time,
    session: SessionId,
    from: UserId,
    candidates: Vec<Candidate>,
}

impl EarlyCandidates {
    pub(crate) fn keep(
        &mut self,
        now: Time,
        session: &SessionId,
        from: UserId,
        candidates: Vec<Candidate>,
    ) {
        self.forget_old(now);
        let index = match self.position(session, from) {
            Some(index) => index,
            None => {
                if self.waiting.len() == SESSIONS_AT_MOST {
                    self.waiting.pop_front();
                }
                self.waiting.push_back(Waiting {
                    since: now,
                    session: session.clone(),
                    from,
                    candidates: Vec::new(),
                });
                self.waiting.len() - 1
            }
        };
        let kept = &mut self.waiting[index].candidates;
        let room = CANDIDATES_AT_MOST - kept.len();
        kept.extend(candidates.into_iter().take(room));
    }

    pub(crate) fn take(&mut self, now: Time, session: &SessionId, from: UserId) -> Vec<Candidate> {
        self.forget_old(now);
        let waiting = self
            .position(session, from)
            .and_then(|index| self.waiting.remove(index));
        waiting
            .map(|waiting| waiting.candidates)
            .unwrap_or_default()
    }

    fn position(&self, session: &SessionId, from: UserId) -> Option<usize> {
        self.waiting
            .iter()
            .position(|waiting| waiting.session == *session && waiting.from == from)
    }

    fn forget_old(&mut self, now: Time) {
        while self
            .waiting
            .front()
            .is_some_and(|oldest| now - oldest.since >= KEPT_FOR)
        {
            self.waiting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const BOB: UserId = UserId(102);

    fn id(number: u8) -> SessionId {
        SessionId::from_bytes([number; 16])
    }

    fn candidate(text: &str) -> Candidate {
        Candidate {
            candidate: text.into(),
            sdp_mid: None,
            sdp_mline_index: Some(0),
        }
    }

    #[test]
    fn candidates_wait_for_the_user_who_sent_them() {
        let mut early = EarlyCandidates::default();
        early.keep(Time::ORIGIN, &id(1), BOB, vec![candidate("a")]);
        early.keep(Time::ORIGIN, &id(1), BOB, vec![candidate("b")]);
        assert_eq!(early.take(Time::ORIGIN, &id(1), UserId(999)), []);
        assert_eq!(
            early.take(Time::ORIGIN, &id(1), BOB),
            [candidate("a"), candidate("b")]
        );
        assert_eq!(early.take(Time::ORIGIN, &id(1), BOB), []);
    }

    #[test]
    fn they_do_not_wait_forever() {
        let mut early = EarlyCandidates::default();
        early.keep(Time::ORIGIN, &id(1), BOB, vec![candidate("a")]);
        assert_eq!(early.take(Time::ORIGIN + KEPT_FOR, &id(1), BOB), []);
    }

    #[test]
    fn those_that_come_in_pieces_are_bounded_too() {
        let mut early = EarlyCandidates::default();
        for _ in 0..2 {
            let most = vec![candidate("a"); CANDIDATES_AT_MOST - 1];
            early.keep(Time::ORIGIN, &id(1), BOB, most);
        }
        let kept = early.take(Time::ORIGIN, &id(1), BOB);
        assert_eq!(kept.len(), CANDIDATES_AT_MOST);
    }

    #[test]
    fn the_store_is_bounded_in_sessions_and_in_candidates() {
        let mut early = EarlyCandidates::default();
        for number in 0..=SESSIONS_AT_MOST as u8 {
            early.keep(
                Time::ORIGIN,
                &id(number),
                BOB,
                vec![candidate("a"); CANDIDATES_AT_MOST + 1],
            );
        }
        assert_eq!(early.take(Time::ORIGIN, &id(0), BOB), []);
        assert_eq!(
            early.take(Time::ORIGIN, &id(1), BOB).len(),
            CANDIDATES_AT_MOST
        );
    }
}

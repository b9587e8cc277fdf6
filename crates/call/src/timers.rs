//! A few named alarms, each set or not.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use visavis_signal::SessionId;

use crate::Time;

/// One alarm for each kind `K`. Setting a kind again moves its alarm.
///
/// Alarms due at the same moment go off in the order of their kinds, which makes a run
/// reproducible and lets an enum of kinds say what takes precedence.
#[derive(Clone, Debug)]
pub(crate) struct Timers<K> {
    due: BTreeMap<K, Time>,
}

impl<K: Ord + Copy> Timers<K> {
    pub(crate) const fn new() -> Self {
        Self {
            due: BTreeMap::new(),
        }
    }

    pub(crate) fn set(&mut self, kind: K, at: Time) {
        self.due.insert(kind, at);
    }

    /// Sets an alarm unless this kind is running already.
    pub(crate) fn set_if_idle(&mut self, kind: K, at: Time) {
        self.due.entry(kind).or_insert(at);
    }

    pub(crate) fn cancel(&mut self, kind: K) {
        self.due.remove(&kind);
    }

    pub(crate) fn cancel_all(&mut self) {
        self.due.clear();
    }

    /// When the first alarm goes off.
    pub(crate) fn next(&self) -> Option<Time> {
        self.due.values().min().copied()
    }

    /// Takes the alarm that has been due longest, if any is due.
    pub(crate) fn take_due(&mut self, now: Time) -> Option<K> {
        // `min_by_key` keeps the first of equals, hence the smallest kind.
        let (&kind, _) = self
            .due
            .iter()
            .filter(|(_, at)| **at <= now)
            .min_by_key(|(_, at)| **at)?;
        self.due.remove(&kind);
        Some(kind)
    }
}

/// One alarm for each session, found quickly however many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms {
    order: BTreeSet<(Time, SessionId)>,
    due: BTreeMap<SessionId, Time>,
}

impl Alarms {
    /// Moves the alarm of a session.
    pub(crate) fn set(&mut self, session: &SessionId, at: Option<Time>) {
        let before = self.due.get(session).copied();
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(session);
            self.order.remove(&(before, session.clone()));
        }
        if let Some(at) = at {
            self.due.insert(session.clone(), at);
            self.order.insert((at, session.clone()));
        }
    }

    /// When the first one goes off.
    pub(crate) fn next(&self) -> Option<Time> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes those that are due, the one that has been due longest first.
    pub(crate) fn take_due(&mut self, now: Time) -> Vec<SessionId> {
        let due = self.order.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<_> = due.map(|(_, session)| session.clone()).collect();
        for session in &due {
            self.set(session, None);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Time {
        Time::since_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn alarms_go_off_in_order_of_time_then_of_kind() {
        let mut timers = Timers::new();
        timers.set('c', at(1));
        timers.set('b', at(2));
        timers.set('a', at(2));
        timers.set('z', at(3));
        assert_eq!(timers.next(), Some(at(1)));
        let gone: alloc::vec::Vec<_> = core::iter::from_fn(|| timers.take_due(at(2))).collect();
        assert_eq!(gone, ['c', 'a', 'b']);
        assert_eq!(timers.next(), Some(at(3)));
    }

    #[test]
    fn setting_again_moves_and_setting_if_idle_does_not() {
        let mut timers = Timers::new();
        timers.set('a', at(1));
        timers.set('a', at(5));
        timers.set_if_idle('a', at(9));
        assert_eq!(timers.next(), Some(at(5)));
        timers.cancel('a');
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn of_alarms_that_are_all_canceled_none_goes_off() {
        let mut timers = Timers::new();
        timers.set('a', at(1));
        timers.set('b', at(2));
        timers.cancel_all();
        assert_eq!(timers.next(), None);
        assert_eq!(timers.take_due(at(3)), None);
    }

    #[test]
    fn the_session_that_waits_longest_is_woken_first() {
        let [one, other] = [1, 2].map(|number| SessionId::from_bytes([number; 16]));
        let mut alarms = Alarms::default();
        alarms.set(&one, Some(at(3)));
        alarms.set(&other, Some(at(2)));
        assert_eq!(alarms.next(), Some(at(2)));
        alarms.set(&one, Some(at(1)));
        assert_eq!(alarms.take_due(at(0)), []);
        assert_eq!(alarms.take_due(at(2)), [one.clone(), other.clone()]);
        assert_eq!(alarms.next(), None);
        alarms.set(&other, Some(at(4)));
        alarms.set(&other, None);
        assert_eq!(alarms.next(), None);
        alarms.set(&one, Some(at(9)));
        assert_eq!(alarms.next(), Some(at(9)));
    }
}

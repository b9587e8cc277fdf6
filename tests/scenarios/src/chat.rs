//! Simulated chat: who is online, what is delivered to whom, and what goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use visavis_call::{Address, Time};
use visavis_signal::{Signal, SignalKind, UserId};
use visavis_xmpp::Jid;
use visavis_xmpp::xml::{Element, Limits};

use crate::random::Random;
use crate::world::DeviceId;

/// How chat behaves.
#[derive(Debug)]
pub struct Chat {
    /// From one device to the server and on to another one.
    pub delay: Duration,
    /// Whether the server copies what a device decides to the other devices of its user
    /// (`accept`, `reject` and `hangUp`).
    pub carbons: bool,
    /// Whether signals travel as text, so that what is not on the wire is not there.
    pub as_text: bool,
    /// What happens to single signals, in the order in which they were asked for.
    pub(crate) mishaps: Vec<Mishap>,
    /// What happens to all of them.
    pub disorder: Option<Disorder>,
    /// When the last signal arrives that is under way between two devices: the server keeps order.
    last: BTreeMap<(DeviceId, DeviceId), Time>,
}

/// Something that happens to the next signal of a kind from a user.
#[derive(Clone, Debug)]
pub(crate) struct Mishap {
    pub(crate) kind: SignalKind,
    pub(crate) from: UserId,
    pub(crate) how: How,
}

#[derive(Clone, Debug)]
pub(crate) enum How {
    Lost,
    Twice,
    Late(Duration),
}

/// A chat without order: nothing that XMPP allows, and all that a call has to survive.
#[derive(Clone, Debug)]
pub struct Disorder {
    /// What decides.
    pub random: Random,
    /// Out of a hundred signals, how many are lost.
    pub lost: u64,
    /// Out of a hundred signals, how many come twice.
    pub twice: u64,
    /// Out of a hundred signals, how many are late, up to ten seconds.
    pub late: u64,
}

/// The longest that a late signal takes.
const LATE: u64 = 10_000;

impl Default for Chat {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(5),
            carbons: true,
            as_text: true,
            mishaps: Vec::new(),
            disorder: None,
            last: BTreeMap::new(),
        }
    }
}

impl Chat {
    /// When a signal arrives: never, once, or more often.
    pub(crate) fn fate(
        &mut self,
        now: Time,
        from: (DeviceId, UserId),
        to: DeviceId,
        kind: SignalKind,
    ) -> Vec<Time> {
        let awaited = |mishap: &Mishap| mishap.kind == kind && mishap.from == from.1;
        let mishap = self.mishaps.iter().position(awaited);
        match mishap.map(|at| self.mishaps.remove(at).how) {
            Some(How::Lost) => vec![],
            Some(How::Twice) => vec![now + self.delay, now + self.delay * 2],
            Some(How::Late(span)) => vec![now + span],
            None => match &mut self.disorder {
                Some(disorder) => disorder.fate(now, self.delay),
                None => vec![self.in_order(now, from.0, to)],
            },
        }
    }

    fn in_order(&mut self, now: Time, from: DeviceId, to: DeviceId) -> Time {
        let last = self.last.entry((from, to)).or_insert(Time::ORIGIN);
        *last = (*last).max(now + self.delay);
        *last
    }

    /// What of a signal reaches the other side.
    pub(crate) fn carry(&self, sender: UserId, to: &Address, signal: &Signal) -> Option<Signal> {
        if !self.as_text {
            return Some(signal.clone());
        }
        let jid = jid(to)?;
        let text = signal.to_message("0", sender, &jid);
        let limits = Limits {
            max_bytes: 1 << 20,
            max_depth: 64,
            max_nodes: 1 << 16,
        };
        let message = Element::parse(&text, &limits).ok()?;
        Signal::decode(&message).ok()?
    }
}

impl Disorder {
    fn fate(&mut self, now: Time, delay: Duration) -> Vec<Time> {
        let mut arrival = || {
            let late = self.random.chance(self.late, 100);
            let span = if late {
                self.random.millis(LATE)
            } else {
                delay + self.random.millis(50)
            };
            now + span
        };
        let (first, second) = (arrival(), arrival());
        if self.random.chance(self.lost, 100) {
            vec![]
        } else if self.random.chance(self.twice, 100) {
            vec![first, second]
        } else {
            vec![first]
        }
    }
}

fn jid(address: &Address) -> Option<Jid> {
    let bare = Jid::user(&format!("{}-1", address.user.0), "chat.example").ok()?;
    match &address.resource {
        Some(resource) => bare.with_resource(resource).ok(),
        None => Some(bare),
    }
}

/// Whether a signal addressed like this reaches a device.
pub(crate) fn is_meant_for(to: &Address, user: UserId, resource: &Arc<str>) -> bool {
    to.user == user && to.resource.as_ref().is_none_or(|wanted| wanted == resource)
}

/// Whether the server copies a signal to the other devices of its sender.
pub(crate) const fn is_copied(kind: SignalKind) -> bool {
    matches!(
        kind,
        SignalKind::Accept | SignalKind::Reject | SignalKind::HangUp
    )
}

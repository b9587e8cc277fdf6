//! Simulated connections: what [`TransportCommand`]s do and what they report, without media.
//!
//! A connection makes descriptions that carry no more than a number, looked up here. Two
//! connections are each other's ends when each has the description of the other; media flows
//! between them if the network lets it, if at least one of them knows a way to the other (a
//! candidate), and if both still have the addresses that they told each other.
//!
//! [`TransportCommand`]: visavis_call::TransportCommand

use std::collections::{BTreeMap, BTreeSet};

use visavis_signal::{Candidate, Description, SessionId, UserId};

use crate::world::DeviceId;

/// Whose connection it is: of a device, in a call, with a user.
pub type Key = (DeviceId, SessionId, UserId);

/// One connection, of all that ever were.
pub(crate) type ConnectionId = u32;

/// Something that a connection does a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Gather,
    Offer { restart: bool },
    Answer,
    Check,
    Connect,
    Lose,
    GiveUp,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) key: Key,
    /// Our offer that waits for its answer.
    pub(crate) offer: Option<u32>,
    /// His offer that waits for our answer.
    pub(crate) received: Option<u32>,
    /// The other end, as far as his description says.
    remote: Option<Remote>,
    /// The addresses that we told him.
    told: u32,
    /// Of which connections a way is known.
    ways: BTreeSet<ConnectionId>,
    pub(crate) gathered: bool,
    pub(crate) is_up: bool,
    pub(crate) was_up: bool,
    /// Whether it is about to come up, or to go down.
    pub(crate) changing: bool,
    /// Whether it is on hold.
    pub(crate) is_held: bool,
}

#[derive(Clone, Copy, Debug)]
struct Remote {
    id: ConnectionId,
    addresses: u32,
}

/// What a description says.
#[derive(Clone, Copy, Debug)]
struct Written {
    by: ConnectionId,
    /// The addresses of its device at that time.
    addresses: u32,
    restart: bool,
    answers: Option<u32>,
}

/// All connections of the world.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
    by_key: BTreeMap<Key, ConnectionId>,
    /// Those that were closed and have not said so.
    releasing: BTreeMap<Key, ConnectionId>,
    written: Vec<Written>,
    last: ConnectionId,
}

/// Why a description is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unusable;

impl Connections {
    pub(crate) fn open(&mut self, key: Key, addresses: u32) -> ConnectionId {
        self.last += 1;
        let id = self.last;
        self.by_key.insert(key.clone(), id);
        let connection = Connection {
            id,
            key,
            offer: None,
            received: None,
            remote: None,
            told: addresses,
            ways: BTreeSet::new(),
            gathered: false,
            is_up: false,
            was_up: false,
            changing: false,
            is_held: false,
        };
        self.open.insert(id, connection);
        id
    }

    /// Ends a connection; which one was its other end.
    pub(crate) fn end(&mut self, id: ConnectionId) -> Option<ConnectionId> {
        let ended = self.open.remove(&id)?;
        if self.by_key.get(&ended.key) == Some(&id) {
            self.by_key.remove(&ended.key);
        }
        ended.remote.map(|remote| remote.id)
    }

    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.open.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.open.get_mut(&id)
    }

    pub(crate) fn of(&self, key: &Key) -> Option<ConnectionId> {
        self.by_key.get(key).copied()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Connection> {
        self.open.values()
    }

    pub(crate) fn begin_release(&mut self, key: Key, id: ConnectionId) {
        self.releasing.insert(key, id);
    }

    /// Whether it still has to say that it is released.
    pub(crate) fn end_release(&mut self, key: &Key, id: ConnectionId) -> bool {
        let waits = self.releasing.get(key) == Some(&id);
        if waits {
            self.releasing.remove(key);
        }
        waits
    }

    /// Of the former connection nothing is reported any longer.
    pub(crate) fn silence(&mut self, key: &Key) {
        self.releasing.remove(key);
    }

    // ── Descriptions ────────────────────────────────────────────────────────

    /// Makes the offer of a connection.
    pub(crate) fn write_offer(&mut self, id: ConnectionId, addresses: u32, restart: bool) {
        let number = self.written.len() as u32;
        let Some(connection) = self.open.get_mut(&id) else {
            return;
        };
        // The first description tells the addresses, a restart tells them anew.
        let restart = restart || connection.remote.is_none();
        if restart {
            connection.told = addresses;
        }
        connection.offer = Some(number);
        self.written.push(Written {
            by: id,
            addresses,
            restart,
            answers: None,
        });
    }

    /// The offer of a connection, with the candidates that it has by now.
    pub(crate) fn offer_text(&self, id: ConnectionId) -> Option<Description> {
        let connection = self.open.get(&id)?;
        let number = connection.offer?;
        let ways = if connection.gathered {
            " with candidates"
        } else {
            ""
        };
        Some(Description::new(&format!("offer {number}{ways}")))
    }

    /// Takes the offer of somebody.
    pub(crate) fn apply_offer(
        &mut self,
        id: ConnectionId,
        offer: &Description,
    ) -> Result<(), Unusable> {
        let (number, written, with_ways) = self.read(offer)?;
        let connection = self.open.get_mut(&id).ok_or(Unusable)?;
        if written.answers.is_some() {
            return Err(Unusable);
        }
        connection.offer = None;
        connection.received = Some(number);
        if with_ways {
            connection.ways.insert(written.by);
        }
        Ok(())
    }

    /// Makes the answer to the offer that was taken.
    pub(crate) fn write_answer(&mut self, id: ConnectionId, addresses: u32) -> Option<Description> {
        let number = self.written.len() as u32;
        let connection = self.open.get_mut(&id)?;
        let answers = connection.received.take()?;
        let offer = self.written[answers as usize];
        let restart = offer.restart || connection.remote.is_none();
        if restart {
            connection.told = addresses;
        }
        connection.meet(offer);
        self.written.push(Written {
            by: id,
            addresses,
            restart,
            answers: Some(answers),
        });
        let ways = if self.open.get(&id)?.gathered {
            " with candidates"
        } else {
            ""
        };
        Some(Description::new(&format!("answer {number}{ways}")))
    }

    /// Takes the answer of somebody. One that answers something else leads nowhere.
    pub(crate) fn apply_answer(
        &mut self,
        id: ConnectionId,
        answer: &Description,
    ) -> Result<(), Unusable> {
        let (_, written, with_ways) = self.read(answer)?;
        let connection = self.open.get_mut(&id).ok_or(Unusable)?;
        let asked = connection.offer.take().ok_or(Unusable)?;
        if written.answers.is_none() {
            return Err(Unusable);
        }
        if written.answers == Some(asked) {
            connection.meet(written);
        }
        if with_ways {
            connection.ways.insert(written.by);
        }
        Ok(())
    }

    fn read(&self, text: &Description) -> Result<(u32, Written, bool), Unusable> {
        let mut words = text.as_str().split_whitespace().skip(1);
        let number: u32 = words.next().and_then(|n| n.parse().ok()).ok_or(Unusable)?;
        let written = self.written.get(number as usize).ok_or(Unusable)?;
        Ok((number, *written, words.next().is_some()))
    }

    // ── Ways ────────────────────────────────────────────────────────────────

    pub(crate) fn candidate(id: ConnectionId) -> Candidate {
        Candidate {
            candidate: format!("candidate:{id}").into(),
            sdp_mid: Some("0".into()),
            sdp_mline_index: Some(0),
        }
    }

    pub(crate) fn add_candidates(&mut self, id: ConnectionId, candidates: &[Candidate]) {
        let Some(connection) = self.open.get_mut(&id) else {
            return;
        };
        let numbers = candidates.iter().filter_map(|candidate| {
            candidate
                .candidate
                .strip_prefix("candidate:")?
                .parse::<ConnectionId>()
                .ok()
        });
        connection.ways.extend(numbers);
    }

    /// The other end of a connection, if that one sees it the same way.
    pub(crate) fn other_end(&self, id: ConnectionId) -> Option<&Connection> {
        let other = self.open.get(&self.open.get(&id)?.remote?.id)?;
        (other.remote?.id == id).then_some(other)
    }

    /// Whether media flows, as far as the connections themselves can say. `addresses` are those
    /// that a device has now.
    pub(crate) fn carries(&self, id: ConnectionId, addresses: impl Fn(DeviceId) -> u32) -> bool {
        let (Some(one), Some(other)) = (self.open.get(&id), self.other_end(id)) else {
            return false;
        };
        let reaches = |from: &Connection, to: &Connection| {
            let told = from.remote.map(|remote| remote.addresses);
            told == Some(to.told) && to.told == addresses(to.key.0)
        };
        let found = one.ways.contains(&other.id) || other.ways.contains(&one.id);
        found && reaches(one, other) && reaches(other, one)
    }
}

impl Connection {
    fn meet(&mut self, written: Written) {
        let same = self.remote.filter(|remote| remote.id == written.by);
        let addresses = match same {
            Some(remote) if !written.restart => remote.addresses,
            _ => written.addresses,
        };
        self.remote = Some(Remote {
            id: written.by,
            addresses,
        });
    }

    /// Whether both descriptions are there.
    pub(crate) const fn is_described(&self) -> bool {
        self.remote.is_some()
    }
}

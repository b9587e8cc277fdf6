//! What becomes of connections: who can reach whom, and what devices are told of it.

use std::time::Duration;

use visavis_call::{DescriptionFault, Input, TransportCommand, TransportEvent};
use visavis_signal::{SessionId, UserId};

use super::{DeviceId, Happening, World};
use crate::connections::{ConnectionId, Connections, Key, Work};

const TIME_TO_DESCRIBE: Duration = Duration::from_millis(20);
const TIME_TO_GATHER: Duration = Duration::from_millis(30);
const TIME_TO_CHECK: Duration = Duration::from_millis(10);
const TIME_TO_CONNECT: Duration = Duration::from_millis(50);
const TIME_TO_RELEASE: Duration = Duration::from_millis(10);
/// How long nothing has to arrive before a connection counts as lost.
const TIME_TO_MISS: Duration = Duration::from_secs(5);
/// How long a described connection tries before it gives up.
const TIME_TO_GIVE_UP: Duration = Duration::from_secs(30);

// What a script does and sees.
impl World {
    /// Between the devices of two users media gets through, or does not.
    pub fn set_path(&mut self, one: UserId, other: UserId, works: bool) {
        let pair = (one.min(other), one.max(other));
        if works {
            self.parted.remove(&pair);
        } else {
            self.parted.insert(pair);
        }
        self.look_at_all();
    }

    /// Media gets through everywhere, and what everybody describes is of use.
    pub fn restore_paths(&mut self) {
        self.parted.clear();
        self.spoiled.clear();
        self.look_at_all();
    }

    /// The next descriptions of a user are of no use to whoever gets them.
    pub fn spoil(&mut self, user: UserId, count: usize) {
        self.spoiled.insert(user, count);
    }

    fn is_spoiled(&mut self, user: UserId) -> bool {
        let left = self.spoiled.get_mut(&user).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }

    /// The device at the other end of a connection over which media flows.
    pub fn talks_to(
        &self,
        device: DeviceId,
        session: &SessionId,
        peer: UserId,
    ) -> Option<DeviceId> {
        let id = self.connections.of(&(device, session.clone(), peer))?;
        let other = self.connections.other_end(id)?;
        self.carries(id).then_some(other.key.0)
    }

    /// Whether a connection is on hold.
    pub fn is_held(&self, device: DeviceId, session: &SessionId, peer: UserId) -> bool {
        let id = self.connections.of(&(device, session.clone(), peer));
        let connection = id.and_then(|id| self.connections.get(id));
        connection.is_some_and(|connection| connection.is_held)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.connections.all().count()
    }
}

// What devices want of their connections.
impl World {
    pub(super) fn obey(&mut self, key: Key, command: TransportCommand) {
        let addresses = self.devices[key.0.0].addresses;
        match command {
            TransportCommand::Open { .. } => {
                let connection = self.connections.open(key, addresses);
                return self.work(TIME_TO_GATHER, connection, Work::Gather);
            }
            TransportCommand::Reopen { .. } => {
                if let Some(former) = self.connections.of(&key) {
                    self.end_connection(former);
                }
                self.connections.silence(&key);
                let connection = self.connections.open(key, addresses);
                return self.work(TIME_TO_GATHER, connection, Work::Gather);
            }
            _ => {}
        }
        let Some(connection) = self.connections.of(&key) else {
            return;
        };
        match command {
            TransportCommand::CreateOffer => {
                let offer = Work::Offer { restart: false };
                self.work(TIME_TO_DESCRIBE, connection, offer);
            }
            TransportCommand::Renegotiate { restart_ice, .. } => {
                let restart = restart_ice;
                self.work(TIME_TO_DESCRIBE, connection, Work::Offer { restart });
            }
            TransportCommand::CreateAnswer => {
                self.work(TIME_TO_DESCRIBE, connection, Work::Answer);
            }
            TransportCommand::ApplyOffer(offer) => {
                let spoiled = self.is_spoiled(key.2);
                if spoiled || self.connections.apply_offer(connection, &offer).is_err() {
                    self.refuse(key);
                }
            }
            TransportCommand::ApplyAnswer(answer) => {
                let spoiled = self.is_spoiled(key.2);
                if spoiled || self.connections.apply_answer(connection, &answer).is_err() {
                    self.refuse(key);
                } else {
                    self.work(TIME_TO_GIVE_UP, connection, Work::GiveUp);
                    self.look_at(connection);
                }
            }
            TransportCommand::SetHeld(held) => {
                if let Some(connection) = self.connections.get_mut(connection) {
                    connection.is_held = held;
                }
            }
            TransportCommand::AddCandidates(candidates) => {
                self.connections.add_candidates(connection, &candidates);
                self.look_at(connection);
            }
            TransportCommand::Close => {
                self.end_connection(connection);
                self.connections.begin_release(key.clone(), connection);
                let released = Happening::Released { key, connection };
                self.queue(self.now + TIME_TO_RELEASE, released);
            }
            _ => {}
        }
    }

    fn refuse(&mut self, key: Key) {
        let (device, session, peer) = key;
        let event = TransportEvent::DescriptionRejected(DescriptionFault::Unusable);
        let input = Input::Transport {
            session,
            peer,
            event,
        };
        let input = Box::new(input);
        self.queue(self.now, Happening::Input { device, input });
    }

    pub(super) fn tell(&mut self, key: Key, event: TransportEvent) {
        let (device, session, peer) = key;
        self.handle(
            device,
            Input::Transport {
                session,
                peer,
                event,
            },
        );
    }

    fn work(&mut self, after: Duration, connection: ConnectionId, work: Work) {
        self.queue(self.now + after, Happening::Work { connection, work });
    }
}

// What connections do by themselves.
impl World {
    pub(super) fn do_work(&mut self, id: ConnectionId, work: Work) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let key = connection.key.clone();
        let addresses = self.devices[key.0.0].addresses;
        match work {
            Work::Gather => {
                connection.gathered = true;
                let found = vec![Connections::candidate(id)];
                let described = connection.is_described();
                self.tell(key.clone(), TransportEvent::LocalCandidates(found));
                if let Some(offer) = self.connections.offer_text(id).filter(|_| !described) {
                    self.tell(key, TransportEvent::LocalOffer(offer));
                }
            }
            Work::Offer { restart } => {
                self.connections.write_offer(id, addresses, restart);
                if let Some(offer) = self.connections.offer_text(id) {
                    self.tell(key, TransportEvent::LocalOffer(offer));
                }
            }
            Work::Answer => {
                if let Some(answer) = self.connections.write_answer(id, addresses) {
                    self.work(TIME_TO_GIVE_UP, id, Work::GiveUp);
                    self.tell(key, TransportEvent::LocalAnswer(answer));
                    self.look_at(id);
                }
            }
            Work::Check if !connection.was_up => self.tell(key, TransportEvent::Checking),
            Work::GiveUp if !connection.was_up => self.tell(key, TransportEvent::Failed),
            Work::Check | Work::GiveUp => {}
            Work::Connect => {
                connection.changing = false;
                if !connection.is_up && self.carries(id) {
                    self.set_up(id, true);
                    self.tell(key, TransportEvent::Connected);
                }
            }
            Work::Lose => {
                connection.changing = false;
                if connection.is_up && !self.carries(id) {
                    self.set_up(id, false);
                    self.tell(key, TransportEvent::Disconnected);
                }
            }
        }
    }

    fn set_up(&mut self, id: ConnectionId, up: bool) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.is_up = up;
            connection.was_up |= up;
        }
    }

    pub(super) fn end_connection(&mut self, id: ConnectionId) {
        let other = self.connections.end(id);
        if let Some(other) = other {
            self.look_at_one(other);
        }
    }

    /// Whether media flows over a connection.
    fn carries(&self, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(id) else {
            return false;
        };
        let ours = self.devices[connection.key.0.0].user;
        let theirs = connection.key.2;
        let parted = self.parted.contains(&(ours.min(theirs), ours.max(theirs)));
        !parted
            && self
                .connections
                .carries(id, |device| self.devices[device.0].addresses)
    }

    /// Something changed for a connection and its other end.
    fn look_at(&mut self, id: ConnectionId) {
        self.look_at_one(id);
        if let Some(other) = self.connections.other_end(id).map(|other| other.id) {
            self.look_at_one(other);
        }
    }

    pub(super) fn look_at_all(&mut self) {
        for id in self.connections.all().map(|one| one.id).collect::<Vec<_>>() {
            self.look_at_one(id);
        }
    }

    fn look_at_one(&mut self, id: ConnectionId) {
        let carries = self.carries(id);
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if connection.changing || connection.is_up == carries {
            return;
        }
        connection.changing = true;
        if carries {
            self.work(TIME_TO_CHECK, id, Work::Check);
            self.work(TIME_TO_CONNECT, id, Work::Connect);
        } else {
            self.work(TIME_TO_MISS, id, Work::Lose);
        }
    }
}

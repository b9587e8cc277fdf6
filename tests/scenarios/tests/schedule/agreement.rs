//! Who is in a call, as each device sees it.

use std::collections::BTreeMap;

use visavis_call::{Peer, PeerState, Session};
use visavis_scenarios::{Client, DeviceId, World};
use visavis_signal::{CallType, MediaState, SessionId, UserId, capability};

use super::{FOREIGN, USERS, devices};

/// Two devices that are connected in a call.
struct Pair<'a> {
    world: &'a World,
    session: &'a Session,
    here: DeviceId,
    there: DeviceId,
    me: UserId,
    peer: &'a Peer,
}

/// Whoever is connected with somebody, that one is connected with him, and media flows between
/// them.
pub(crate) fn check(world: &World) {
    for pair in pairs(world) {
        pair.check_connected();
        pair.check_address();
        pair.check_hold();
    }
}

/// Where nothing ever went wrong, everybody knows everything.
pub(crate) fn check_calm(world: &World) {
    for pair in pairs(world) {
        pair.check_what_he_sends();
    }
    check_one_device_each(world);
    check_everybody_with_everybody(world);
}

fn pairs(world: &World) -> Vec<Pair<'_>> {
    let mut pairs = Vec::new();
    for here in devices(world) {
        let me = world.device(here).user;
        for session in sessions(world, here) {
            for peer in connected(session) {
                let there = world.talks_to(here, session.id(), peer.user());
                let there = there.unwrap_or_else(|| {
                    panic!("{me} hears nothing of {} in {session:?}", peer.user())
                });
                pairs.push(Pair {
                    world,
                    session,
                    here,
                    there,
                    me,
                    peer,
                });
            }
        }
    }
    pairs
}

/// The calls of a device that one of our own began. A browser that is accepted on two devices of a
/// user turns none of them away.
fn own_calls(world: &World, device: DeviceId) -> impl Iterator<Item = &Session> {
    sessions(world, device).filter(|session| session.initiator() != USERS[FOREIGN])
}

fn sessions(world: &World, device: DeviceId) -> impl Iterator<Item = &Session> {
    let core = world.device(device).client.core();
    core.into_iter().flat_map(visavis_call::Core::sessions)
}

fn connected(session: &Session) -> impl Iterator<Item = &Peer> {
    let peers = session.peers();
    peers.filter(|peer| peer.state() == PeerState::Connected)
}

impl Pair<'_> {
    /// The same call on the other device, if that has our own client.
    fn theirs(&self) -> Option<&Session> {
        let core = self.world.device(self.there).client.core()?;
        core.session(self.session.id())
    }

    fn check_connected(&self) {
        let there = self.world.device(self.there);
        assert_eq!(there.user, self.peer.user());
        let knows = match &there.client {
            Client::Ours(_) => self
                .theirs()
                .is_some_and(|theirs| theirs.peer_state(self.me) == PeerState::Connected),
            Client::Foreign(foreign) => foreign.is_connected(self.session.id(), self.me),
        };
        assert!(knows, "{} does not know {}", self.peer.user(), self.me);
    }

    /// What we say reaches the device that we talk to, if not all devices of its user.
    fn check_address(&self) {
        let address = self.peer.address();
        let reached = self.world.reached(address);
        let ours = self.world.device(self.there).client.core().is_some();
        if ours && address.resource.is_some() {
            assert_eq!(
                reached,
                Some(self.there),
                "{} is somewhere else",
                address.user
            );
        }
    }

    fn check_hold(&self) {
        let held = self
            .world
            .is_held(self.here, self.session.id(), self.peer.user());
        assert_eq!(
            held,
            self.session.media().held,
            "{:?} is held",
            self.session
        );
    }

    fn check_what_he_sends(&self) {
        let Some(theirs) = self.theirs() else { return };
        assert_eq!(
            self.session.call_type(),
            theirs.call_type(),
            "the type of the call"
        );
        let assumed = MediaState {
            audio: true,
            video: theirs.call_type() == CallType::Video,
            held: false,
        };
        let known = self.peer.media().unwrap_or(assumed);
        assert_eq!(
            known,
            theirs.media(),
            "{} sends something else",
            self.peer.user()
        );
    }
}

/// Of the devices of a user one is in a call.
fn check_one_device_each(world: &World) {
    let mut seen: BTreeMap<(UserId, &SessionId), DeviceId> = BTreeMap::new();
    for here in devices(world) {
        let user = world.device(here).user;
        for session in own_calls(world, here).filter(|session| session.is_engaged()) {
            let before = seen.insert((user, session.id()), here);
            assert_eq!(
                before,
                None,
                "two devices of {user} are in {}",
                session.id()
            );
        }
    }
}

/// Who is connected with the same one is connected with each other, if all have our own client. But
/// of a user whose devices decide differently at the same moment some hear the one, and some the
/// other.
fn check_everybody_with_everybody(world: &World) {
    for here in devices(world) {
        let me = world.device(here).user;
        for session in own_calls(world, here) {
            let ours = |peer: &&Peer| peer.can(capability::PARTICIPANTS);
            let others: Vec<_> = connected(session).filter(ours).collect();
            for (at, one) in others.iter().enumerate() {
                for other in &others[at + 1..] {
                    let [there, back] = [(one, other), (other, one)].map(|(one, other)| {
                        let there = world.talks_to(here, session.id(), one.user())?;
                        let core = world.device(there).client.core()?;
                        Some(core.session(session.id())?.peer_state(other.user()))
                    });
                    let rejected = [there, back].contains(&Some(PeerState::Rejected));
                    assert!(
                        rejected || there == Some(PeerState::Connected),
                        "{me} is connected with {} and {}, who are {there:?} and {back:?}, in {session:?}",
                        one.user(),
                        other.user()
                    );
                }
            }
        }
    }
}

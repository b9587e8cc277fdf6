//! Who is in a call, as each device sees it.

use visavis_call::{PeerState, Session};
use visavis_scenarios::{Client, DeviceId, World};
use visavis_signal::UserId;

use super::devices;

/// Whoever is connected with somebody, that one is connected with him, and media flows between
/// them.
pub(crate) fn check(world: &World) {
    for id in devices(world) {
        let device = world.device(id);
        for session in device.client.core().into_iter().flat_map(visavis_call::Core::sessions) {
            for user in connected(session) {
                check_pair(world, id, session, user);
            }
        }
    }
}

fn connected(session: &Session) -> impl Iterator<Item = UserId> {
    let peers = session.peers();
    let connected = peers.filter(|peer| peer.state() == PeerState::Connected);
    connected.map(visavis_call::Peer::user)
}

fn check_pair(world: &World, id: DeviceId, session: &Session, user: UserId) {
    let me = world.device(id).user;
    let other = world.talks_to(id, session.id(), user);
    let other = other.unwrap_or_else(|| panic!("{me} hears nothing of {user} in {session:?}"));
    let there = world.device(other);
    assert_eq!(there.user, user);
    let knows = match &there.client {
        Client::Ours(core) => core
            .session(session.id())
            .is_some_and(|session| session.peer_state(me) == PeerState::Connected),
        Client::Foreign(foreign) => foreign.is_connected(session.id(), me),
    };
    assert!(knows, "{user} does not know that {me} is connected");
    if let Some(address) = session.peer(user).map(visavis_call::Peer::address)
        && address.resource.is_some()
    {
        let reached = world.reached(address);
        assert!(
            reached.is_none_or(|reached| reached == other),
            "{me} talks to one device of {user} and writes to another"
        );
    }
}

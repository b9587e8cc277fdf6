//! What must hold of everything that a core says, whatever happens to it.
//!
//! An observer follows the calls of one device by the outputs of its core alone, and panics at the
//! first one that is not allowed: a state that the tables do not let follow, an event in a state
//! that it does not belong to, a command for a connection that is not there.

use std::collections::{BTreeMap, BTreeSet};

use visavis_call::{Core, Event, PeerState, SessionState, TransportCommand};
use visavis_signal::{SessionId, UserId};

use crate::client::Outcome;

/// Follows the calls of one device.
#[derive(Debug)]
pub struct Observer {
    me: UserId,
    sessions: BTreeMap<SessionId, Seen>,
    /// What has to come next.
    due: Option<Due>,
    /// Which ways of the table of sessions were taken.
    pub session_ways: BTreeSet<(SessionState, SessionState)>,
    /// Which ways of the table of peers were taken.
    pub peer_ways: BTreeSet<(PeerState, PeerState)>,
    /// Which events came.
    pub events: BTreeSet<&'static str>,
}

#[derive(Debug)]
struct Seen {
    state: SessionState,
    peers: BTreeMap<UserId, SeenPeer>,
    closed: bool,
}

#[derive(Debug)]
struct SeenPeer {
    state: PeerState,
    connection: Connection,
    connection_closed: bool,
    was_connected: bool,
    repairing: bool,
}

/// A state whose event has to follow.
#[derive(Debug)]
struct Due {
    session: SessionId,
    user: UserId,
    state: PeerState,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Connection {
    None,
    Open,
    Described,
    Closed,
}

impl SeenPeer {
    const fn new(state: PeerState) -> Self {
        Self {
            state,
            connection: Connection::None,
            connection_closed: false,
            was_connected: false,
            repairing: false,
        }
    }
}

impl Seen {
    fn new(state: SessionState, peers: impl IntoIterator<Item = (UserId, PeerState)>) -> Self {
        let peers = peers
            .into_iter()
            .map(|(user, state)| (user, SeenPeer::new(state)))
            .collect();
        Self {
            state,
            peers,
            closed: false,
        }
    }

    fn is_taken(&self) -> bool {
        matches!(
            self.state,
            SessionState::Connecting | SessionState::Connected
        )
    }
}

impl Observer {
    /// An observer of a device of this user.
    pub const fn new(me: UserId) -> Self {
        Self {
            me,
            sessions: BTreeMap::new(),
            due: None,
            session_ways: BTreeSet::new(),
            peer_ways: BTreeSet::new(),
            events: BTreeSet::new(),
        }
    }

    /// The calls that are over.
    pub fn closed(&self) -> impl Iterator<Item = &SessionId> {
        let closed = self.sessions.iter().filter(|(_, seen)| seen.closed);
        closed.map(|(id, _)| id)
    }

    /// Whether every call is over.
    pub fn all_closed(&self) -> bool {
        self.sessions.values().all(|seen| seen.closed)
    }

    /// The device was switched off and on: its calls are no more.
    pub fn restart(&mut self) {
        self.sessions.clear();
        self.due = None;
    }

    /// The app created a call.
    pub fn created(&mut self, session: SessionId, opponents: &[UserId]) {
        let peers = opponents.iter().map(|user| (*user, PeerState::New));
        let seen = Seen::new(SessionState::New, peers);
        let before = self.sessions.insert(session, seen);
        assert!(before.is_none(), "an id was used twice");
    }

    /// The core said something.
    pub fn observe(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Event(event) => self.event(event),
            Outcome::Transport {
                session,
                peer,
                command,
            } => self.transport(session, *peer, command),
            Outcome::Send { to, .. } => assert_ne!(to.user, self.me, "a signal to ourselves"),
            Outcome::Callback(_) => {}
        }
    }

    /// What the core says of itself is what it told.
    pub fn compare(&self, core: &Core) {
        assert!(self.due.is_none(), "an event is missing: {:?}", self.due);
        let open = self.sessions.iter().filter(|(_, seen)| !seen.closed);
        let mut count = 0;
        for (id, seen) in open {
            count += 1;
            let session = core.session(id).expect("a session vanished");
            assert_eq!(session.state(), seen.state);
            for (user, peer) in &seen.peers {
                assert_eq!(session.peer_state(*user), peer.state);
            }
        }
        assert_eq!(
            core.sessions().count(),
            count,
            "a session nobody was told of"
        );
    }

    /// A call that came in, and rings or was taken at once.
    fn incoming(&mut self, session: &SessionId, caller: UserId, opponents: &[UserId]) {
        let me = self.me;
        let fellows = opponents.iter().filter(|user| **user != me).map(|user| {
            let state = if *user > me {
                PeerState::Wait
            } else {
                PeerState::New
            };
            (*user, state)
        });
        let peers = fellows.chain([(caller, PeerState::Pending)]);
        let seen = Seen::new(SessionState::Pending, peers);
        let before = self.sessions.insert(session.clone(), seen);
        assert!(before.is_none_or(|before| before.closed), "it rang twice");
    }

    fn event(&mut self, event: &Event) {
        self.events.insert(name(event));
        self.pay_due(event);
        match event {
            Event::NewSession {
                session,
                caller,
                opponents,
                ..
            } => return self.incoming(session, *caller, opponents),
            Event::Replaced { session, by } => {
                let caller = self.sessions[session].peers.keys().next().copied();
                let caller = caller.expect("a call to somebody");
                let rings = self.sessions.get(by).is_some_and(|seen| !seen.closed);
                if !rings {
                    self.incoming(by, caller, &[self.me]);
                }
            }
            Event::Busy { session, .. } => {
                let known = self.sessions.get(session).is_some_and(|seen| !seen.closed);
                assert!(!known, "a session was rejected unasked");
                return;
            }
            _ => {}
        }
        let me = self.me;
        let seen = self
            .sessions
            .get_mut(event.session())
            .expect("an event of no session");
        assert!(!seen.closed, "an event after the last one: {event:?}");
        match event {
            Event::StateChanged { state, .. } => {
                let before = std::mem::replace(&mut seen.state, *state);
                assert!(before.may_become(*state), "{before} became {state}");
                self.session_ways.insert((before, *state));
            }
            Event::PeerStateChanged {
                session,
                user,
                state,
            } => {
                let way = seen.change(*user, *state);
                self.peer_ways.insert(way);
                let companion = seen.companion(*state);
                self.due = companion.then(|| Due {
                    session: session.clone(),
                    user: *user,
                    state: *state,
                });
            }
            // With one who cannot let us in there is nothing at all.
            Event::ParticipantUnreachable { user, other, .. } if *other == me => {
                seen.peers.remove(user);
            }
            Event::ParticipantUnreachable { .. } => assert!(seen.is_taken()),
            other => seen.check(other),
        }
    }

    /// Some states are always told together with an event of their own.
    fn pay_due(&mut self, event: &Event) {
        let Some(due) = &self.due else { return };
        if event.session() == &due.session
            && matches!(
                event,
                Event::StateChanged {
                    state: SessionState::Connected,
                    ..
                }
            )
            && due.state == PeerState::Connected
        {
            return;
        }
        let paid = match due.state {
            PeerState::New | PeerState::Wait => matches!(event, Event::ParticipantAdded { .. }),
            PeerState::Connecting => matches!(event, Event::StartConnect { .. }),
            PeerState::Connected => matches!(event, Event::Connected { .. }),
            PeerState::Disconnected => matches!(event, Event::Disconnected { .. }),
            PeerState::Failed => matches!(event, Event::ConnectionFailed { .. }),
            PeerState::DisconnectTimeout => matches!(event, Event::DisconnectTimeout { .. }),
            PeerState::Rejected => matches!(event, Event::Rejected { .. }),
            PeerState::Error => matches!(event, Event::DescriptionRejected { .. }),
            PeerState::HungUp => {
                matches!(
                    event,
                    Event::HungUp { .. } | Event::AcceptedElsewhere { .. }
                )
            }
            _ => true,
        };
        let of_him = event.user().is_none_or(|user| user == due.user);
        assert!(
            paid && of_him && event.session() == &due.session,
            "{event:?} after {due:?}"
        );
        self.due = None;
    }

    fn transport(&mut self, session: &SessionId, peer: UserId, command: &TransportCommand) {
        assert!(self.due.is_none(), "{command:?} before {:?}", self.due);
        let seen = self.sessions.get_mut(session).expect("a known session");
        let connection = &mut seen.peers.get_mut(&peer).expect("a known peer").connection;
        let now = *connection;
        let is_open = now == Connection::Open || now == Connection::Described;
        let (allowed, next) = match command {
            TransportCommand::Open { .. } => (now == Connection::None, Connection::Open),
            TransportCommand::Reopen { .. } => (now != Connection::Closed, Connection::Open),
            TransportCommand::SetHeld(_) => (is_open, now),
            TransportCommand::CreateOffer => (now == Connection::Open, now),
            TransportCommand::Renegotiate { .. }
            | TransportCommand::AddCandidates(_)
            | TransportCommand::CreateAnswer => (now == Connection::Described, now),
            TransportCommand::ApplyOffer(_) | TransportCommand::ApplyAnswer(_) => {
                (is_open, Connection::Described)
            }
            TransportCommand::Close => (is_open, Connection::Closed),
        };
        assert!(allowed, "{command:?} while {now:?}");
        *connection = next;
    }
}

impl Seen {
    fn change(&mut self, user: UserId, state: PeerState) -> (PeerState, PeerState) {
        let peer = self.peers.get_mut(&user);
        let before = peer.as_ref().map_or(PeerState::Unknown, |peer| peer.state);
        assert!(
            before.may_become(state),
            "{user} went from {before} to {state}"
        );
        match peer {
            Some(peer) if before.is_live() => {
                peer.state = state;
                peer.was_connected |= state == PeerState::Connected;
            }
            // Called into the call, for the first time or once more.
            _ => {
                self.peers.insert(user, SeenPeer::new(state));
            }
        }
        (before, state)
    }

    /// Whether an event of its own has to follow a state.
    const fn companion(&self, state: PeerState) -> bool {
        !matches!(
            state,
            PeerState::Unknown
                | PeerState::Pending
                | PeerState::Checking
                | PeerState::Closed
                | PeerState::NotAnswered
        )
    }

    /// Whether an event may come in the state that there is.
    fn check(&mut self, event: &Event) {
        let user = event.user();
        let state = user
            .and_then(|user| self.peers.get(&user))
            .map_or(PeerState::Unknown, |peer| peer.state);
        let taken = self.is_taken();
        let legal = match event {
            Event::Accepted { .. } => taken && state == PeerState::Pending,
            Event::Ringing { .. } => state == PeerState::Pending,
            Event::Rejected { .. } => state == PeerState::Rejected,
            Event::HungUp { .. } => state == PeerState::HungUp,
            Event::NotAnswered { .. } => state == PeerState::NotAnswered,
            Event::DescriptionRejected { .. } => state == PeerState::Error,
            Event::StartConnect { .. } => state == PeerState::Connecting,
            Event::Connected { .. } => {
                state == PeerState::Connected && self.state == SessionState::Connected
            }
            Event::ConnectionFailed { .. } => state == PeerState::Failed,
            Event::Disconnected { .. } => state == PeerState::Disconnected,
            Event::DisconnectTimeout { .. } => state == PeerState::DisconnectTimeout,
            Event::ParticipantAdded { .. } => {
                taken && matches!(state, PeerState::New | PeerState::Wait)
            }
            Event::AddRefused { .. } => taken,
            Event::UpgradeRequested { .. }
            | Event::MediaChanged { .. }
            | Event::Held { .. }
            | Event::Resumed { .. } => state.is_negotiated(),
            Event::Updated { .. } => state.is_live(),
            Event::Reconnecting { .. } => state.is_lost() && self.repair(user, true),
            Event::Reconnected { .. } => state == PeerState::Connected && self.repair(user, false),
            Event::NoActions { .. } | Event::RejectedElsewhere { .. } => {
                self.state == SessionState::Pending
            }
            Event::AcceptedElsewhere { .. } | Event::Replaced { .. } => self.state.is_open(),
            Event::ConnectionClosed { .. } => !state.is_live() && self.close_connection(user),
            Event::StartClose { .. } => {
                self.state == SessionState::GoingToClose && self.nobody_is_left()
            }
            Event::Closed { .. } => {
                self.closed = true;
                self.state == SessionState::Closed && self.nothing_is_open()
            }
            Event::SignalFailed { .. } => true,
            Event::NewSession { .. }
            | Event::Busy { .. }
            | Event::StateChanged { .. }
            | Event::PeerStateChanged { .. }
            | Event::ParticipantUnreachable { .. } => unreachable!("looked at before"),
        };
        assert!(legal, "{event:?} while {state} in {}", self.state);
    }

    /// A repair begins, or succeeds: they take turns, and only what was connected is repaired.
    fn repair(&mut self, user: Option<UserId>, begins: bool) -> bool {
        let peer = user.and_then(|user| self.peers.get_mut(&user));
        peer.is_some_and(|peer| {
            let before = std::mem::replace(&mut peer.repairing, begins);
            before != begins && peer.was_connected
        })
    }

    fn close_connection(&mut self, user: Option<UserId>) -> bool {
        let peer = user.and_then(|user| self.peers.get_mut(&user));
        peer.is_some_and(|peer| {
            let before = std::mem::replace(&mut peer.connection_closed, true);
            !before && peer.connection != Connection::None
        })
    }

    fn nobody_is_left(&self) -> bool {
        self.peers.values().all(|peer| !peer.state.is_live())
    }

    fn nothing_is_open(&self) -> bool {
        self.peers
            .values()
            .all(|peer| peer.connection_closed || peer.connection == Connection::None)
    }
}

/// All ways of a table of states.
pub fn ways<S: Copy + Ord + 'static>(
    states: &[S],
    successors: impl Fn(S) -> &'static [S],
) -> BTreeSet<(S, S)> {
    let ways = states
        .iter()
        .flat_map(|from| successors(*from).iter().map(|to| (*from, *to)));
    ways.collect()
}

/// The name of an event.
pub fn name(event: &Event) -> &'static str {
    match event {
        Event::NewSession { .. } => "NewSession",
        Event::Accepted { .. } => "Accepted",
        Event::Rejected { .. } => "Rejected",
        Event::HungUp { .. } => "HungUp",
        Event::Ringing { .. } => "Ringing",
        Event::Replaced { .. } => "Replaced",
        Event::NotAnswered { .. } => "NotAnswered",
        Event::NoActions { .. } => "NoActions",
        Event::AcceptedElsewhere { .. } => "AcceptedElsewhere",
        Event::RejectedElsewhere { .. } => "RejectedElsewhere",
        Event::Updated { .. } => "Updated",
        Event::Busy { .. } => "Busy",
        Event::DescriptionRejected { .. } => "DescriptionRejected",
        Event::SignalFailed { .. } => "SignalFailed",
        Event::StartClose { .. } => "StartClose",
        Event::Closed { .. } => "Closed",
        Event::MediaChanged { .. } => "MediaChanged",
        Event::Held { .. } => "Held",
        Event::Resumed { .. } => "Resumed",
        Event::UpgradeRequested { .. } => "UpgradeRequested",
        Event::ParticipantAdded { .. } => "ParticipantAdded",
        Event::ParticipantUnreachable { .. } => "ParticipantUnreachable",
        Event::AddRefused { .. } => "AddRefused",
        Event::StateChanged { .. } => "StateChanged",
        Event::PeerStateChanged { .. } => "PeerStateChanged",
        Event::StartConnect { .. } => "StartConnect",
        Event::Connected { .. } => "Connected",
        Event::ConnectionFailed { .. } => "ConnectionFailed",
        Event::Disconnected { .. } => "Disconnected",
        Event::Reconnecting { .. } => "Reconnecting",
        Event::Reconnected { .. } => "Reconnected",
        Event::DisconnectTimeout { .. } => "DisconnectTimeout",
        Event::ConnectionClosed { .. } => "ConnectionClosed",
    }
}

/// The names of all events.
pub const EVENTS: [&str; 33] = [
    "NewSession",
    "Accepted",
    "Rejected",
    "HungUp",
    "Ringing",
    "Replaced",
    "NotAnswered",
    "NoActions",
    "AcceptedElsewhere",
    "RejectedElsewhere",
    "Updated",
    "Busy",
    "DescriptionRejected",
    "SignalFailed",
    "StartClose",
    "Closed",
    "MediaChanged",
    "Held",
    "Resumed",
    "UpgradeRequested",
    "ParticipantAdded",
    "ParticipantUnreachable",
    "AddRefused",
    "StateChanged",
    "PeerStateChanged",
    "StartConnect",
    "Connected",
    "ConnectionFailed",
    "Disconnected",
    "Reconnecting",
    "Reconnected",
    "DisconnectTimeout",
    "ConnectionClosed",
];

//! Whatever users, chat and network do, and in whatever order: every call ends once and for all.
//!
//! Four devices of three users issue random commands, over a chat that loses, repeats, delays and
//! reorders, with connections that report anything at any time, while a stranger talks into it.
//! `VISAVIS_SCHEDULES` says how many such schedules are tried (256 by default).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{
    ALICE, BOB, CAROL, MALLORY, accept, call, candidate, id, info, millis, secs, signal,
};
use proptest::prelude::*;
use visavis_call::{
    Address, CallConfig, Command, Core, DescriptionFault, Event, Input, Output, PeerState,
    SessionState, Time, TransportCommand, TransportEvent,
};
use visavis_signal::{Body, CallType, SessionId, Signal, Update, UserId, UserInfo};

const DEVICES: [(UserId, &str); 4] = [
    (ALICE, "phone"),
    (BOB, "phone"),
    (BOB, "laptop"),
    (CAROL, "phone"),
];
const USERS: [UserId; 3] = [ALICE, BOB, CAROL];
const SESSIONS: u8 = 4;

/// Below the ten minutes after which a closed session is forgotten.
const LONGEST_SCHEDULE: Duration = secs(500);

// ── What may happen ─────────────────────────────────────────────────────────

#[derive(Clone, Debug)]
enum Act {
    Command {
        device: usize,
        command: Command,
    },
    /// A connection reports what it should, though not always in order.
    React {
        device: usize,
        pick: usize,
    },
    /// A connection reports anything.
    Report {
        device: usize,
        session: SessionId,
        peer: UserId,
        event: TransportEvent,
    },
    Deliver {
        pick: usize,
    },
    Repeat {
        pick: usize,
    },
    Lose {
        pick: usize,
    },
    Chat {
        device: usize,
        up: bool,
    },
    Forge {
        device: usize,
        signal: Signal,
    },
    Wait(Duration),
}

fn a_device() -> impl Strategy<Value = usize> {
    0..DEVICES.len()
}

fn a_session() -> impl Strategy<Value = SessionId> {
    (1..=SESSIONS).prop_map(id)
}

fn a_user() -> impl Strategy<Value = UserId> {
    proptest::sample::select(&USERS)
}

fn a_command() -> impl Strategy<Value = Command> {
    let opponents = proptest::sample::subsequence(USERS.to_vec(), 1..=2);
    let create = (a_session(), opponents).prop_map(|(session, opponents)| Command::Create {
        session,
        opponents,
        call_type: CallType::Video,
    });
    let on_session = |make: fn(SessionId, UserInfo) -> Command| {
        a_session().prop_map(move |session| make(session, info(&[("a", "b")])))
    };
    prop_oneof![
        6 => create,
        6 => on_session(|session, user_info| Command::Start { session, user_info }),
        6 => on_session(|session, user_info| Command::Accept { session, user_info }),
        1 => on_session(|session, user_info| Command::Reject { session, user_info }),
        1 => on_session(|session, user_info| Command::HangUp { session, user_info }),
        1 => on_session(|session, user_info| Command::Update { session, to: None, user_info }),
        1 => Just(Command::Destroy),
        1 => Just(Command::StartProcessing),
    ]
}

fn an_event() -> impl Strategy<Value = TransportEvent> {
    prop_oneof![
        Just(TransportEvent::LocalOffer("another offer".into())),
        Just(TransportEvent::LocalAnswer("another answer".into())),
        Just(TransportEvent::LocalCandidates(vec![candidate("another")])),
        Just(TransportEvent::Checking),
        Just(TransportEvent::Connected),
        Just(TransportEvent::Disconnected),
        Just(TransportEvent::Failed),
        Just(TransportEvent::Closed),
        Just(TransportEvent::DescriptionRejected(
            DescriptionFault::NoMedia
        )),
    ]
}

/// What Mallory says: anything, in anybody's name but his own.
fn a_forgery() -> impl Strategy<Value = Signal> {
    let body = prop_oneof![
        Just(call("evil")),
        Just(accept("evil")),
        Just(Body::Reject),
        Just(Body::HangUp),
        Just(Body::IceCandidates(vec![candidate("evil")])),
        Just(Body::Update(Update::default())),
    ];
    (a_session(), a_user(), a_user(), body).prop_map(|(session, caller, callee, body)| Signal {
        user_info: info(&[("evil", "yes")]),
        ..signal(&session, caller, &[callee], body)
    })
}

fn an_act() -> impl Strategy<Value = Act> {
    let pick = || any::<usize>();
    prop_oneof![
        10 => (a_device(), a_command()).prop_map(|(device, command)| Act::Command { device, command }),
        12 => (a_device(), pick()).prop_map(|(device, pick)| Act::React { device, pick }),
        3 => (a_device(), a_session(), a_user(), an_event())
            .prop_map(|(device, session, peer, event)| Act::Report { device, session, peer, event }),
        12 => pick().prop_map(|pick| Act::Deliver { pick }),
        1 => pick().prop_map(|pick| Act::Repeat { pick }),
        1 => pick().prop_map(|pick| Act::Lose { pick }),
        1 => (a_device(), any::<bool>()).prop_map(|(device, up)| Act::Chat { device, up }),
        1 => (a_device(), a_forgery()).prop_map(|(device, signal)| Act::Forge { device, signal }),
        4 => (0..2_000_u64).prop_map(|span| Act::Wait(millis(span))),
        2 => (0..40_u64).prop_map(|span| Act::Wait(secs(span))),
    ]
}

// ── The world they happen in ────────────────────────────────────────────────

struct Device {
    address: Address,
    core: Core,
    observer: Observer,
    /// What its connections still have to report.
    reactions: Vec<Input>,
    recording: Vec<(Time, Fed)>,
    outputs: Vec<Output>,
}

#[derive(Clone)]
enum Fed {
    Command(Command),
    Input(Input),
}

struct World {
    now: Time,
    devices: Vec<Device>,
    /// Signals under way, each to one device.
    under_way: Vec<(usize, Input)>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: Time::ORIGIN,
            devices: DEVICES.map(Device::new).into(),
            under_way: Vec::new(),
        };
        for device in 0..DEVICES.len() {
            world.command(device, Command::StartProcessing);
        }
        world
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Command { device, command } => self.command(device, command),
            Act::React { device, pick } => {
                if let Some(input) = take(&mut self.devices[device].reactions, pick) {
                    self.handle(device, input);
                }
            }
            Act::Report {
                device,
                session,
                peer,
                event,
            } => {
                self.handle(
                    device,
                    Input::Transport {
                        session,
                        peer,
                        event,
                    },
                );
            }
            Act::Deliver { pick } => {
                if let Some((device, input)) = take(&mut self.under_way, pick) {
                    self.handle(device, input);
                }
            }
            Act::Repeat { pick } => {
                if let Some(again) = take(&mut self.under_way, pick) {
                    self.under_way.push(again.clone());
                    self.under_way.push(again);
                }
            }
            Act::Lose { pick } => drop(take(&mut self.under_way, pick)),
            Act::Chat { device, up } => self.handle(
                device,
                if up {
                    Input::ChatRestored
                } else {
                    Input::ChatLost
                },
            ),
            Act::Forge { device, signal } => {
                let from = Address::device(MALLORY, "x");
                let before = self.devices[device].outputs.len();
                self.handle(device, Input::Signal { from, signal });
                assert_eq!(
                    self.devices[device].outputs.len(),
                    before,
                    "a stranger was heard"
                );
            }
            Act::Wait(span) => {
                self.run_until((self.now + span).min(Time::since_origin(LONGEST_SCHEDULE)))
            }
        }
    }

    fn command(&mut self, device: usize, command: Command) {
        let Device {
            core,
            observer,
            recording,
            ..
        } = &mut self.devices[device];
        recording.push((self.now, Fed::Command(command.clone())));
        let Ok(outputs) = core.command(self.now, command.clone()) else {
            return;
        };
        let outputs: Vec<_> = outputs.collect();
        if let Command::Create {
            session, opponents, ..
        } = command
        {
            observer.created(session, &opponents);
        }
        self.carry_out(device, outputs);
    }

    fn handle(&mut self, device: usize, input: Input) {
        let Device {
            core, recording, ..
        } = &mut self.devices[device];
        recording.push((self.now, Fed::Input(input.clone())));
        let outputs: Vec<_> = core.handle(self.now, input).collect();
        self.carry_out(device, outputs);
    }

    fn carry_out(&mut self, index: usize, outputs: Vec<Output>) {
        let device = &mut self.devices[index];
        for output in &outputs {
            device.observer.observe(output);
            match output {
                Output::Send { to, signal } => {
                    assert_ne!(to.user, device.address.user, "a signal to ourselves");
                    let input = Input::Signal {
                        from: device.address.clone(),
                        signal: signal.clone(),
                    };
                    let receivers = (0..DEVICES.len()).filter(|other| {
                        let (user, resource) = DEVICES[*other];
                        let copy = user == device.address.user && *other != index;
                        copy || user == to.user
                            && to
                                .resource
                                .as_deref()
                                .is_none_or(|wanted| wanted == resource)
                    });
                    self.under_way
                        .extend(receivers.map(|receiver| (receiver, input.clone())));
                }
                Output::Transport {
                    session,
                    peer,
                    command,
                } => {
                    let reactions = reactions_to(command).into_iter();
                    device
                        .reactions
                        .extend(reactions.map(|event| Input::Transport {
                            session: session.clone(),
                            peer: *peer,
                            event,
                        }));
                }
                _ => {}
            }
        }
        device.outputs.extend(outputs);
        device.observer.compare(&device.core);
    }

    fn run_until(&mut self, end: Time) {
        while let Some(next) = self.next_timeout().filter(|next| *next <= end) {
            self.expire(next);
        }
        self.now = self.now.max(end);
    }

    fn next_timeout(&self) -> Option<Time> {
        self.devices
            .iter()
            .filter_map(|device| device.core.next_timeout())
            .min()
    }

    fn expire(&mut self, next: Time) {
        self.now = self.now.max(next);
        for device in 0..self.devices.len() {
            self.handle(device, Input::Timeout);
            let later = self.devices[device]
                .core
                .next_timeout()
                .is_none_or(|again| again > self.now);
            assert!(later, "a timeout that is not served");
        }
    }

    /// Lets time pass until nobody waits for it. Signals arrive at once, connections are dead.
    fn run_out(&mut self) {
        for _ in 0..10_000 {
            if !self.under_way.is_empty() {
                let (device, input) = self.under_way.remove(0);
                self.handle(device, input);
            } else if let Some(next) = self.next_timeout() {
                self.expire(next);
            } else {
                return;
            }
        }
        panic!("this never ends");
    }
}

impl Device {
    fn new((user, resource): (UserId, &str)) -> Self {
        Self {
            address: Address::device(user, resource),
            core: core(user, resource),
            observer: Observer::default(),
            reactions: Vec::new(),
            recording: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn replay(&self) -> Vec<Output> {
        let mut core = core(self.address.user, self.address.resource.as_deref().unwrap());
        let mut outputs = Vec::new();
        for (now, fed) in self.recording.clone() {
            match fed {
                Fed::Command(command) => {
                    outputs.extend(core.command(now, command).into_iter().flatten())
                }
                Fed::Input(input) => outputs.extend(core.handle(now, input)),
            }
        }
        outputs
    }
}

/// The devices differ in their patience, and the laptop rejects when it is busy.
fn core(user: UserId, resource: &str) -> Core {
    let config = CallConfig {
        answer_interval: secs(10 + u64::from(user.0 - ALICE.0) * 10),
        auto_reject: resource == "laptop",
        incoming_limit: 2,
        ..CallConfig::default()
    };
    Core::new(user, config).unwrap()
}

fn reactions_to(command: &TransportCommand) -> Vec<TransportEvent> {
    match command {
        TransportCommand::Open { .. } => {
            vec![TransportEvent::LocalCandidates(vec![candidate("a")])]
        }
        TransportCommand::CreateOffer => vec![TransportEvent::LocalOffer("offer".into())],
        TransportCommand::CreateAnswer => {
            vec![
                TransportEvent::LocalAnswer("answer".into()),
                TransportEvent::Checking,
                TransportEvent::Connected,
            ]
        }
        TransportCommand::ApplyAnswer(_) => {
            vec![TransportEvent::Checking, TransportEvent::Connected]
        }
        TransportCommand::Close => vec![TransportEvent::Closed],
        _ => vec![],
    }
}

fn take<T>(from: &mut Vec<T>, pick: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.remove(pick % from.len()))
}

// ── What must hold ──────────────────────────────────────────────────────────

/// Follows the sessions of one device by what the core says of them.
#[derive(Default)]
struct Observer {
    sessions: BTreeMap<SessionId, Seen>,
}

struct Seen {
    state: SessionState,
    peers: BTreeMap<UserId, SeenPeer>,
    closed: bool,
}

struct SeenPeer {
    state: PeerState,
    connection: Connection,
    connection_closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Connection {
    None,
    Open,
    Described,
    Closed,
}

impl Seen {
    fn new(state: SessionState, peers: impl IntoIterator<Item = (UserId, PeerState)>) -> Self {
        let peer = |state| SeenPeer {
            state,
            connection: Connection::None,
            connection_closed: false,
        };
        let peers = peers
            .into_iter()
            .map(|(user, state)| (user, peer(state)))
            .collect();
        Self {
            state,
            peers,
            closed: false,
        }
    }
}

impl Observer {
    fn created(&mut self, session: SessionId, opponents: &[UserId]) {
        let peers = opponents.iter().map(|user| (*user, PeerState::New));
        let before = self
            .sessions
            .insert(session, Seen::new(SessionState::New, peers));
        assert!(before.is_none(), "an id was used twice");
    }

    fn observe(&mut self, output: &Output) {
        match output {
            Output::Event(event) => self.event(event),
            Output::Transport {
                session,
                peer,
                command,
            } => self.transport(session, *peer, command),
            _ => {}
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::NewSession {
                session, caller, ..
            } => {
                let new = Seen::new(SessionState::Pending, [(*caller, PeerState::Pending)]);
                assert!(
                    self.sessions.insert(session.clone(), new).is_none(),
                    "it rang twice"
                );
                return;
            }
            Event::Busy { session, .. } => {
                assert!(
                    !self.sessions.contains_key(session),
                    "a session was rejected unasked"
                );
                return;
            }
            _ => {}
        }
        let seen = self
            .sessions
            .get_mut(event.session())
            .expect("an event of no session");
        assert!(!seen.closed, "an event after the last one: {event:?}");
        match event {
            Event::StateChanged { state, .. } => {
                assert!(
                    seen.state.may_become(*state),
                    "{} became {state}",
                    seen.state
                );
                seen.state = *state;
            }
            Event::PeerStateChanged { user, state, .. } => {
                let peer = seen.peers.get_mut(user).expect("a state of nobody");
                assert!(
                    peer.state.may_become(*state),
                    "{} became {state}",
                    peer.state
                );
                peer.state = *state;
            }
            Event::ConnectionClosed { user, .. } => {
                let peer = seen.peers.get_mut(user).expect("a connection to nobody");
                assert_ne!(peer.connection, Connection::None);
                assert!(!peer.connection_closed, "a connection was closed twice");
                peer.connection_closed = true;
            }
            Event::StartClose { .. } => {
                assert_eq!(seen.state, SessionState::GoingToClose);
                assert!(seen.peers.values().all(|peer| !peer.state.is_live()));
            }
            Event::Closed { .. } => {
                assert_eq!(seen.state, SessionState::Closed);
                let settled =
                    |peer: &SeenPeer| peer.connection_closed || peer.connection == Connection::None;
                assert!(
                    seen.peers.values().all(settled),
                    "a connection was left open"
                );
                seen.closed = true;
            }
            _ => {}
        }
    }

    fn transport(&mut self, session: &SessionId, peer: UserId, command: &TransportCommand) {
        let connection = &mut self
            .sessions
            .get_mut(session)
            .unwrap()
            .peers
            .get_mut(&peer)
            .unwrap()
            .connection;
        let (allowed, next) = match (command, *connection) {
            (TransportCommand::Open { .. }, now) => (now == Connection::None, Connection::Open),
            (TransportCommand::CreateOffer, now) => (now == Connection::Open, Connection::Open),
            (TransportCommand::AddCandidates(_), now) => {
                (now == Connection::Described, Connection::Described)
            }
            (TransportCommand::Close, now) => (
                now >= Connection::Open && now < Connection::Closed,
                Connection::Closed,
            ),
            (_, now) => (
                now == Connection::Open || now == Connection::Described,
                Connection::Described,
            ),
        };
        assert!(allowed, "{command:?} while {connection:?}");
        *connection = next;
    }

    /// What the core says of itself is what it told.
    fn compare(&self, core: &Core) {
        let open: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, seen)| !seen.closed)
            .collect();
        assert_eq!(core.sessions().count(), open.len());
        for (session, seen) in open {
            let session = core.session(session).expect("a session vanished");
            assert_eq!(session.state(), seen.state);
            for (user, peer) in &seen.peers {
                assert_eq!(session.peer_state(*user), peer.state);
            }
        }
    }
}

/// A session that needs no clock: it was never started, or somebody is connected.
fn may_stay(session: &visavis_call::Session) -> bool {
    session.state() == SessionState::New
        || session
            .peers()
            .any(|peer| peer.state() == PeerState::Connected)
}

fn schedules() -> u32 {
    std::env::var("VISAVIS_SCHEDULES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: schedules(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_once_and_for_all(acts in proptest::collection::vec(an_act(), 1..150)) {
        let mut world = World::new();
        for act in acts {
            world.perform(act);
        }
        world.run_out();
        for device in &world.devices {
            prop_assert!(device.core.sessions().all(may_stay), "a session hangs: {:?}", device.core);
        }
        for device in 0..DEVICES.len() {
            world.command(device, Command::Destroy);
        }
        world.run_out();
        for device in &world.devices {
            prop_assert_eq!(device.core.sessions().count(), 0);
            prop_assert_eq!(device.core.next_timeout(), None);
            prop_assert!(device.observer.sessions.values().all(|seen| seen.closed));
            prop_assert_eq!(&device.replay(), &device.outputs);
        }
    }
}

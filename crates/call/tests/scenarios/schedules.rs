//! Whatever users, chat and network do, and in whatever order: every call ends once and for all.
//!
//! Nine devices of six users issue random commands, over a chat that loses, repeats, delays and
//! reorders, with connections that report anything at any time, while a stranger talks into it.
//! `VISAVIS_SCHEDULES` says how many such schedules are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::common::{
    ALICE, BOB, CAROL, DAVE, MALLORY, accept, call, candidate, id, info, millis, secs, signal,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use visavis_call::{
    Address, CallConfig, Command, Core, DescriptionFault, Event, Input, Output, PeerState,
    SessionState, Time, TransportCommand, TransportEvent,
};
use visavis_signal::{Body, CallType, SessionId, Signal, Update, UserId};

const ERIN: UserId = UserId(105);
const FRANK: UserId = UserId(106);
const DEVICES: [(UserId, &str); 9] = [
    (ALICE, "phone"),
    (BOB, "phone"),
    (BOB, "laptop"),
    (BOB, "tablet"),
    (CAROL, "phone"),
    (CAROL, "laptop"),
    (DAVE, "phone"),
    (ERIN, "phone"),
    (FRANK, "phone"),
];
const USERS: [UserId; 6] = [ALICE, BOB, CAROL, DAVE, ERIN, FRANK];

/// Below the ten minutes after which a closed session is forgotten.
const LONGEST_SCHEDULE: Duration = secs(500);

// ── What may happen ─────────────────────────────────────────────────────────

/// A `pick` chooses among whatever there is to choose from when the time comes.
#[derive(Clone, Debug)]
enum Act {
    /// A call is created, and mostly started at once.
    Call {
        device: usize,
        opponents: Vec<UserId>,
        start: bool,
    },
    /// A call that goes well up to here: everybody who was called accepts.
    Meet {
        device: usize,
        opponents: Vec<UserId>,
    },
    /// The user does something with one of the calls of this device.
    Order {
        device: usize,
        pick: usize,
        verb: Verb,
    },
    /// A connection reports what it should, though not always in order.
    React {
        device: usize,
        pick: usize,
    },
    /// A connection reports anything.
    Report {
        device: usize,
        pick: usize,
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
    Processing {
        device: usize,
        on: bool,
    },
    /// A device is switched off and on: it knows nothing any more.
    Restart {
        device: usize,
    },
    Network {
        device: usize,
    },
    /// A stranger talks into one of the calls of this device.
    Forge {
        device: usize,
        pick: usize,
        body: Body,
    },
    Wait(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Start,
    Accept,
    Reject,
    HangUp,
    Update,
    Mute,
    Hold,
    Resume,
    Upgrade,
    Add(UserId),
    Rejoin,
}

fn a_device() -> impl Strategy<Value = usize> {
    0..DEVICES.len()
}

fn a_verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        2 => Just(Verb::Start),
        12 => Just(Verb::Accept),
        1 => Just(Verb::Reject),
        2 => Just(Verb::HangUp),
        1 => Just(Verb::Update),
        1 => Just(Verb::Mute),
        1 => Just(Verb::Hold),
        1 => Just(Verb::Resume),
        1 => Just(Verb::Upgrade),
        6 => proptest::sample::select(USERS.to_vec()).prop_map(Verb::Add),
        1 => Just(Verb::Rejoin),
    ]
}

/// Mostly how the network fares, which is what takes a call through its states.
fn an_event() -> impl Strategy<Value = TransportEvent> {
    prop_oneof![
        1 => Just(TransportEvent::LocalOffer("another offer".into())),
        1 => Just(TransportEvent::LocalAnswer("another answer".into())),
        1 => Just(TransportEvent::LocalCandidates(vec![candidate("another")])),
        2 => Just(TransportEvent::Checking),
        4 => Just(TransportEvent::Connected),
        4 => Just(TransportEvent::Disconnected),
        4 => Just(TransportEvent::Failed),
        1 => Just(TransportEvent::Closed),
        5 => Just(TransportEvent::DescriptionRejected(
            DescriptionFault::NoMedia
        )),
    ]
}

fn a_forgery() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(call("evil")),
        Just(accept("evil")),
        Just(Body::Reject),
        Just(Body::HangUp),
        Just(Body::IceCandidates(vec![candidate("evil")])),
        Just(Body::Update(Update::default())),
    ]
}

fn an_act() -> impl Strategy<Value = Act> {
    // Mostly the oldest, sometimes any.
    let pick = || prop_oneof![2 => Just(0), 1 => any::<usize>()];
    let opponents = || proptest::sample::subsequence(USERS.to_vec(), 1..=3);
    prop_oneof![
        2 => (a_device(), opponents())
            .prop_map(|(device, opponents)| Act::Meet { device, opponents }),
        8 => (a_device(), opponents(), 0..8)
            .prop_map(|(device, opponents, die)| Act::Call { device, opponents, start: die != 0 }),
        16 => (a_device(), pick(), a_verb())
            .prop_map(|(device, pick, verb)| Act::Order { device, pick, verb }),
        40 => (a_device(), pick()).prop_map(|(device, pick)| Act::React { device, pick }),
        16 => (a_device(), any::<usize>(), an_event())
            .prop_map(|(device, pick, event)| Act::Report { device, pick, event }),
        40 => pick().prop_map(|pick| Act::Deliver { pick }),
        3 => pick().prop_map(|pick| Act::Repeat { pick }),
        3 => pick().prop_map(|pick| Act::Lose { pick }),
        2 => (a_device(), any::<bool>()).prop_map(|(device, up)| Act::Chat { device, up }),
        1 => (a_device(), any::<bool>()).prop_map(|(device, on)| Act::Processing { device, on }),
        1 => a_device().prop_map(|device| Act::Restart { device }),
        1 => a_device().prop_map(|device| Act::Network { device }),
        2 => (a_device(), pick(), a_forgery())
            .prop_map(|(device, pick, body)| Act::Forge { device, pick, body }),
        12 => (0..2_000_u64).prop_map(|span| Act::Wait(millis(span))),
        3 => (0..20_u64).prop_map(|span| Act::Wait(secs(span))),
    ]
}

fn a_schedule() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(an_act(), 1..200)
}

// ── The world they happen in ────────────────────────────────────────────────

struct Device {
    address: Address,
    core: Core,
    chat_is_up: bool,
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
    /// How many calls there were.
    calls: u8,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            now: Time::ORIGIN,
            devices: DEVICES.map(Device::new).into(),
            under_way: Vec::new(),
            calls: 0,
        };
        for device in 0..DEVICES.len() {
            world.command(device, Command::StartProcessing);
        }
        world
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Call {
                device,
                opponents,
                start,
            } => self.call(device, opponents, start),
            Act::Meet { device, opponents } => self.meet(device, opponents),
            Act::Order {
                device,
                pick,
                verb: Verb::Rejoin,
            } => {
                if let Some(session) = self.devices[device].observer.pick_closed(pick) {
                    self.command(device, order(Verb::Rejoin, session));
                }
            }
            Act::Order { device, pick, verb } => {
                if let Some((session, _)) = self.pick_session(device, pick) {
                    self.command(device, order(verb, session));
                }
            }
            Act::Restart { device } => self.restart(device),
            Act::Network { device } => self.handle(device, Input::NetworkChanged),
            Act::Processing { device, on: true } => self.command(device, Command::StartProcessing),
            Act::Processing { device, on: false } => self.command(device, Command::Destroy),
            Act::React { device, pick } => {
                let possible = self.possible_reactions(device);
                if !possible.is_empty() {
                    self.react(device, possible[pick % possible.len()]);
                }
            }
            Act::Report {
                device,
                pick,
                event,
            } => {
                if let Some((session, peer)) = self.pick_session(device, pick) {
                    let input = Input::Transport {
                        session,
                        peer,
                        event,
                    };
                    self.handle(device, input);
                }
            }
            Act::Deliver { pick } => {
                if let Some((device, input)) = take(&mut self.under_way, pick) {
                    self.deliver(device, input);
                }
            }
            Act::Repeat { pick } => {
                if let Some(again) = take(&mut self.under_way, pick) {
                    self.under_way.push(again.clone());
                    self.under_way.push(again);
                }
            }
            Act::Lose { pick } => drop(take(&mut self.under_way, pick)),
            Act::Chat { device, up } => self.chat(device, up),
            Act::Forge { device, pick, body } => self.forge(device, pick, body),
            Act::Wait(span) => {
                self.run_until((self.now + span).min(Time::since_origin(LONGEST_SCHEDULE)))
            }
        }
    }

    fn meet(&mut self, device: usize, opponents: Vec<UserId>) {
        self.call(device, opponents, true);
        let session = id(self.calls);
        self.settle_for_now();
        for device in 0..DEVICES.len() {
            self.command(device, order(Verb::Accept, session.clone()));
            self.settle_for_now();
        }
    }

    /// Chat comes and goes, and with it goes what was under way to the device.
    fn chat(&mut self, device: usize, up: bool) {
        self.devices[device].chat_is_up = up;
        if !up {
            self.under_way.retain(|(receiver, _)| *receiver != device);
        }
        let input = if up {
            Input::ChatRestored
        } else {
            Input::ChatLost
        };
        self.handle(device, input);
    }

    fn deliver(&mut self, device: usize, input: Input) {
        if self.devices[device].chat_is_up {
            self.handle(device, input);
        }
    }

    fn restart(&mut self, device: usize) {
        for (session, peer) in self.connections(device) {
            self.break_off(device, &session, peer);
        }
        self.devices[device] = Device::new(DEVICES[device]);
        self.command(device, Command::StartProcessing);
    }

    /// The connections of a device that may carry something.
    fn connections(&self, device: usize) -> Vec<(SessionId, UserId)> {
        let sessions = self.devices[device].core.sessions();
        let peers = sessions.flat_map(|session| {
            let negotiated = session.peers().filter(|peer| peer.state().is_negotiated());
            negotiated.map(|peer| (session.id().clone(), peer.user()))
        });
        peers.collect()
    }

    /// The other end of a connection that is gone hears nothing any more.
    fn break_off(&mut self, device: usize, session: &SessionId, peer: UserId) {
        let gone = self.devices[device].address.user;
        for other in &mut self.devices {
            let there = other.core.session(session);
            let connected = there.is_some_and(|session| session.peer_state(gone).is_negotiated());
            if other.address.user == peer && connected {
                other.reactions.push(Input::Transport {
                    session: session.clone(),
                    peer: gone,
                    event: TransportEvent::Disconnected,
                });
            }
        }
    }

    fn call(&mut self, device: usize, opponents: Vec<UserId>, start: bool) {
        self.calls += 1;
        let session = id(self.calls);
        let create = Command::Create {
            session: session.clone(),
            opponents,
            call_type: CallType::Video,
        };
        self.command(device, create);
        if start {
            self.command(device, order(Verb::Start, session));
        }
    }

    fn forge(&mut self, device: usize, pick: usize, body: Body) {
        let Some((session, peer)) = self.pick_session(device, pick) else {
            return;
        };
        let me = self.devices[device].address.user;
        let signal = Signal {
            user_info: info(&[("evil", "yes")]),
            ..signal(&session, peer, &[me], body)
        };
        let from = Address::device(MALLORY, "x");
        let before = self.devices[device].outputs.len();
        self.handle(device, Input::Signal { from, signal });
        let after = self.devices[device].outputs.len();
        assert_eq!(after, before, "a stranger was heard");
    }

    /// One of the calls of a device, and one of the others in it.
    fn pick_session(&self, device: usize, pick: usize) -> Option<(SessionId, UserId)> {
        let core = &self.devices[device].core;
        let peers = core.sessions().flat_map(|session| {
            let id = session.id().clone();
            session.peers().map(move |peer| (id.clone(), peer.user()))
        });
        let peers: Vec<_> = peers.collect();
        (!peers.is_empty()).then(|| peers[pick % peers.len()].clone())
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
        let mut broken = Vec::new();
        let device = &mut self.devices[index];
        for output in &outputs {
            device.observer.observe(output);
            match output {
                Output::Send { .. } if !device.chat_is_up => {}
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
                    if matches!(command, TransportCommand::Reopen { .. }) {
                        // Of the former connection nothing is heard any longer.
                        device
                            .reactions
                            .retain(|input| !is_of(input, session, *peer));
                    }
                    if matches!(
                        command,
                        TransportCommand::Reopen { .. } | TransportCommand::Close
                    ) {
                        broken.push((session.clone(), *peer));
                    }
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
        for (session, peer) in broken {
            self.break_off(index, &session, peer);
        }
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
                self.deliver(device, input);
            } else if let Some(next) = self.next_timeout() {
                self.expire(next);
            } else {
                return;
            }
        }
        panic!("this never ends");
    }

    /// Everything works from now on, for as long as anybody waits for anything.
    fn settle(&mut self) {
        for device in 0..DEVICES.len() {
            self.chat(device, true);
        }
        let end = self.now + SETTLING;
        while self.now < end {
            self.settle_for_now();
            let next = self.next_timeout().unwrap_or(end);
            self.run_until(next.min(end));
        }
    }

    fn react(&mut self, device: usize, reaction: usize) {
        let input = self.devices[device].reactions.remove(reaction);
        self.handle(device, input);
    }

    /// Which reports of a device's connections may come next: nothing connects before the other
    /// end is there.
    fn possible_reactions(&self, device: usize) -> Vec<usize> {
        let here = &self.devices[device];
        let is_possible = |input: &Input| match input {
            Input::Transport {
                session,
                peer,
                event: TransportEvent::Connected,
            } => self.has_other_end(here, session, *peer),
            _ => true,
        };
        let reactions = here.reactions.iter().enumerate();
        let possible = reactions.filter(|(_, input)| is_possible(input));
        possible.map(|(at, _)| at).collect()
    }

    fn has_other_end(&self, here: &Device, session: &SessionId, peer: UserId) -> bool {
        let ours = here
            .core
            .session(session)
            .and_then(|session| session.peer(peer));
        let Some(ours) = ours else {
            // Nobody listens to this report.
            return true;
        };
        let there = self
            .devices
            .iter()
            .find(|there| there.address == *ours.address());
        let there = there.and_then(|there| there.core.session(session)?.peer(here.address.user));
        there.is_some_and(|theirs| {
            theirs.state().is_negotiated() && *theirs.address() == here.address
        })
    }

    /// Signals arrive and connections report until nothing is left to happen now.
    fn settle_for_now(&mut self) {
        for _ in 0..10_000 {
            let reacting =
                (0..DEVICES.len()).find_map(|at| Some((at, *self.possible_reactions(at).first()?)));
            if !self.under_way.is_empty() {
                let (device, input) = self.under_way.remove(0);
                self.deliver(device, input);
            } else if let Some((device, reaction)) = reacting {
                self.react(device, reaction);
            } else {
                return;
            }
        }
        panic!("this never comes to rest");
    }

    /// Whoever is connected with somebody, that one is connected with him.
    fn assert_agreement(&self) {
        for device in &self.devices {
            let me = device.address.user;
            for session in device.core.sessions() {
                let connected = session
                    .peers()
                    .filter(|p| p.state() == PeerState::Connected);
                for peer in connected {
                    let other = self
                        .devices
                        .iter()
                        .find(|other| other.address == *peer.address());
                    let there = other.and_then(|other| other.core.session(session.id()));
                    let state = there.map(|there| there.peer_state(me));
                    assert_eq!(
                        state,
                        Some(PeerState::Connected),
                        "{:?} with {:?} in {}",
                        device.address,
                        peer.address(),
                        session.id()
                    );
                }
            }
        }
    }
}

/// Longer than every timer of a call together.
const SETTLING: Duration = secs(200);

fn is_of(input: &Input, of: &SessionId, with: UserId) -> bool {
    matches!(input, Input::Transport { session, peer, .. } if session == of && *peer == with)
}

impl Device {
    fn new((user, resource): (UserId, &str)) -> Self {
        Self {
            address: Address::device(user, resource),
            core: core(user, resource),
            chat_is_up: true,
            observer: Observer::new(user),
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
    Core::new(user, config, u64::from(user.0)).unwrap()
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
        TransportCommand::Renegotiate { .. } => vec![TransportEvent::LocalOffer("next".into())],
        TransportCommand::Close => vec![TransportEvent::Closed],
        _ => vec![],
    }
}

fn order(verb: Verb, session: SessionId) -> Command {
    let user_info = info(&[("a", "b")]);
    match verb {
        Verb::Start => Command::Start { session, user_info },
        Verb::Accept => Command::Accept { session, user_info },
        Verb::Reject => Command::Reject { session, user_info },
        Verb::HangUp => Command::HangUp { session, user_info },
        Verb::Update => Command::Update {
            session,
            to: None,
            user_info,
        },
        Verb::Mute => Command::SetMedia {
            session,
            audio: false,
            video: true,
        },
        Verb::Hold => Command::Hold { session },
        Verb::Resume => Command::Resume { session },
        Verb::Upgrade => Command::Upgrade {
            session,
            call_type: CallType::Audio,
        },
        Verb::Add(user) => Command::Add {
            session,
            user,
            user_info,
        },
        Verb::Rejoin => Command::Rejoin { session },
    }
}

fn take<T>(from: &mut Vec<T>, pick: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.remove(pick % from.len()))
}

// ── What must hold ──────────────────────────────────────────────────────────

/// Follows the sessions of one device by what the core says of them.
struct Observer {
    me: UserId,
    sessions: BTreeMap<SessionId, Seen>,
    /// Which ways of the two tables were taken.
    session_ways: BTreeSet<(SessionState, SessionState)>,
    peer_ways: BTreeSet<(PeerState, PeerState)>,
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

impl SeenPeer {
    const fn new(state: PeerState) -> Self {
        Self {
            state,
            connection: Connection::None,
            connection_closed: false,
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
}

impl Observer {
    fn new(me: UserId) -> Self {
        Self {
            me,
            sessions: BTreeMap::new(),
            session_ways: BTreeSet::new(),
            peer_ways: BTreeSet::new(),
        }
    }

    fn pick_closed(&self, pick: usize) -> Option<SessionId> {
        let closed = self.sessions.iter().filter(|(_, seen)| seen.closed);
        let closed: Vec<_> = closed.map(|(id, _)| id).collect();
        (!closed.is_empty()).then(|| closed[pick % closed.len()].clone())
    }

    /// A call that came in, and rings or was accepted at once.
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
        let before = self
            .sessions
            .insert(session.clone(), Seen::new(SessionState::Pending, peers));
        assert!(before.is_none_or(|before| before.closed), "it rang twice");
    }

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
                session,
                caller,
                opponents,
                ..
            } => return self.incoming(session, *caller, opponents),
            Event::Replaced { session, by } => {
                let caller = *self.sessions[session].peers.keys().next().unwrap();
                let rang = self.sessions.get(by).is_some_and(|seen| !seen.closed);
                if !rang {
                    self.incoming(by, caller, &[self.me]);
                }
            }
            Event::Busy { session, .. } => {
                assert!(
                    self.sessions.get(session).is_none_or(|seen| seen.closed),
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
                self.session_ways.insert((seen.state, *state));
                seen.state = *state;
            }
            Event::PeerStateChanged { user, state, .. } => {
                if !seen.peers.contains_key(user) {
                    assert!(PeerState::Unknown.may_become(*state), "a state of nobody");
                    seen.peers.insert(*user, SeenPeer::new(*state));
                    self.peer_ways.insert((PeerState::Unknown, *state));
                    return;
                }
                let peer = seen.peers.get_mut(user).unwrap();
                if !peer.state.is_live() {
                    // Called again.
                    self.peer_ways.insert((peer.state, *state));
                    assert!(peer.state.may_become(*state));
                    *peer = SeenPeer::new(*state);
                    return;
                }
                assert!(
                    peer.state.may_become(*state),
                    "{} became {state}",
                    peer.state
                );
                self.peer_ways.insert((peer.state, *state));
                peer.state = *state;
            }
            // With one who cannot let us in there is nothing at all.
            Event::ParticipantUnreachable { user, other, .. } if *other == self.me => {
                seen.peers.remove(user);
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
            (TransportCommand::Reopen { .. }, now) => (now != Connection::Closed, Connection::Open),
            (TransportCommand::SetHeld(_), now) => {
                (now == Connection::Open || now == Connection::Described, now)
            }
            (TransportCommand::Renegotiate { .. }, now) => (now == Connection::Described, now),
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
        .unwrap_or(50_000)
}

/// Plays a schedule, and checks what must hold while it goes on and when it is over.
fn play(acts: Vec<Act>) -> World {
    let mut world = World::new();
    for act in acts {
        world.perform(act);
    }
    world.run_out();
    for Device { core, .. } in &world.devices {
        assert!(core.sessions().all(may_stay), "a session hangs: {core:?}");
    }
    for device in 0..DEVICES.len() {
        world.command(device, Command::Destroy);
    }
    world.run_out();
    for device in &world.devices {
        assert_eq!(device.core.sessions().count(), 0);
        assert_eq!(device.core.next_timeout(), None);
        assert!(device.observer.sessions.values().all(|seen| seen.closed));
        assert_eq!(device.replay(), device.outputs);
    }
    world
}

/// Plays schedules in which connections report only what is true, lets everything work from then
/// on, and has all devices compared.
fn settle(acts: Vec<Act>) {
    let mut world = World::new();
    for act in acts {
        if !matches!(act, Act::Report { .. }) {
            world.perform(act);
        }
    }
    world.settle();
    world.assert_agreement();
}

/// Half of the schedules each, side by side.
fn check(test: impl Fn(Vec<Act>) + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let config = ProptestConfig {
                    cases: schedules() / 2,
                    failure_persistence: None,
                    ..ProptestConfig::default()
                };
                let run = TestRunner::new(config).run(&a_schedule(), |acts| {
                    test(acts);
                    Ok(())
                });
                run.unwrap_or_else(|failure| panic!("{failure}"));
            });
        }
    });
}

#[test]
fn every_call_ends_once_and_for_all() {
    check(|acts| drop(play(acts)));
}

#[test]
fn in_the_end_both_sides_agree_who_is_in_the_call() {
    check(settle);
}

/// The same schedules each time, as many as it takes, to know that they are worth something.
#[test]
fn schedules_take_every_way_of_the_tables() {
    const AT_MOST: usize = 20_000;
    let of_session =
        SessionState::ALL.map(|from| from.successors().iter().map(move |to| (from, *to)));
    let of_peer = PeerState::ALL.map(|from| from.successors().iter().map(move |to| (from, *to)));
    let mut session_ways: BTreeSet<_> = of_session.into_iter().flatten().collect();
    let mut peer_ways: BTreeSet<_> = of_peer.into_iter().flatten().collect();
    // The ways back into the call have a scenario of their own.
    peer_ways.retain(|(from, _)| from.is_live());
    let mut runner = TestRunner::deterministic();
    for _ in 0..AT_MOST {
        let acts = a_schedule().new_tree(&mut runner).unwrap().current();
        for device in play(acts).devices {
            session_ways.retain(|way| !device.observer.session_ways.contains(way));
            peer_ways.retain(|way| !device.observer.peer_ways.contains(way));
        }
        if session_ways.is_empty() && peer_ways.is_empty() {
            return;
        }
    }
    panic!("never: {session_ways:?} {peer_ways:?}");
}

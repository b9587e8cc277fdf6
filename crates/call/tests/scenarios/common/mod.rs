//! A small world in virtual time: devices with a core each, a chat server between them, and
//! connections that come about when both descriptions were exchanged.
//!
//! Every device keeps three logs, written as short sentences: what the app was told
//! ([`World::story`]), what was sent ([`World::sent`]) and what the connections were told to do
//! ([`World::connections`]). Reading a log empties it.

pub(crate) mod scene;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use visavis_call::{
    Address, CallConfig, Command, CommandError, Core, Event, Input, Output, SessionState, Time,
    TransportCommand, TransportEvent,
};
use visavis_signal::{
    Body, CallType, Candidate, Capabilities, Description, MediaState, SessionId, Signal,
    SignalKind, UserId, UserInfo,
};

pub(crate) const ALICE: UserId = UserId(101);
pub(crate) const BOB: UserId = UserId(102);
pub(crate) const CAROL: UserId = UserId(103);
pub(crate) const DAVE: UserId = UserId(104);
pub(crate) const MALLORY: UserId = UserId(666);

const CHAT_DELAY: Duration = Duration::from_millis(5);
const TIME_TO_DESCRIBE: Duration = Duration::from_millis(20);
const TIME_TO_GATHER: Duration = Duration::from_millis(30);
const TIME_TO_CHECK: Duration = Duration::from_millis(10);
const TIME_TO_CONNECT: Duration = Duration::from_millis(50);
const TIME_TO_RELEASE: Duration = Duration::from_millis(10);

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

pub(crate) fn info(entries: &[(&str, &str)]) -> UserInfo {
    UserInfo::from_entries(entries.iter().copied()).unwrap()
}

pub(crate) fn candidate(text: &str) -> Candidate {
    Candidate {
        candidate: format!("candidate:{text}").into(),
        sdp_mid: Some("0".into()),
        sdp_mline_index: Some(0),
    }
}

/// A signal as some client may send it.
pub(crate) fn signal(
    session: &SessionId,
    caller: UserId,
    opponents: &[UserId],
    body: Body,
) -> Signal {
    Signal {
        call_type: Some(CallType::Video),
        caller: Some(caller),
        opponents: opponents.to_vec(),
        ..Signal::new(session.clone(), body)
    }
}

pub(crate) fn call(sdp: &str) -> Body {
    Body::Call {
        offer: Description::new(sdp),
    }
}

pub(crate) fn accept(sdp: &str) -> Body {
    Body::Accept {
        answer: Description::new(sdp),
    }
}

/// One device in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device(usize);

struct Inside {
    address: Address,
    core: Core,
    story: Vec<String>,
    events: Vec<Event>,
    sent: Vec<String>,
    signals: Vec<Signal>,
    connections: Vec<String>,
}

pub(crate) struct World {
    now: Time,
    devices: Vec<Inside>,
    /// What happens when, and in which order at the same time.
    due: BTreeMap<(Time, u64), (usize, Input)>,
    scheduled: u64,
    /// Whether the connections behave by themselves; otherwise the test says what happens.
    pub(crate) automatic: bool,
    /// Whether connections come about.
    pub(crate) reachable: bool,
    /// Whether the server copies what a device sends to the other devices of its user.
    pub(crate) carbons: bool,
    /// Whether signals arrive.
    pub(crate) chat_works: bool,
    /// Whether the devices know of each other that they are of our own kind. Otherwise each takes
    /// the others for clients of the documented system.
    pub(crate) own_kind: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Time::ORIGIN,
            devices: Vec::new(),
            due: BTreeMap::new(),
            scheduled: 0,
            automatic: true,
            reachable: true,
            carbons: true,
            chat_works: true,
            own_kind: false,
        }
    }

    /// Everybody is of our own kind, and everybody else knows.
    pub(crate) fn of_our_own() -> Self {
        Self {
            own_kind: true,
            ..Self::new()
        }
    }

    /// Connections do only what the test says.
    pub(crate) fn scripted() -> Self {
        Self {
            automatic: false,
            ..Self::new()
        }
    }

    pub(crate) fn device(&mut self, user: UserId, resource: &str) -> Device {
        self.device_with(user, resource, CallConfig::default())
    }

    pub(crate) fn device_with(
        &mut self,
        user: UserId,
        resource: &str,
        config: CallConfig,
    ) -> Device {
        let mut core = Core::new(user, config, u64::from(user.0)).unwrap();
        assert_eq!(
            core.command(self.now, Command::StartProcessing)
                .unwrap()
                .count(),
            0
        );
        self.devices.push(Inside {
            address: Address::device(user, resource),
            core,
            story: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            signals: Vec::new(),
            connections: Vec::new(),
        });
        Device(self.devices.len() - 1)
    }

    /// Alice and Bob with a phone each.
    pub(crate) fn two() -> (Self, Device, Device) {
        let mut world = Self::new();
        let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
        (world, alice, bob)
    }

    // ── What the test does ──────────────────────────────────────────────────

    pub(crate) fn try_command(
        &mut self,
        device: Device,
        command: Command,
    ) -> Result<(), CommandError> {
        let outputs: Vec<_> = self.devices[device.0]
            .core
            .command(self.now, command)?
            .collect();
        self.carry_out(device.0, outputs);
        Ok(())
    }

    pub(crate) fn command(&mut self, device: Device, command: Command) {
        self.try_command(device, command).unwrap();
    }

    pub(crate) fn create(&mut self, device: Device, session: &SessionId, opponents: &[UserId]) {
        let (session, opponents) = (session.clone(), opponents.to_vec());
        self.command(
            device,
            Command::Create {
                session,
                opponents,
                call_type: CallType::Video,
            },
        );
    }

    pub(crate) fn start(&mut self, device: Device, session: &SessionId) {
        self.command(
            device,
            Command::Start {
                session: session.clone(),
                user_info: UserInfo::new(),
            },
        );
    }

    /// Creates and starts a call.
    pub(crate) fn dial(&mut self, device: Device, session: &SessionId, opponent: UserId) {
        self.create(device, session, &[opponent]);
        self.start(device, session);
    }

    pub(crate) fn accept(&mut self, device: Device, session: &SessionId) {
        self.command(
            device,
            Command::Accept {
                session: session.clone(),
                user_info: UserInfo::new(),
            },
        );
    }

    pub(crate) fn reject(&mut self, device: Device, session: &SessionId) {
        self.command(
            device,
            Command::Reject {
                session: session.clone(),
                user_info: UserInfo::new(),
            },
        );
    }

    pub(crate) fn hang_up(&mut self, device: Device, session: &SessionId) {
        self.command(
            device,
            Command::HangUp {
                session: session.clone(),
                user_info: UserInfo::new(),
            },
        );
    }

    /// Lets Alice call Bob until both are connected, and forgets how that went.
    pub(crate) fn connect(&mut self, alice: Device, bob: Device, session: &SessionId) {
        self.dial(alice, session, self.devices[bob.0].address.user);
        self.run_for(secs(1));
        self.accept(bob, session);
        self.run_for(secs(2));
        assert_eq!(self.state(alice, session), Some(SessionState::Connected));
        assert_eq!(self.state(bob, session), Some(SessionState::Connected));
        self.forget_logs();
    }

    pub(crate) fn handle(&mut self, device: Device, input: Input) {
        let outputs: Vec<_> = self.devices[device.0]
            .core
            .handle(self.now, input)
            .collect();
        self.carry_out(device.0, outputs);
    }

    /// A signal arrives, from somebody whom the world does not simulate.
    pub(crate) fn receive(&mut self, device: Device, from: &Address, signal: Signal) {
        self.handle(
            device,
            Input::Signal {
                from: from.clone(),
                signal,
            },
        );
    }

    /// Something happens to a connection.
    pub(crate) fn transport(
        &mut self,
        device: Device,
        session: &SessionId,
        peer: UserId,
        event: TransportEvent,
    ) {
        self.handle(
            device,
            Input::Transport {
                session: session.clone(),
                peer,
                event,
            },
        );
    }

    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let timeout = self
                .devices
                .iter()
                .filter_map(|device| device.core.next_timeout())
                .min();
            let arrival = self.due.keys().next().map(|(at, _)| *at);
            let Some(next) = timeout
                .into_iter()
                .chain(arrival)
                .min()
                .filter(|next| *next <= end)
            else {
                break;
            };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (device, input)) = self.due.pop_first().unwrap();
                self.handle(Device(device), input);
            } else {
                for device in 0..self.devices.len() {
                    self.handle(Device(device), Input::Timeout);
                }
            }
        }
        self.now = end;
    }

    /// Everybody sleeps for this long, then wakes up to what is overdue.
    pub(crate) fn oversleep(&mut self, span: Duration) {
        self.now = self.now + span;
        self.run_for(Duration::ZERO);
    }

    // ── What the test sees ──────────────────────────────────────────────────

    pub(crate) fn core(&self, device: Device) -> &Core {
        &self.devices[device.0].core
    }

    pub(crate) fn address(&self, device: Device) -> Address {
        self.devices[device.0].address.clone()
    }

    pub(crate) fn state(&self, device: Device, session: &SessionId) -> Option<SessionState> {
        self.core(device)
            .session(session)
            .map(|session| session.state())
    }

    /// What the app was told, changes of state included.
    pub(crate) fn story(&mut self, device: Device) -> Vec<String> {
        self.devices[device.0].events.clear();
        std::mem::take(&mut self.devices[device.0].story)
    }

    /// What the app was told, without changes of state.
    pub(crate) fn plot(&mut self, device: Device) -> Vec<String> {
        self.events(device)
            .iter()
            .filter(|event| !is_change_of_state(event))
            .map(tell)
            .collect()
    }

    pub(crate) fn events(&mut self, device: Device) -> Vec<Event> {
        self.devices[device.0].story.clear();
        std::mem::take(&mut self.devices[device.0].events)
    }

    /// What was sent, to whom.
    pub(crate) fn sent(&mut self, device: Device) -> Vec<String> {
        self.devices[device.0].signals.clear();
        std::mem::take(&mut self.devices[device.0].sent)
    }

    pub(crate) fn sent_signals(&mut self, device: Device) -> Vec<Signal> {
        self.devices[device.0].sent.clear();
        std::mem::take(&mut self.devices[device.0].signals)
    }

    /// What the connections were told to do.
    pub(crate) fn connections(&mut self, device: Device) -> Vec<String> {
        std::mem::take(&mut self.devices[device.0].connections)
    }

    pub(crate) fn forget_logs(&mut self) {
        for device in 0..self.devices.len() {
            self.story(Device(device));
            self.sent(Device(device));
            self.connections(Device(device));
        }
    }

    /// Nobody knows of a session any longer, and nobody waits for anything.
    pub(crate) fn assert_over(&self) {
        for device in &self.devices {
            assert_eq!(
                device.core.sessions().count(),
                0,
                "{:?} has a session left",
                device.address
            );
            assert_eq!(device.core.next_timeout(), None);
        }
    }

    // ── How the world works ─────────────────────────────────────────────────

    fn schedule(&mut self, after: Duration, device: usize, input: Input) {
        self.scheduled += 1;
        self.due
            .insert((self.now + after, self.scheduled), (device, input));
    }

    fn carry_out(&mut self, device: usize, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Event(event) => {
                    self.devices[device].story.push(tell(&event));
                    self.devices[device].events.push(event);
                }
                Output::Send { to, signal } => {
                    self.devices[device]
                        .sent
                        .push(format!("{} to {}", signal.kind(), place(&to)));
                    self.devices[device].signals.push(signal.clone());
                    self.deliver(device, &to, &signal);
                }
                Output::Transport {
                    session,
                    peer,
                    command,
                } => {
                    self.devices[device]
                        .connections
                        .push(tell_command(&command));
                    if self.automatic {
                        self.obey(device, &session, peer, &command);
                    }
                }
            }
        }
    }

    fn deliver(&mut self, sender: usize, to: &Address, signal: &Signal) {
        if !self.chat_works {
            return;
        }
        let from = self.devices[sender].address.clone();
        let mut signal = signal.clone();
        if !self.own_kind {
            signal.capabilities = Capabilities::new();
        }
        for device in 0..self.devices.len() {
            let address = &self.devices[device].address;
            let addressed = address.user == to.user
                && (to.resource.is_none() || to.resource == address.resource);
            let decision = matches!(
                signal.kind(),
                SignalKind::Accept | SignalKind::Reject | SignalKind::HangUp
            );
            let copied = self.carbons && decision && address.user == from.user && device != sender;
            if addressed || copied {
                let input = Input::Signal {
                    from: from.clone(),
                    signal: signal.clone(),
                };
                self.schedule(CHAT_DELAY, device, input);
            }
        }
    }

    fn obey(
        &mut self,
        device: usize,
        session: &SessionId,
        peer: UserId,
        command: &TransportCommand,
    ) {
        let name = place(&self.devices[device].address);
        let happens = |event| Input::Transport {
            session: session.clone(),
            peer,
            event,
        };
        match command {
            TransportCommand::CreateOffer => {
                let first = Description::new(&format!("offer of {name}"));
                let better = Description::new(&format!("offer of {name} with candidates"));
                self.schedule(
                    TIME_TO_DESCRIBE,
                    device,
                    happens(TransportEvent::LocalOffer(first)),
                );
                self.schedule(
                    TIME_TO_GATHER,
                    device,
                    happens(TransportEvent::LocalOffer(better)),
                );
                self.gather(device, session, peer);
            }
            TransportCommand::ApplyOffer(_) => self.gather(device, session, peer),
            TransportCommand::CreateAnswer => {
                let answer = Description::new(&format!("answer of {name}"));
                self.schedule(
                    TIME_TO_DESCRIBE,
                    device,
                    happens(TransportEvent::LocalAnswer(answer)),
                );
            }
            TransportCommand::Reopen { .. } => {
                // Of the former connection nothing is heard any longer.
                let former = |input: &Input| matches!(input, Input::Transport { session: s, peer: p, .. } if s == session && *p == peer);
                self.due
                    .retain(|_, (at, input)| *at != device || !former(input));
            }
            TransportCommand::Renegotiate { .. } => {
                let next = Description::new(&format!("next offer of {name}"));
                let event = happens(TransportEvent::LocalOffer(next));
                self.schedule(TIME_TO_DESCRIBE, device, event);
            }
            TransportCommand::ApplyAnswer(_) if self.reachable => self.join(device, session, peer),
            TransportCommand::Close => {
                self.schedule(TIME_TO_RELEASE, device, happens(TransportEvent::Closed))
            }
            _ => {}
        }
    }

    fn gather(&mut self, device: usize, session: &SessionId, peer: UserId) {
        let found = vec![candidate(&place(&self.devices[device].address))];
        let event = TransportEvent::LocalCandidates(found);
        self.schedule(
            TIME_TO_GATHER,
            device,
            Input::Transport {
                session: session.clone(),
                peer,
                event,
            },
        );
    }

    /// The caller has the answer: both ends connect.
    fn join(&mut self, caller: usize, session: &SessionId, peer: UserId) {
        let callee = self.devices[caller]
            .core
            .session(session)
            .unwrap()
            .peer(peer)
            .unwrap()
            .address()
            .clone();
        let callee = self
            .devices
            .iter()
            .position(|device| device.address == callee);
        let ends = [
            Some((caller, peer)),
            callee.map(|callee| (callee, self.devices[caller].address.user)),
        ];
        for (device, peer) in ends.into_iter().flatten() {
            let happens = |event| Input::Transport {
                session: session.clone(),
                peer,
                event,
            };
            self.schedule(TIME_TO_CHECK, device, happens(TransportEvent::Checking));
            self.schedule(TIME_TO_CONNECT, device, happens(TransportEvent::Connected));
        }
    }
}

/// `101/phone`, or `101` for all devices of a user.
fn place(address: &Address) -> String {
    let mut text = address.user.0.to_string();
    if let Some(resource) = &address.resource {
        write!(text, "/{resource}").unwrap();
    }
    text
}

fn is_change_of_state(event: &Event) -> bool {
    matches!(
        event,
        Event::StateChanged { .. } | Event::PeerStateChanged { .. }
    )
}

fn tell(event: &Event) -> String {
    let user = event.user().map_or(0, |user| user.0);
    match event {
        Event::NewSession { .. } => format!("NewSession from {user}"),
        Event::Accepted { .. } => format!("Accepted by {user}"),
        Event::Rejected { .. } => format!("Rejected by {user}"),
        Event::HungUp { .. } => format!("HungUp by {user}"),
        Event::Ringing { .. } => format!("Ringing at {user}"),
        Event::Replaced { by, .. } => format!("Replaced by {by}"),
        Event::MediaChanged { media, .. } => format!("MediaChanged of {user}: {}", shows(*media)),
        Event::Held { .. } => format!("Held by {user}"),
        Event::Resumed { .. } => format!("Resumed by {user}"),
        Event::UpgradeRequested { call_type, .. } => {
            format!("UpgradeRequested by {user}: {call_type:?}")
        }
        Event::ParticipantAdded { .. } => format!("ParticipantAdded {user}"),
        Event::ParticipantUnreachable { other, .. } => {
            format!("ParticipantUnreachable {user} {other}")
        }
        Event::AddRefused { cause, .. } => format!("AddRefused {user}: {cause:?}"),
        Event::Reconnecting { .. } => format!("Reconnecting to {user}"),
        Event::Reconnected { .. } => format!("Reconnected to {user}"),
        Event::NotAnswered { .. } => format!("NotAnswered by {user}"),
        Event::NoActions { .. } => format!("NoActions by {user}"),
        Event::AcceptedElsewhere { .. } => "AcceptedElsewhere".into(),
        Event::RejectedElsewhere { .. } => "RejectedElsewhere".into(),
        Event::Updated { .. } => format!("Updated by {user}"),
        Event::Busy { cause, .. } => format!("Busy for {user}: {cause:?}"),
        Event::DescriptionRejected { fault, .. } => {
            format!("DescriptionRejected of {user}: {fault:?}")
        }
        Event::SignalFailed { kind, .. } => format!("SignalFailed to {user}: {kind}"),
        Event::StartClose { .. } => "StartClose".into(),
        Event::Closed { .. } => "Closed".into(),
        Event::StateChanged { state, .. } => format!("session {state}"),
        Event::PeerStateChanged { state, .. } => format!("{user} {state}"),
        Event::StartConnect { .. } => format!("StartConnect to {user}"),
        Event::Connected { .. } => format!("Connected to {user}"),
        Event::ConnectionFailed { .. } => format!("ConnectionFailed to {user}"),
        Event::Disconnected { .. } => format!("Disconnected from {user}"),
        Event::DisconnectTimeout { .. } => format!("DisconnectTimeout of {user}"),
        Event::ConnectionClosed { .. } => format!("ConnectionClosed to {user}"),
    }
}

fn tell_command(command: &TransportCommand) -> String {
    match command {
        TransportCommand::Open { call_type } => format!("Open {call_type:?}"),
        TransportCommand::CreateOffer => "CreateOffer".into(),
        TransportCommand::ApplyOffer(offer) => format!("ApplyOffer: {}", offer.as_str()),
        TransportCommand::CreateAnswer => "CreateAnswer".into(),
        TransportCommand::ApplyAnswer(answer) => format!("ApplyAnswer: {}", answer.as_str()),
        TransportCommand::AddCandidates(candidates) => {
            format!("AddCandidates: {}", lines(candidates))
        }
        TransportCommand::Renegotiate {
            call_type,
            restart_ice,
        } => {
            let paths = if *restart_ice { " on new paths" } else { "" };
            format!("Renegotiate {call_type:?}{paths}")
        }
        TransportCommand::Reopen { call_type } => format!("Reopen {call_type:?}"),
        TransportCommand::SetHeld(held) => format!("SetHeld {held}"),
        TransportCommand::Close => "Close".into(),
    }
}

/// `audio video held`, as far as they are.
fn shows(media: MediaState) -> String {
    let parts = [
        (media.audio, "audio"),
        (media.video, "video"),
        (media.held, "held"),
    ];
    let parts = parts.iter().filter(|(on, _)| *on).map(|(_, name)| *name);
    parts.collect::<Vec<_>>().join(" ")
}

/// The texts of some candidates, on one line.
pub(crate) fn lines(candidates: &[Candidate]) -> String {
    let lines: Vec<_> = candidates
        .iter()
        .map(|candidate| candidate.candidate.replace("candidate:", ""))
        .collect();
    lines.join(" ")
}

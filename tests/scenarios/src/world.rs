//! Devices, the chat between them and their connections, in virtual time.

mod network;
mod recording;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use visavis_call::{Address, CallConfig, Command, CommandError, Core, Input, Time, TransportEvent};
use visavis_signal::{SessionId, Signal, SignalKind, UserId};

use crate::chat::{Chat, How, Mishap, is_copied, is_meant_for};
use crate::client::{Client, Outcome};
use crate::connections::{ConnectionId, Connections, Key, Work};
use crate::foreign::Foreign;
use crate::observer::Observer;
use crate::trace::Trace;

use self::recording::Fed;

/// One device in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceId(pub usize);

/// A device, and what it runs.
#[derive(Debug)]
pub struct Device {
    /// Whose it is.
    pub user: UserId,
    /// What it is called, whatever chat calls it.
    pub name: String,
    /// What it runs.
    pub client: Client,
    /// What must hold of its core.
    pub observer: Observer,
    /// What its client wanted done since somebody looked.
    pub log: Vec<Outcome>,
    config: CallConfig,
    seed: u64,
    /// What chat calls it: another name at every login.
    resource: Arc<str>,
    online: bool,
    /// Whether its client takes itself for online.
    seems_online: bool,
    logins: u32,
    /// Goes up whenever its network changes.
    addresses: u32,
    next_timeout: Option<Time>,
    recording: Vec<(Time, Fed)>,
    recorded: Vec<Outcome>,
}

#[derive(Debug)]
enum Happening {
    Arrive {
        to: DeviceId,
        login: u32,
        from: Address,
        signal: Arc<Signal>,
    },
    Work {
        connection: ConnectionId,
        work: Work,
    },
    Released {
        key: Key,
        connection: ConnectionId,
    },
    Input {
        device: DeviceId,
        input: Box<Input>,
    },
}

/// The world.
#[derive(Debug, Default)]
pub struct World {
    now: Time,
    queue: BTreeMap<(Time, u64), Happening>,
    queued: u64,
    devices: Vec<Device>,
    connections: Connections,
    /// Users between whose devices nothing gets through but chat.
    parted: BTreeSet<(UserId, UserId)>,
    /// Of whom how many descriptions to come are of no use.
    spoiled: BTreeMap<UserId, usize>,
    wanted: u64,
    /// How chat behaves.
    pub chat: Chat,
    /// What happened.
    pub trace: Trace,
    /// Whether it is kept what devices want done, for [`Device::log`].
    pub keeps_log: bool,
    /// Whether everything that a core is fed with is kept, for [`World::replays`] and
    /// [`World::record`].
    pub records: bool,
}

impl Device {
    /// Where it is reached in chat.
    pub fn address(&self) -> Address {
        Address::device(self.user, Arc::clone(&self.resource))
    }

    fn core(&self) -> Core {
        let config = self.config.clone();
        let mut core = Core::new(self.user, config, self.seed).expect("valid settings");
        let started = core.command(Time::ORIGIN, Command::StartProcessing);
        assert_eq!(started.map(Iterator::count), Ok(0));
        core
    }
}

impl World {
    // ── Who is in it ────────────────────────────────────────────────────────

    /// Adds a device with our own client.
    pub fn add(&mut self, user: UserId, name: &str, config: CallConfig) -> DeviceId {
        let core = Core::new(user, config.clone(), 0).expect("valid settings");
        let id = self.add_client(user, name, config, Client::Ours(Box::new(core)));
        let device = &mut self.devices[id.0];
        device.client = Client::Ours(Box::new(device.core()));
        id
    }

    /// Adds a device with a client of the documented system.
    pub fn add_foreign(&mut self, user: UserId, name: &str) -> DeviceId {
        let client = Client::Foreign(Box::new(Foreign::new(user)));
        self.add_client(user, name, CallConfig::default(), client)
    }

    fn add_client(
        &mut self,
        user: UserId,
        name: &str,
        config: CallConfig,
        client: Client,
    ) -> DeviceId {
        self.devices.push(Device {
            user,
            name: name.to_owned(),
            client,
            observer: Observer::new(user),
            log: Vec::new(),
            config,
            seed: u64::from(user.0) << 32 | self.devices.len() as u64,
            resource: name.into(),
            online: true,
            seems_online: true,
            logins: 1,
            addresses: 1,
            next_timeout: None,
            recording: Vec::new(),
            recorded: Vec::new(),
        });
        DeviceId(self.devices.len() - 1)
    }

    /// What time it is.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// All devices.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// One device.
    pub fn device(&self, device: DeviceId) -> &Device {
        &self.devices[device.0]
    }

    /// One device, to read its log.
    pub fn device_mut(&mut self, device: DeviceId) -> &mut Device {
        &mut self.devices[device.0]
    }

    /// The device that is reached under an address.
    pub fn reached(&self, address: &Address) -> Option<DeviceId> {
        let named = |device: &Device| {
            device.user == address.user && Some(&device.resource) == address.resource.as_ref()
        };
        self.devices.iter().position(named).map(DeviceId)
    }

    // ── What happens ────────────────────────────────────────────────────────

    /// The app of a device wants something.
    ///
    /// # Errors
    /// The client refuses.
    pub fn command(&mut self, id: DeviceId, command: Command) -> Result<(), CommandError> {
        let now = self.now;
        let device = &mut self.devices[id.0];
        if self.records {
            device.recording.push((now, Fed::Command(command.clone())));
        }
        self.trace.command(now, &device.address(), &command);
        let created = match &command {
            Command::Create {
                session, opponents, ..
            } => Some((session.clone(), opponents.clone())),
            _ => None,
        };
        let outcomes = device.client.command(now, command)?;
        if let Some((session, opponents)) = created.filter(|_| device.client.core().is_some()) {
            device.observer.created(session, &opponents);
        }
        self.carry_out(id, outcomes);
        Ok(())
    }

    /// Something reaches a device.
    pub fn handle(&mut self, id: DeviceId, input: Input) {
        let now = self.now;
        let device = &mut self.devices[id.0];
        if self.records {
            device.recording.push((now, Fed::Input(input.clone())));
        }
        self.trace.input(now, &device.address(), &input);
        let outcomes = device.client.handle(now, input);
        self.carry_out(id, outcomes);
    }

    /// A connection reports something, be it so or not. One that closes by itself is gone.
    pub fn report(
        &mut self,
        id: DeviceId,
        session: &SessionId,
        peer: UserId,
        event: TransportEvent,
    ) {
        if event == TransportEvent::Closed
            && let Some(gone) = self.connections.of(&(id, session.clone(), peer))
        {
            self.end_connection(gone);
        }
        self.tell((id, session.clone(), peer), event);
    }

    /// Chat of a device breaks: at once, or unnoticed for the time being.
    pub fn cut_chat(&mut self, id: DeviceId, noticed: bool) {
        let device = &mut self.devices[id.0];
        if std::mem::replace(&mut device.online, false) {
            device.logins += 1;
        }
        if noticed && std::mem::replace(&mut device.seems_online, false) {
            self.handle(id, Input::ChatLost);
        }
    }

    /// Chat of a device works again, under another name.
    pub fn restore_chat(&mut self, id: DeviceId) {
        self.cut_chat(id, true);
        self.log_in(id);
        self.handle(id, Input::ChatRestored);
    }

    fn log_in(&mut self, id: DeviceId) {
        let device = &mut self.devices[id.0];
        device.online = true;
        device.seems_online = true;
        device.resource = format!("{}-{}", device.name, device.logins).into();
    }

    /// The network of a device changes, and with it its addresses.
    pub fn move_away(&mut self, id: DeviceId) {
        self.devices[id.0].addresses += 1;
        self.look_at_all();
        self.handle(id, Input::NetworkChanged);
    }

    /// A device is switched off and on: it knows nothing any more.
    pub fn restart(&mut self, id: DeviceId) {
        let ours = self.connections.all().filter(|one| one.key.0 == id);
        for connection in ours.map(|one| one.id).collect::<Vec<_>>() {
            self.end_connection(connection);
        }
        let device = &mut self.devices[id.0];
        device.logins += 1;
        device.seed += 1 << 16;
        device.client = match &device.client {
            Client::Ours(_) => Client::Ours(Box::new(device.core())),
            Client::Foreign(_) => Client::Foreign(Box::new(Foreign::new(device.user))),
        };
        device.observer.restart();
        device.next_timeout = None;
        self.trace.happened(self.now, device.user, "restarts");
        device.recording.clear();
        device.recorded.clear();
        self.log_in(id);
    }

    /// The next signal of a kind from a user is lost, or comes twice or late.
    pub(crate) fn mishap(&mut self, kind: SignalKind, from: UserId, how: How) {
        self.chat.mishaps.push(Mishap { kind, from, how });
    }

    /// A signal reaches a device from somebody who is not in the world.
    pub fn intrude(&mut self, id: DeviceId, from: Address, signal: Signal) {
        self.handle(id, Input::Signal { from, signal });
    }

    // ── Time ────────────────────────────────────────────────────────────────

    /// Lets time pass.
    pub fn run_until(&mut self, end: Time) {
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step(next);
        }
        self.now = self.now.max(end);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    fn next_moment(&self) -> Option<Time> {
        let timeouts = self.devices.iter().filter_map(|device| device.next_timeout);
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        timeouts.chain(queued).min()
    }

    fn step(&mut self, next: Time) {
        let queued = self.queue.keys().next().is_some_and(|(at, _)| *at <= next);
        if queued && let Some((_, happening)) = self.queue.pop_first() {
            return self.happen(happening);
        }
        for id in (0..self.devices.len()).map(DeviceId) {
            if self.devices[id.0].next_timeout.is_some_and(|at| at <= next) {
                self.handle(id, Input::Timeout);
                let device = &self.devices[id.0];
                let later = device.next_timeout.is_none_or(|at| at > self.now);
                assert!(later, "a timeout is not served: {:?}", device.client);
            }
        }
    }

    fn queue(&mut self, at: Time, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at, self.queued), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive {
                to,
                login,
                from,
                signal,
            } => {
                let device = &self.devices[to.0];
                if device.online && device.logins == login {
                    let signal = Arc::unwrap_or_clone(signal);
                    self.handle(to, Input::Signal { from, signal });
                }
            }
            Happening::Work { connection, work } => self.do_work(connection, work),
            Happening::Released { key, connection } => {
                if self.connections.end_release(&key, connection) {
                    self.tell(key, TransportEvent::Closed);
                }
            }
            Happening::Input { device, input } => self.handle(device, *input),
        }
    }

    // ── What clients want done ──────────────────────────────────────────────

    fn carry_out(&mut self, id: DeviceId, outcomes: Vec<Outcome>) {
        let device = &mut self.devices[id.0];
        device.next_timeout = device.client.next_timeout();
        self.wanted += outcomes.len() as u64;
        for outcome in &outcomes {
            self.trace.outcome(self.now, &device.address(), outcome);
        }
        if let Some(core) = device.client.core() {
            for outcome in &outcomes {
                device.observer.observe(outcome);
            }
            device.observer.compare(core);
        }
        if self.keeps_log {
            device.log.extend(outcomes.iter().cloned());
        }
        if self.records && device.client.core().is_some() {
            device.recorded.extend(outcomes.iter().cloned());
        }
        for outcome in outcomes {
            match outcome {
                Outcome::Send { to, signal } => self.send(id, &to, &signal),
                Outcome::Transport {
                    session,
                    peer,
                    command,
                } => self.obey((id, session, peer), command),
                Outcome::Event(_) | Outcome::Callback(_) => {}
            }
        }
    }

    fn send(&mut self, id: DeviceId, to: &Address, signal: &Signal) {
        let sender = &self.devices[id.0];
        let (from, user, kind) = (sender.address(), sender.user, signal.kind());
        if !sender.online {
            if !sender.seems_online {
                let (session, to) = (signal.session.clone(), to.user);
                let input = Input::SignalFailed { session, to, kind };
                self.queue(
                    self.now,
                    Happening::Input {
                        device: id,
                        input: Box::new(input),
                    },
                );
            }
            return;
        }
        let Some(signal) = self.chat.carry(user, to, signal).map(Arc::new) else {
            return;
        };
        for receiver in (0..self.devices.len()).map(DeviceId) {
            let device = &self.devices[receiver.0];
            let copied = self.chat.carbons && is_copied(kind) && device.user == user;
            let meant = is_meant_for(to, device.user, &device.resource);
            if receiver == id || !device.online || !(meant || copied) {
                continue;
            }
            let login = device.logins;
            for at in self.chat.fate(self.now, (id, user), receiver, kind) {
                let arrival = Happening::Arrive {
                    to: receiver,
                    login,
                    from: from.clone(),
                    signal: Arc::clone(&signal),
                };
                self.queue(at, arrival);
            }
        }
    }

    /// The observers of all devices.
    pub fn into_observers(self) -> Vec<Observer> {
        let devices = self.devices.into_iter();
        devices.map(|device| device.observer).collect()
    }

    /// How much devices wanted done since the beginning.
    pub const fn wanted(&self) -> u64 {
        self.wanted
    }

    /// Whether nothing is left to happen by itself.
    pub fn is_at_rest(&self) -> bool {
        self.next_moment().is_none()
    }
}

//! The shell around call control: it moves data between the pure core, the
//! signaling, the peer connections and the app's subscribers, and decides
//! nothing.
//!
//! One mutex guards the core. Verbs of the app, incoming signals, reports of
//! connections and timers all enter through [`Engine::command`] or
//! [`Engine::input`]; what the core answers is carried out before the lock is
//! given back, so that every subscriber sees one order of events.

mod convert;
mod link;
mod local;
mod media;
mod meter;
mod network;
mod quality;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;
use visavis_call::{
    Address, Command, CommandError, Event, Input, Output, Time, TransportCommand, TransportEvent,
};
use visavis_signal::{SessionId, Signal, UserId};
use visavis_trace::Recorded;

use crate::config::CallConfig;
use crate::event::CallEvent;
use crate::local_media::LocalMedia;
use crate::session::{CallSession, Identity};
use crate::signaling::{Signaling, SignalingEvent};
use crate::subscription::{Subscribers, Subscription};

use self::link::PeerLink;
pub(crate) use self::local::LocalTracks;

/// Where a peer connection belongs.
type PeerKey = (SessionId, UserId);

/// See the module's documentation.
pub(crate) struct Engine {
    state: Mutex<State>,
    /// Rung when the next timeout may have moved, and at the end.
    timers: Arc<Notify>,
    origin: Instant,
    runtime: Handle,
    me: Weak<Self>,
    /// How many sessions are not closed yet.
    live: watch::Sender<usize>,
}

struct State {
    config: CallConfig,
    /// For relays.
    tls: Arc<ClientConfig>,
    media: LocalMedia,
    attached: Option<Attached>,
    links: BTreeMap<PeerKey, PeerLink>,
    /// How many connections were opened.
    generations: u64,
    /// Calls that we asked to be called into again: they come in accepted.
    rejoining: BTreeSet<SessionId>,
    local: BTreeMap<SessionId, LocalTracks>,
    /// The handles of the sessions that are not closed yet.
    sessions: BTreeMap<SessionId, CallSession>,
    subscribers: Subscribers<CallEvent>,
    by_session: BTreeMap<SessionId, Subscribers<CallEvent>>,
    /// What takes time to let go (threads to join), dropped outside the lock.
    discarded: Vec<Box<dyn Send>>,
}

struct Attached {
    call: Recorded,
    signaling: Arc<dyn Signaling>,
    receiving: JoinHandle<()>,
}

/// Why the core was not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No signaling is attached.
    NotAttached,
    /// The signaling is down.
    NotConnected,
    /// The core's own reason.
    Command(CommandError),
}

impl Engine {
    pub(crate) fn new(config: CallConfig, tls: Arc<ClientConfig>, runtime: &Handle) -> Arc<Self> {
        let engine = Arc::new_cyclic(|me| Self {
            state: Mutex::new(State {
                config,
                tls,
                media: LocalMedia::none(),
                attached: None,
                links: BTreeMap::new(),
                generations: 0,
                rejoining: BTreeSet::new(),
                local: BTreeMap::new(),
                sessions: BTreeMap::new(),
                subscribers: Subscribers::default(),
                by_session: BTreeMap::new(),
                discarded: Vec::new(),
            }),
            timers: Arc::new(Notify::new()),
            origin: Instant::now(),
            runtime: runtime.clone(),
            me: me.clone(),
            live: watch::Sender::new(0),
        });
        runtime.spawn(keep_time(
            Arc::downgrade(&engine),
            Arc::clone(&engine.timers),
        ));
        runtime.spawn(network::watch(Arc::downgrade(&engine)));
        engine
    }

    /// Connects the core to a transport; an earlier one is let go.
    pub(crate) fn attach(&self, signaling: Arc<dyn Signaling>, call: Recorded) {
        // Before anybody can know that we are here.
        let events = signaling.subscribe();
        let receiving = self.runtime.spawn(receive(self.me.clone(), events));
        let former = self.lock().attached.replace(Attached {
            call,
            signaling,
            receiving,
        });
        if let Some(former) = former {
            former.receiving.abort();
        }
    }

    pub(crate) fn detach(&self) {
        if let Some(attached) = self.lock().attached.take() {
            attached.receiving.abort();
        }
    }

    pub(crate) fn set_media(&self, media: LocalMedia) {
        self.lock().media = media;
    }

    pub(crate) fn subscribe(&self) -> Subscription<CallEvent> {
        self.lock().subscribers.subscribe()
    }

    pub(crate) fn subscribe_to(&self, session: &SessionId) -> Subscription<CallEvent> {
        self.lock()
            .by_session
            .entry(session.clone())
            .or_default()
            .subscribe()
    }

    /// Runs a verb of the app.
    pub(crate) fn command(&self, command: Command) -> Result<(), Refused> {
        let mut state = self.lock();
        let attached = state.attached.as_mut().ok_or(Refused::NotAttached)?;
        if !attached.signaling.is_connected()
            && matches!(command, Command::Create { .. } | Command::Start { .. })
        {
            return Err(Refused::NotConnected);
        }
        let outputs = attached.call.command(self.now(), command);
        let outputs = outputs.map_err(Refused::Command)?;
        self.carry_out(&mut state, outputs);
        self.unlock(state);
        Ok(())
    }

    /// Creates a session and the handle that the app keeps.
    pub(crate) fn create(&self, identity: Identity) -> Result<CallSession, Refused> {
        let (id, call_type) = (identity.id.clone(), identity.call_type);
        let opponents = identity.opponents.clone();
        let handle = CallSession::new(identity, self.me.clone());
        self.lock().sessions.insert(id.clone(), handle.clone());
        let created = self.command(Command::Create {
            session: id.clone(),
            opponents,
            call_type,
        });
        if let Err(refused) = created {
            self.lock().sessions.remove(&id);
            return Err(refused);
        }
        Ok(handle)
    }

    /// The sessions that are not closed yet.
    pub(crate) fn sessions(&self) -> Vec<CallSession> {
        self.lock().sessions.values().cloned().collect()
    }

    fn has_sessions(&self) -> bool {
        !self.lock().sessions.is_empty()
    }

    /// The user that is attached.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.lock()
            .attached
            .as_ref()
            .map(|attached| attached.signaling.user())
    }

    /// Feeds the core what happened elsewhere.
    fn input(&self, input: Input) {
        let mut state = self.lock();
        self.input_locked(&mut state, input);
        self.unlock(state);
    }

    fn input_locked(&self, state: &mut State, input: Input) {
        let Some(attached) = state.attached.as_mut() else {
            return;
        };
        let outputs = attached.call.handle(self.now(), input);
        self.carry_out(state, outputs);
    }

    /// What a peer connection reports beside media. A connection that was
    /// replaced has nothing to say any more.
    fn transport(&self, key: PeerKey, generation: u64, event: TransportEvent) {
        let mut state = self.lock();
        let current = |link: &PeerLink| link.is_current(generation);
        if state.links.get(&key).is_some_and(current) {
            if matches!(event, TransportEvent::Connected)
                && let Some(attached) = &state.attached
                && !attached.signaling.is_connected()
            {
                // The network carries again: chat has no reason to wait any longer.
                attached.signaling.network_changed();
            }
            let (session, peer) = key;
            let input = Input::Transport {
                session,
                peer,
                event,
            };
            self.input_locked(&mut state, input);
        }
        self.unlock(state);
    }

    /// A connection has released everything.
    fn link_closed(&self, key: &PeerKey, generation: u64) {
        let mut state = self.lock();
        let current = |link: &PeerLink| link.is_current(generation);
        if !state.links.get(key).is_some_and(current) {
            return;
        }
        if let Some(link) = state.links.remove(key) {
            state.discarded.push(Box::new(link));
        }
        let (session, peer) = key.clone();
        let input = Input::Transport {
            session,
            peer,
            event: TransportEvent::Closed,
        };
        self.input_locked(&mut state, input);
        self.unlock(state);
    }

    /// Relays have newer credentials.
    fn ice_servers_changed(&self) {
        let state = self.lock();
        let Some(attached) = &state.attached else {
            return;
        };
        let servers = attached.signaling.ice_servers();
        for link in state.links.values() {
            link.set_ice_servers(&servers);
        }
    }

    /// The addresses of this machine changed.
    fn network_changed(&self) {
        let mut state = self.lock();
        if let Some(attached) = &state.attached {
            attached.signaling.network_changed();
        }
        self.input_locked(&mut state, Input::NetworkChanged);
        self.unlock(state);
    }

    /// Tells the subscribers what a connection reports beside call control.
    fn tell(&self, key: &PeerKey, event: impl FnOnce(CallSession, UserId) -> CallEvent) {
        let mut state = self.lock();
        if let Some(session) = state.sessions.get(&key.0).cloned() {
            self.publish(&mut state, &event(session, key.1));
        }
    }

    /// Reads from the core's view of a session.
    pub(crate) fn with_session<T>(
        &self,
        session: &SessionId,
        read: impl FnOnce(&visavis_call::Session) -> T,
    ) -> Option<T> {
        self.lock()
            .attached
            .as_ref()?
            .call
            .core()
            .session(session)
            .map(read)
    }

    /// Reads the local tracks of a session.
    pub(crate) fn with_local<T>(
        &self,
        session: &SessionId,
        read: impl FnOnce(&LocalTracks) -> T,
    ) -> Option<T> {
        self.lock().local.get(session).map(read)
    }

    /// Waits until every session has reached `Closed`.
    pub(crate) async fn all_closed(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.live.subscribe().wait_for(|live| *live == 0).await;
    }

    fn carry_out(&self, state: &mut State, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send { to, signal } => self.send(state, &to, &signal),
                Output::Transport {
                    session,
                    peer,
                    command,
                } => self.steer(state, (session, peer), command),
                Output::Event(event) => self.report(state, event),
            }
        }
        let live = state.sessions.len();
        self.live
            .send_if_modified(|known| std::mem::replace(known, live) != live);
        self.timers.notify_one();
    }

    fn send(&self, state: &mut State, to: &Address, signal: &Signal) {
        let Some(attached) = state.attached.as_ref() else {
            return;
        };
        if attached.signaling.send(to, signal).is_err() {
            let (session, kind) = (signal.session.clone(), signal.kind());
            self.input_locked(
                state,
                Input::SignalFailed {
                    session,
                    to: to.user,
                    kind,
                },
            );
        }
    }

    fn steer(&self, state: &mut State, key: PeerKey, command: TransportCommand) {
        let (TransportCommand::Open { call_type } | TransportCommand::Reopen { call_type }) =
            command
        else {
            if let Some(link) = state.links.get(&key) {
                link.steer(command);
            }
            return;
        };
        let attached = state.attached.as_ref();
        let servers = attached.map(|attached| attached.signaling.ice_servers());
        let settings = link::settings(
            call_type,
            &state.config,
            servers.unwrap_or_default(),
            &state.tls,
        );
        state.generations += 1;
        let (engine, generation) = (self.me.clone(), state.generations);
        match state.links.get_mut(&key) {
            Some(link) if matches!(command, TransportCommand::Reopen { .. }) => {
                link.reopen(engine, &self.runtime, generation, settings);
            }
            _ => {
                let link = PeerLink::open(engine, &self.runtime, key.clone(), generation, settings);
                if let Some(former) = state.links.insert(key, link) {
                    state.discarded.push(Box::new(former));
                }
            }
        }
    }

    fn report(&self, state: &mut State, event: Event) {
        match &event {
            Event::NewSession {
                session,
                caller,
                opponents,
                call_type,
                user_info,
            } => {
                let identity = Identity {
                    id: session.clone(),
                    initiator: *caller,
                    opponents: opponents.clone(),
                    call_type: *call_type,
                    user_info: user_info.clone(),
                };
                self.hand_out(state, identity);
                if state.rejoining.remove(session) {
                    self.open_soon(session.clone(), *call_type);
                }
            }
            Event::Connected { session, user } => {
                self.start_media(state, &(session.clone(), *user))
            }
            Event::UpgradeRequested {
                session, call_type, ..
            } => self.follow_call_type(state, session, *call_type),
            _ => {}
        }
        let closed = matches!(event, Event::Closed { .. });
        let Some(session) = self.handle_for(state, &event) else {
            return;
        };
        let id = session.id().clone();
        let replaced = |by| self.replace(state, &id, by);
        let Some(event) = convert::event(event, session, replaced) else {
            return;
        };
        self.publish(state, &event);
        if closed {
            if let Some(tracks) = state.local.remove(&id) {
                state.discarded.push(Box::new(tracks));
            }
            state.by_session.remove(&id);
            state.sessions.remove(&id);
        }
    }

    /// Asks to be called into a call again.
    pub(crate) fn rejoin(&self, session: &SessionId) -> Result<(), Refused> {
        self.command(Command::Rejoin {
            session: session.clone(),
        })?;
        self.lock().rejoining.insert(session.clone());
        Ok(())
    }

    /// Makes the handle of a session.
    fn hand_out(&self, state: &mut State, identity: Identity) -> CallSession {
        let session = CallSession::new(identity, self.me.clone());
        state.sessions.insert(session.id().clone(), session.clone());
        session
    }

    /// Another call takes the place of ours, with our open sources.
    fn replace(&self, state: &mut State, ours: &SessionId, by: SessionId) -> Option<CallSession> {
        let session = state.attached.as_ref()?.call.core().session(&by)?;
        let identity = Identity {
            id: by.clone(),
            initiator: session.initiator(),
            opponents: session.opponents().to_vec(),
            call_type: session.call_type(),
            user_info: session.user_info().clone(),
        };
        if let Some(tracks) = state.local.remove(ours) {
            tracks.follow(&self.me, &by);
            state.local.insert(by, tracks);
        }
        Some(self.hand_out(state, identity))
    }

    /// The handle that goes with an event. A call that was turned away by
    /// itself never had a session; its handle is closed from the start.
    fn handle_for(&self, state: &State, event: &Event) -> Option<CallSession> {
        if let Some(session) = state.sessions.get(event.session()) {
            return Some(session.clone());
        }
        let Event::Busy {
            session,
            user,
            call_type,
            user_info,
            ..
        } = event
        else {
            return None;
        };
        let identity = Identity {
            id: session.clone(),
            initiator: *user,
            opponents: Vec::new(),
            call_type: *call_type,
            user_info: user_info.clone(),
        };
        Some(CallSession::new(identity, self.me.clone()))
    }

    fn publish(&self, state: &mut State, event: &CallEvent) {
        let own = state.by_session.get_mut(event.session().id());
        let lists = std::iter::once(&mut state.subscribers).chain(own);
        let droppable = matches!(event, CallEvent::Stats { .. });
        for list in lists {
            if droppable {
                list.publish_droppable(event)
            } else {
                list.publish(event)
            }
        }
    }

    fn next_timeout(&self) -> Option<Time> {
        self.lock().attached.as_ref()?.call.core().next_timeout()
    }

    fn now(&self) -> Time {
        Time::since_origin(self.origin.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is done under the lock leaves the state whole at every step;
        // a panic elsewhere must not end everybody's calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the lock back, then lets go of what joins threads: those threads
    /// may be waiting for the lock.
    fn unlock(&self, mut state: MutexGuard<'_, State>) {
        let discarded = std::mem::take(&mut state.discarded);
        drop(state);
        if !discarded.is_empty() {
            self.runtime.spawn_blocking(move || drop(discarded));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.detach();
        self.timers.notify_one();
    }
}

/// Lets the core know when a timeout is due.
async fn keep_time(engine: Weak<Engine>, timers: Arc<Notify>) {
    while let Some((deadline, origin)) = engine
        .upgrade()
        .map(|engine| (engine.next_timeout(), engine.origin))
    {
        let Some(deadline) = deadline else {
            timers.notified().await;
            continue;
        };
        tokio::select! {
            () = sleep_until((origin + deadline.elapsed()).into()) => {
                if let Some(engine) = engine.upgrade() {
                    engine.input(Input::Timeout);
                }
            }
            () = timers.notified() => {}
        }
    }
}

/// Moves what the transport reports into the core.
async fn receive(engine: Weak<Engine>, mut events: UnboundedReceiver<SignalingEvent>) {
    while let Some(event) = events.recv().await {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        engine.input(match event {
            SignalingEvent::IceServers => {
                engine.ice_servers_changed();
                continue;
            }
            SignalingEvent::Received { from, signal } => Input::Signal {
                from,
                signal: *signal,
            },
            SignalingEvent::Lost => Input::ChatLost,
            SignalingEvent::Restored => Input::ChatRestored,
        });
    }
}

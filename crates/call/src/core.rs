//! The core itself: one logged-in user on one device, and all his calls.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;

use visavis_signal::{Body, Capabilities, SessionId, Signal, UserId, UserInfo, capability};

use crate::closed::{ClosedSession, ClosedSessions, Farewell, Readmission};
use crate::devices::Sender;
use crate::early::EarlyCandidates;
use crate::ids::Ids;
use crate::invitation::Invitation;
use crate::outgoing::check_opponents;
use crate::session::Session;
use crate::step::Step;
use crate::timers::Alarms;
use crate::{
    Address, BusyCause, CallConfig, Command, CommandError, ConfigError, Event, Input, Output,
    Outputs, SessionState, Time, reason,
};

/// Call control for one logged-in user on one device.
///
/// Feed it what happens ([`handle`](Self::handle)) and what the app wants
/// ([`command`](Self::command)), carry out the outputs in order, and come back at
/// [`next_timeout`](Self::next_timeout).
#[derive(Debug)]
pub struct Core {
    pub(crate) me: UserId,
    config: CallConfig,
    /// What we announce: everything that this version knows.
    capabilities: Capabilities,
    /// What this device calls itself.
    device: Arc<str>,
    ids: Ids,
    processing: bool,
    chat_is_up: bool,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    /// When each session wants to be woken.
    alarms: Alarms,
    pub(crate) closed: ClosedSessions,
    early: EarlyCandidates,
    outputs: VecDeque<Output>,
}

impl Core {
    /// Call control for this user. Nothing is delivered before
    /// [`Command::StartProcessing`]. The `seed` is any number that another core is unlikely to
    /// have; the same one replays a run.
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(me: UserId, config: CallConfig, seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut ids = Ids::new(seed);
        Ok(Self {
            me,
            config,
            capabilities: Capabilities::from_names(capability::ALL).unwrap_or_default(),
            device: ids.draw().as_str().into(),
            ids,
            processing: false,
            chat_is_up: true,
            sessions: BTreeMap::new(),
            alarms: Alarms::default(),
            closed: ClosedSessions::default(),
            early: EarlyCandidates::default(),
            outputs: VecDeque::new(),
        })
    }

    /// Our own user.
    pub const fn me(&self) -> UserId {
        self.me
    }

    /// The settings.
    pub const fn config(&self) -> &CallConfig {
        &self.config
    }

    /// Whether calls are delivered.
    pub const fn is_processing(&self) -> bool {
        self.processing
    }

    /// A session that is not closed yet.
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// All sessions that are not closed yet.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = &Session> {
        self.sessions.values()
    }

    /// When to come back with [`Input::Timeout`], if nothing else happens before.
    pub fn next_timeout(&self) -> Option<Time> {
        self.alarms.next()
    }

    /// Deals with something that happened.
    pub fn handle(&mut self, now: Time, input: Input) -> Outputs<'_> {
        match input {
            Input::Signal { from, signal } => self.receive(now, from, signal),
            Input::Transport {
                session,
                peer,
                event,
            } => {
                self.with_session(now, &session, |session, step| {
                    session.on_transport(step, peer, event)
                });
            }
            Input::Timeout => self.expire(now),
            Input::SignalFailed {
                session,
                to: user,
                kind,
            } => {
                self.with_session(now, &session, |_, step| {
                    step.event(Event::SignalFailed {
                        session: session.clone(),
                        user,
                        kind,
                    });
                });
            }
            Input::ChatLost => self.chat_is_up = false,
            Input::ChatRestored => {
                self.chat_is_up = true;
                self.with_closed(now, |closed, step| closed.repeat_farewells(step));
                self.with_every_session(now, Session::chat_restored);
            }
            Input::NetworkChanged => self.with_every_session(now, Session::move_to_new_paths),
        }
        Outputs::new(&mut self.outputs)
    }

    /// Does what the app wants.
    ///
    /// # Errors
    /// The app cannot want that now; nothing changed.
    pub fn command(&mut self, now: Time, command: Command) -> Result<Outputs<'_>, CommandError> {
        match command {
            Command::StartProcessing => self.processing = true,
            Command::Destroy => self.destroy(now),
            _ if !self.processing => return Err(CommandError::NotProcessing),
            Command::Create {
                session,
                opponents,
                call_type,
            } => {
                if self.sessions.contains_key(&session) || self.closed.contains(now, &session) {
                    return Err(CommandError::SessionExists);
                }
                check_opponents(&opponents, self.me, &self.config)?;
                let session = Session::outgoing(session, self.me, opponents, call_type, now);
                self.sessions.insert(session.id().clone(), session);
            }
            Command::Rejoin { session } => {
                if self.sessions.contains_key(&session) {
                    return Err(CommandError::SessionExists);
                }
                if !self.chat_is_up {
                    return Err(CommandError::ChatLost);
                }
                self.with_closed(now, |closed, step| closed.ask_back(step, &session))?;
            }
            Command::Start { session, user_info } => {
                self.ask(now, &session, |call, step| call.start(step, user_info))?;
                self.come_over_to_ringing(now, &session);
            }
            Command::Accept { session, user_info } => {
                self.ask(now, &session, |call, step| call.accept(step, user_info))?;
            }
            Command::Reject { session, user_info } => {
                self.ask(now, &session, |call, step| call.reject(step, &user_info))?;
            }
            Command::HangUp { session, user_info } => {
                self.ask(now, &session, |call, step| call.hang_up(step, &user_info))?;
            }
            Command::Update {
                session,
                to,
                user_info,
            } => {
                self.ask(now, &session, |call, step| {
                    call.update(step, to, &user_info)
                })?;
            }
            Command::SetMedia {
                session,
                audio,
                video,
            } => {
                self.ask(now, &session, |call, step| {
                    call.set_media(step, audio, video)
                })?;
            }
            Command::Hold { session } => {
                self.ask(now, &session, |call, step| call.hold(step, true))?;
            }
            Command::Resume { session } => {
                self.ask(now, &session, |call, step| call.hold(step, false))?;
            }
            Command::Upgrade { session, call_type } => {
                self.ask(now, &session, |call, step| call.upgrade(step, call_type))?;
            }
            Command::Add {
                session,
                user,
                user_info,
            } => {
                self.ask(now, &session, |call, step| call.add(step, user, user_info))?;
            }
        }
        Ok(Outputs::new(&mut self.outputs))
    }

    fn destroy(&mut self, now: Time) {
        self.processing = false;
        self.with_every_session(now, |session, step| {
            // One that is closing already goes on closing.
            let _ = session.hang_up(step, &UserInfo::new());
        });
    }

    // ── Signals ─────────────────────────────────────────────────────────────

    fn receive(&mut self, now: Time, from: Address, signal: Signal) {
        if !self.processing {
            return;
        }
        let id = signal.session.clone();
        if from.user == self.me {
            let kind = signal.kind();
            self.with_session(now, &id, |session, step| {
                session.decided_elsewhere(step, kind)
            });
        } else if let Some(session) = self.sessions.get(&id) {
            let called_again = session.is_called_again(from.user, self.me, &signal);
            self.with_session(now, &id, |session, step| {
                if called_again {
                    session.leave_to_come_back(step);
                } else {
                    let from = Sender::of(from, &signal);
                    session.receive(step, &from, signal);
                }
            });
        } else if self.closed.contains(now, &id) {
            self.receive_closed(now, from, signal);
        } else {
            self.receive_unknown(now, from, signal);
        }
    }

    /// A signal of a session that is over.
    fn receive_closed(&mut self, now: Time, from: Address, signal: Signal) {
        let Some(closed) = self.closed.get(now, &signal.session) else {
            return;
        };
        match closed.readmission(now, from.user, &signal) {
            Readmission::None => {
                if let Some(ours) = closed.crossed().cloned() {
                    self.receive_crossed(now, &ours, from, signal);
                } else if let Some((farewell, user_info)) = closed.answer(from.user, signal.kind())
                {
                    self.decline(from, &signal, farewell, user_info);
                }
            }
            Readmission::Wanted => self.come_back(now, from, signal),
            Readmission::Rings => {
                let id = signal.session.clone();
                self.closed.forget(&id);
                self.receive_unknown(now, from, signal);
            }
        }
    }

    /// Takes the call that we asked for.
    fn come_back(&mut self, now: Time, from: Address, signal: Signal) {
        if let Some(call) = Invitation::read(&signal, from.user, self.me) {
            let id = signal.session.clone();
            self.closed.forget(&id);
            self.announce(&call, &signal);
            self.take(now, from, call, signal, UserInfo::new());
        }
    }

    /// A signal of a session that we do not know. Only a `call` begins one; the rest may be meant
    /// for another device of ours, so it is not answered.
    pub(crate) fn receive_unknown(&mut self, now: Time, from: Address, signal: Signal) {
        match &signal.body {
            Body::Call { .. } => {
                let Some(call) = Invitation::read(&signal, from.user, self.me) else {
                    return;
                };
                if let Some(ours) = self.crossing(&call) {
                    self.resolve_glare(now, &ours, from, call, signal);
                } else if let Some(cause) = self.busy() {
                    self.reject_unasked(now, from, signal, call, cause);
                } else {
                    self.ring(now, from, call, signal);
                }
            }
            Body::IceCandidates(candidates) => {
                self.early
                    .keep(now, &signal.session, from.user, candidates.clone());
            }
            Body::Accept { .. } | Body::Reject | Body::HangUp | Body::Update(_) => {}
        }
    }

    /// A call comes in: the user decides.
    fn ring(&mut self, now: Time, from: Address, call: Invitation, signal: Signal) {
        self.announce(&call, &signal);
        let id = self.begin(now, from, call, signal);
        self.with_session(now, &id, |session, step| session.tell_ringing(step));
    }

    /// A call comes in that needs no decision.
    pub(crate) fn take(
        &mut self,
        now: Time,
        from: Address,
        call: Invitation,
        signal: Signal,
        user_info: UserInfo,
    ) {
        let id = self.begin(now, from, call, signal);
        self.with_session(now, &id, |session, step| {
            // It rings, so it can be accepted.
            let _ = session.accept(step, user_info);
        });
    }

    fn announce(&mut self, call: &Invitation, signal: &Signal) {
        self.outputs.push_back(Output::Event(Event::NewSession {
            session: call.session.clone(),
            caller: call.initiator,
            opponents: call.opponents.clone(),
            call_type: call.call_type,
            user_info: signal.user_info.clone(),
        }));
    }

    fn begin(&mut self, now: Time, from: Address, call: Invitation, signal: Signal) -> SessionId {
        let id = call.session.clone();
        let early = self.early.take(now, &id, from.user);
        let session = Session::incoming(call, &Sender::of(from, &signal), &signal, self.me, now);
        self.sessions.insert(id.clone(), session);
        self.with_session(now, &id, |session, step| session.ring(step, signal, early));
        id
    }

    /// Whether a call must not ring.
    fn busy(&self) -> Option<BusyCause> {
        if self.config.auto_reject && self.sessions.values().any(Session::is_engaged) {
            return Some(BusyCause::InCall);
        }
        let ringing = self.sessions.values().filter(|call| call.is_ringing());
        (ringing.count() >= self.config.incoming_limit).then_some(BusyCause::TooManyRinging)
    }

    fn reject_unasked(
        &mut self,
        now: Time,
        from: Address,
        signal: Signal,
        call: Invitation,
        cause: BusyCause,
    ) {
        let why = reason::user_info(match cause {
            BusyCause::InCall => reason::BUSY,
            BusyCause::TooManyRinging => reason::TOO_MANY_CALLS,
        });
        let (user, call_type, me) = (from.user, call.call_type, self.me);
        for fellow in call.opponents.iter().filter(|user| **user != me) {
            let to = Address::bare(*fellow);
            self.decline(to, &signal, Farewell::Reject, why.clone());
        }
        let sender = Sender::of(from.clone(), &signal);
        let closed = ClosedSession::rejected(call, &sender, why.clone());
        self.closed.remember(now, signal.session.clone(), closed);
        self.decline(from, &signal, Farewell::Reject, why);
        self.outputs.push_back(Output::Event(Event::Busy {
            session: signal.session,
            user,
            call_type,
            user_info: signal.user_info,
            cause,
        }));
    }

    /// Answers a signal for which there is no session.
    fn decline(&mut self, to: Address, signal: &Signal, farewell: Farewell, user_info: UserInfo) {
        let answer = Signal {
            call_type: signal.call_type,
            caller: signal.caller,
            opponents: signal.opponents.clone(),
            user_info,
            device: signal.device.is_some().then(|| self.device.clone()),
            ..Signal::new(signal.session.clone(), farewell.body())
        };
        self.outputs.push_back(Output::Send { to, signal: answer });
    }

    // ── Sessions ────────────────────────────────────────────────────────────

    /// Does something with a session, if it exists, and forgets the session once it is closed.
    pub(crate) fn with_session<R>(
        &mut self,
        now: Time,
        id: &SessionId,
        act: impl FnOnce(&mut Session, &mut Step<'_>) -> R,
    ) -> Option<R> {
        let session = self.sessions.get_mut(id)?;
        let mut step = Step {
            now,
            me: self.me,
            config: &self.config,
            chat_is_up: self.chat_is_up,
            capabilities: &self.capabilities,
            device: &self.device,
            ids: &mut self.ids,
            outputs: &mut self.outputs,
        };
        let result = act(session, &mut step);
        if session.state() == SessionState::Closed {
            self.closed
                .remember(now, id.clone(), session.remembrance(now));
            self.alarms.set(id, None);
            self.sessions.remove(id);
        } else {
            self.alarms.set(id, session.next_timeout());
        }
        Some(result)
    }

    /// Does what is due. Each session is woken once, so that this ends whatever a session leaves
    /// behind.
    fn expire(&mut self, now: Time) {
        for id in self.alarms.take_due(now) {
            self.with_session(now, &id, Session::expire);
        }
    }

    /// Does something with the sessions that are over.
    fn with_closed<R>(
        &mut self,
        now: Time,
        act: impl FnOnce(&mut ClosedSessions, &mut Step<'_>) -> R,
    ) -> R {
        let mut step = Step {
            now,
            me: self.me,
            config: &self.config,
            chat_is_up: self.chat_is_up,
            capabilities: &self.capabilities,
            device: &self.device,
            ids: &mut self.ids,
            outputs: &mut self.outputs,
        };
        act(&mut self.closed, &mut step)
    }

    fn with_every_session(&mut self, now: Time, act: impl Fn(&mut Session, &mut Step<'_>)) {
        let ids: alloc::vec::Vec<_> = self.sessions.keys().cloned().collect();
        for id in &ids {
            self.with_session(now, id, &act);
        }
    }

    fn ask(
        &mut self,
        now: Time,
        id: &SessionId,
        act: impl FnOnce(&mut Session, &mut Step<'_>) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        match self.with_session(now, id, act) {
            Some(result) => result,
            None if self.closed.contains(now, id) => Err(CommandError::SessionClosed),
            None => Err(CommandError::UnknownSession),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use visavis_signal::{CallType, SignalKind};

    use super::*;
    use crate::peer::PeerTimer;
    use crate::{PeerState, TransportEvent};

    const BOB: UserId = UserId(102);
    const CAROL: UserId = UserId(103);

    fn kind(output: &Output) -> Option<SignalKind> {
        match output {
            Output::Send { signal, .. } => Some(signal.kind()),
            _ => None,
        }
    }

    #[test]
    fn an_alarm_that_is_left_on_a_peer_who_is_out_wakes_nobody() {
        let mut core = Core::new(UserId(101), CallConfig::default(), 1).expect("it is there");
        let session = SessionId::from_bytes([1; 16]);
        let now = Time::ORIGIN;
        let commands = [
            Command::StartProcessing,
            Command::Create {
                session: session.clone(),
                opponents: vec![BOB, CAROL],
                call_type: CallType::Audio,
            },
            Command::Start {
                session: session.clone(),
                user_info: UserInfo::new(),
            },
        ];
        for command in commands {
            core.command(now, command)
                .expect("it is there")
                .for_each(drop);
        }
        let offer = Input::Transport {
            session: session.clone(),
            peer: BOB,
            event: TransportEvent::LocalOffer("offer".into()),
        };
        let sent: alloc::vec::Vec<_> = core
            .handle(now, offer)
            .filter_map(|out| kind(&out))
            .collect();
        assert_eq!(sent, [SignalKind::Call]);
        let no = Input::Signal {
            from: Address::bare(BOB),
            signal: Signal::new(session.clone(), Body::Reject),
        };
        core.handle(now, no).for_each(drop);
        let left = core.sessions.get_mut(&session).expect("it is there");
        assert_eq!(left.peer_state(BOB), PeerState::Rejected);
        let before = left.next_timeout();
        left.peers
            .get_mut(&BOB)
            .expect("it is there")
            .timers
            .set(PeerTimer::Redial, now);
        assert_eq!(left.next_timeout(), before);
        core.alarms.set(&session, Some(now));
        assert_eq!(core.handle(now, Input::Timeout).count(), 0);
        assert_eq!(core.next_timeout(), before);
    }
}

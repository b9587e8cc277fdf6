//! The core itself: one logged-in user on one device, and all his calls.

use alloc::collections::{BTreeMap, VecDeque};

use visavis_signal::{Body, SessionId, Signal, UserId, UserInfo};

use crate::closed::{ClosedSession, ClosedSessions};
use crate::early::EarlyCandidates;
use crate::invitation::Invitation;
use crate::outgoing::check_opponents;
use crate::session::{Direction, Farewell, Session};
use crate::step::Step;
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
    me: UserId,
    config: CallConfig,
    processing: bool,
    chat_is_up: bool,
    sessions: BTreeMap<SessionId, Session>,
    closed: ClosedSessions,
    early: EarlyCandidates,
    outputs: VecDeque<Output>,
}

impl Core {
    /// Call control for this user. Nothing is delivered before
    /// [`Command::StartProcessing`].
    ///
    /// # Errors
    /// A setting is out of its range.
    pub fn new(me: UserId, config: CallConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            me,
            config,
            processing: false,
            chat_is_up: true,
            sessions: BTreeMap::new(),
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
        self.sessions
            .values()
            .filter_map(Session::next_timeout)
            .min()
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
            Input::Timeout => self.with_every_session(now, Session::expire),
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
                self.with_every_session(now, Session::dial_again);
            }
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
            Command::Start { session, user_info } => {
                self.ask_session(now, &session, |session, step| {
                    session.start(step, user_info)
                })?;
            }
            Command::Accept { session, user_info } => {
                self.ask_session(now, &session, |session, step| {
                    session.accept(step, user_info)
                })?;
            }
            Command::Reject { session, user_info } => {
                self.ask_session(now, &session, |session, step| {
                    session.reject(step, &user_info)
                })?;
            }
            Command::HangUp { session, user_info } => {
                self.ask_session(now, &session, |session, step| {
                    session.hang_up(step, &user_info)
                })?;
            }
            Command::Update {
                session,
                to,
                user_info,
            } => {
                self.ask_session(now, &session, |session, step| {
                    session.update(step, to, &user_info)
                })?;
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
        if from.user == self.me {
            let kind = signal.kind();
            self.with_session(now, &signal.session, |session, step| {
                session.decided_elsewhere(step, kind)
            });
        } else if self.sessions.contains_key(&signal.session) {
            let id = signal.session.clone();
            self.with_session(now, &id, |session, step| {
                session.receive(step, &from, signal)
            });
        } else if let Some(closed) = self.closed.get(now, &signal.session) {
            if let Some(farewell) = closed.answer(from.user, signal.kind()) {
                self.decline(from, &signal, farewell, UserInfo::new());
            }
        } else {
            self.receive_unknown(now, from, signal);
        }
    }

    /// A signal of a session that we do not know. Only a `call` begins one; the rest may be meant
    /// for another device of ours, so it is not answered.
    fn receive_unknown(&mut self, now: Time, from: Address, signal: Signal) {
        match &signal.body {
            Body::Call { offer } => {
                let Some(call) = Invitation::read(&signal, from.user, self.me) else {
                    return;
                };
                if let Some(cause) = self.busy(from.user) {
                    return self.reject_unasked(now, from, signal, &call, cause);
                }
                let (offer, bandwidth) = (offer.clone(), signal.bandwidth);
                let early = self.early.take(now, &call.session, from.user);
                let session = Session::incoming(call, from, signal.user_info, now);
                self.sessions.insert(signal.session.clone(), session);
                self.with_session(now, &signal.session, |session, step| {
                    session.ring(step, offer, bandwidth, early)
                });
            }
            Body::IceCandidates(candidates) => {
                self.early
                    .keep(now, &signal.session, from.user, candidates.clone());
            }
            Body::Accept { .. } | Body::Reject | Body::HangUp | Body::Update(_) => {}
        }
    }

    /// Whether a call of this user must not ring. While we dial him ourselves, his call is none
    /// that disturbs: both rang at once.
    fn busy(&self, caller: UserId) -> Option<BusyCause> {
        let in_call = |session: &Session| session.is_engaged() && !session.is_dialing(caller);
        if self.config.auto_reject && self.sessions.values().any(in_call) {
            return Some(BusyCause::InCall);
        }
        let ringing = self
            .sessions
            .values()
            .filter(|session| session.is_ringing())
            .count();
        (ringing >= self.config.incoming_limit).then_some(BusyCause::TooManyRinging)
    }

    fn reject_unasked(
        &mut self,
        now: Time,
        from: Address,
        signal: Signal,
        call: &Invitation,
        cause: BusyCause,
    ) {
        let why = match cause {
            BusyCause::InCall => reason::BUSY,
            BusyCause::TooManyRinging => reason::TOO_MANY_CALLS,
        };
        let closed = ClosedSession {
            direction: Direction::Incoming,
            partners: [from.user].into(),
            farewell: Some(Farewell::Reject),
        };
        self.closed.remember(now, signal.session.clone(), closed);
        let user = from.user;
        self.decline(from, &signal, Farewell::Reject, reason::user_info(why));
        self.outputs.push_back(Output::Event(Event::Busy {
            session: signal.session,
            user,
            call_type: call.call_type,
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
            ..Signal::new(signal.session.clone(), farewell.body())
        };
        self.outputs.push_back(Output::Send { to, signal: answer });
    }

    // ── Sessions ────────────────────────────────────────────────────────────

    /// Does something with a session, if it exists, and forgets the session once it is closed.
    fn with_session<R>(
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
            outputs: &mut self.outputs,
        };
        let result = act(session, &mut step);
        if session.state() == SessionState::Closed {
            self.closed.remember(now, id.clone(), session.remembrance());
            self.sessions.remove(id);
        }
        Some(result)
    }

    fn with_every_session(&mut self, now: Time, act: impl Fn(&mut Session, &mut Step<'_>)) {
        let ids: alloc::vec::Vec<_> = self.sessions.keys().cloned().collect();
        for id in &ids {
            self.with_session(now, id, &act);
        }
    }

    fn ask_session(
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

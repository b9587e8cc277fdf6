//! A client of the documented system, modeled by what it was seen to do on the wire.
//!
//! It addresses users, never devices. It announces no capabilities. Its `call` is repeated with the
//! candidates in the description, and its own candidates come after the answer. Candidates that
//! come while it rings are dropped. It rejects to everybody, and hangs up to everybody who ever was
//! in the call. It does not hang up on who does not answer. While it is in a call it rejects others
//! by itself. Between two callees it answers an offer that came while it rang only when that is
//! repeated. A lost connection is replaced after five seconds, by whoever has the larger id.

mod call;
mod reconnect;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use visavis_call::{Address, Command, CommandError, Input, Time, TransportCommand, TransportEvent};
use visavis_signal::{Body, Candidate, SessionId, Signal, SignalKind, UserId, UserInfo};

use crate::client::Outcome;

use self::call::Call;

pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(60);
const DIALING_INTERVAL: Duration = Duration::from_secs(5);
/// How many calls may ring at once; further ones are rejected.
const INCOMING_LIMIT: usize = 1;

/// What its app is told: the name of the callback, and whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The call.
    pub session: SessionId,
    /// The callback, without its `Listener`.
    pub name: &'static str,
    /// Whom it is about.
    pub user: Option<UserId>,
    /// What else it says.
    pub detail: Option<&'static str>,
}

/// One foreign client.
#[derive(Debug)]
pub struct Foreign {
    me: UserId,
    calls: BTreeMap<SessionId, Call>,
    over: BTreeSet<SessionId>,
    /// Created, and not yet started.
    created: BTreeMap<SessionId, (Vec<UserId>, visavis_signal::CallType)>,
    offers: u64,
    outcomes: Vec<Outcome>,
}

impl Foreign {
    /// A client of this user.
    pub fn new(me: UserId) -> Self {
        Self {
            me,
            calls: BTreeMap::new(),
            over: BTreeSet::new(),
            created: BTreeMap::new(),
            offers: 0,
            outcomes: Vec::new(),
        }
    }

    /// Whether it is in a call, or being called.
    pub fn has(&self, session: &SessionId) -> bool {
        self.calls.contains_key(session)
    }

    /// The calls that it is in, or being called into.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        self.calls.keys()
    }

    /// Whether it is connected with a user.
    pub fn is_connected(&self, session: &SessionId, user: UserId) -> bool {
        let peer = self.calls.get(session).and_then(|call| call.peer(user));
        peer.is_some_and(|peer| peer.connected)
    }

    /// Whether it sees a user in the call, connected or not yet.
    pub fn expects(&self, session: &SessionId, user: UserId) -> bool {
        let peer = self.calls.get(session).and_then(|call| call.peer(user));
        peer.is_some_and(|peer| !peer.closed)
    }

    /// With whom it is connected.
    pub fn connected(&self, session: &SessionId) -> Vec<UserId> {
        let call = self.calls.get(session);
        call.map(Call::connected).unwrap_or_default()
    }

    pub(crate) fn next_timeout(&self) -> Option<Time> {
        self.calls.values().filter_map(Call::next_timeout).min()
    }

    pub(crate) fn command(
        &mut self,
        now: Time,
        command: Command,
    ) -> Result<Vec<Outcome>, CommandError> {
        match command {
            Command::Create {
                session,
                opponents,
                call_type,
            } => {
                self.created.insert(session, (opponents, call_type));
            }
            Command::Start { session, user_info } => {
                let (opponents, call_type) = self
                    .created
                    .remove(&session)
                    .ok_or(CommandError::UnknownSession)?;
                let call = Call::outgoing(session.clone(), self.me, opponents, call_type, now);
                self.calls.insert(session.clone(), call);
                self.with(&session, |call, step| call.start(step, now, user_info));
            }
            Command::Accept { session, user_info } => {
                self.with(&session, |call, step| call.accept(step, now, user_info));
            }
            Command::Reject { session, user_info } => {
                self.with(&session, |call, step| call.reject(step, &user_info));
            }
            Command::HangUp { session, user_info } => {
                self.with(&session, |call, step| call.hang_up(step, &user_info));
            }
            Command::Update {
                session, user_info, ..
            } => {
                self.with(&session, |call, step| call.update(step, &user_info));
            }
            // Muting sends nothing.
            Command::SetMedia { .. } | Command::StartProcessing => {}
            Command::Destroy => {
                for session in self.calls.keys().cloned().collect::<Vec<_>>() {
                    self.with(&session, |call, step| {
                        call.hang_up(step, &UserInfo::new());
                    });
                }
            }
            _ => return Err(CommandError::NobodyUpgrades),
        }
        Ok(std::mem::take(&mut self.outcomes))
    }

    pub(crate) fn handle(&mut self, now: Time, input: Input) -> Vec<Outcome> {
        match input {
            Input::Signal { from, signal } => self.receive(now, &from, signal),
            Input::Transport {
                session,
                peer,
                event,
            } => {
                self.with(&session, |call, step| {
                    call.on_transport(step, now, peer, event)
                });
            }
            Input::Timeout => {
                for session in self.calls.keys().cloned().collect::<Vec<_>>() {
                    self.with(&session, |call, step| call.expire(step, now));
                }
            }
            _ => {}
        }
        std::mem::take(&mut self.outcomes)
    }

    fn receive(&mut self, now: Time, from: &Address, signal: Signal) {
        let session = signal.session.clone();
        if from.user == self.me {
            // A copy of what another device decided: the app stops ringing.
            let decided = matches!(signal.kind(), SignalKind::Accept | SignalKind::Reject);
            if decided && self.calls.get(&session).is_some_and(Call::is_ringing) {
                self.with(&session, |call, step| call.stop_ringing(step));
            }
        } else if self.calls.contains_key(&session) {
            self.with(&session, |call, step| {
                call.receive(step, now, from.user, signal)
            });
        } else if signal.caller == Some(from.user) && !self.over.contains(&session) {
            self.called(now, from.user, signal);
        }
    }

    /// The first `call` of an unknown session.
    fn called(&mut self, now: Time, from: UserId, signal: Signal) {
        let Body::Call { offer } = &signal.body else {
            return;
        };
        let session = signal.session.clone();
        let engaged = self.calls.values().any(|call| !call.is_ringing());
        if engaged || self.calls.len() >= INCOMING_LIMIT {
            // It echoes everything that it received, the description included.
            self.outcomes.push(Outcome::Send {
                to: Address::bare(from),
                signal: Signal {
                    body: Body::Reject,
                    ..signal
                },
            });
            self.tell(&session, "onInvalidEvents", Some(from), Some("onCall"));
            return;
        }
        let call = Call::incoming(&signal, self.me, from, offer.clone(), now);
        self.calls.insert(session.clone(), call);
        self.tell(&session, "onCall", Some(from), None);
    }

    fn tell(
        &mut self,
        session: &SessionId,
        name: &'static str,
        user: Option<UserId>,
        detail: Option<&'static str>,
    ) {
        self.outcomes.push(Outcome::Callback(Callback {
            session: session.clone(),
            name,
            user,
            detail,
        }));
    }

    /// Does something with a call, and forgets it when it is over.
    fn with(&mut self, session: &SessionId, act: impl FnOnce(&mut Call, &mut Step<'_>)) {
        let Some(call) = self.calls.get_mut(session) else {
            return;
        };
        let mut step = Step {
            me: self.me,
            offers: &mut self.offers,
            outcomes: &mut self.outcomes,
        };
        act(call, &mut step);
        if call.is_over() {
            self.calls.remove(session);
            self.over.insert(session.clone());
        }
    }
}

/// The circumstances of one step.
pub(crate) struct Step<'a> {
    pub(crate) me: UserId,
    offers: &'a mut u64,
    outcomes: &'a mut Vec<Outcome>,
}

impl Step<'_> {
    fn send(&mut self, to: UserId, signal: Signal) {
        self.outcomes.push(Outcome::Send {
            to: Address::bare(to),
            signal,
        });
    }

    fn transport(&mut self, session: &SessionId, peer: UserId, command: TransportCommand) {
        self.outcomes.push(Outcome::Transport {
            session: session.clone(),
            peer,
            command,
        });
    }

    fn tell(&mut self, session: &SessionId, name: &'static str, user: Option<UserId>) {
        self.tell_more(session, name, user, None);
    }

    fn tell_more(
        &mut self,
        session: &SessionId,
        name: &'static str,
        user: Option<UserId>,
        detail: Option<&'static str>,
    ) {
        self.outcomes.push(Outcome::Callback(Callback {
            session: session.clone(),
            name,
            user,
            detail,
        }));
    }

    /// An id for an offer that replaces a connection.
    fn offer_id(&mut self) -> String {
        *self.offers += 1;
        format!("{}-{}", self.me, self.offers)
    }
}

/// Whom it may send candidates to, and those that wait for that.
#[derive(Debug, Default)]
pub(crate) struct Trickle {
    gathered: Vec<Candidate>,
    open: bool,
}

impl Trickle {
    /// Candidates were found; those that go out now, one by one.
    fn found(&mut self, found: Vec<Candidate>) -> Vec<Candidate> {
        if self.open {
            return found;
        }
        self.gathered.extend(found);
        Vec::new()
    }

    /// The other side has its description: everything gathered so far.
    fn open(&mut self) -> Vec<Candidate> {
        self.open = true;
        std::mem::take(&mut self.gathered)
    }
}

pub(crate) fn is_loss(event: &TransportEvent) -> bool {
    matches!(event, TransportEvent::Disconnected | TransportEvent::Failed)
}

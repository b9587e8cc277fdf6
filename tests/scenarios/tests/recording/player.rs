//! Our call control in the place of a recorded user.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use visavis_call::{
    Address, CallConfig, Command, Core, Input, Output, Time, TransportCommand, TransportEvent,
};
use visavis_signal::{
    Body, Candidate, Description, DescriptionKind, SessionDescription, SessionId, Signal,
    SignalKind, Update, UserId, UserInfo,
};

use super::{Recording, Sent, What};

/// From one client to the server and on to the other one.
const CHAT_DELAY: Duration = Duration::from_millis(1);
/// A description of ours that the recorded client did not make.
pub(crate) const NOT_RECORDED: &str = "v=0 not recorded";
/// Longer than every timer of a call together.
const EPILOGUE: Duration = Duration::from_secs(100);

pub(crate) struct Player<'a> {
    recording: &'a Recording,
    me: UserId,
    core: Core,
    now: Time,
    /// What we said, to whom.
    pub(crate) said: Vec<(UserId, Signal)>,
    /// Whom we would not have told that we leave, because he was out already: the recorded clients
    /// tell everybody who ever was in the call.
    pub(crate) out: Vec<(SessionId, UserId)>,
    /// Offers of ours that replace a connection, to each peer.
    offers: BTreeMap<UserId, Vec<Arc<str>>>,
    /// How many descriptions each connection made.
    described: BTreeMap<(SessionId, UserId), (usize, usize)>,
    due: VecDeque<Input>,
    /// What is still to come from each peer and his connection.
    waiting: BTreeMap<UserId, VecDeque<Waiting>>,
}

/// Something that comes from a peer or his connection, and not before what it follows from: we may
/// be a little later than the one whose part we take.
enum Waiting {
    Signal(Signal),
    /// Candidates of ours.
    Found(SessionId, Vec<Candidate>),
    Report(TransportEvent),
}

impl<'a> Player<'a> {
    pub(crate) fn new(recording: &'a Recording, me: UserId) -> Self {
        // As the recorded clients were set.
        let config = CallConfig {
            answer_interval: Duration::from_secs(12),
            auto_reject: true,
            ..CallConfig::default()
        };
        let mut core = Core::new(me, config, 1).expect("valid settings");
        let started = core.command(Time::ORIGIN, Command::StartProcessing);
        assert_eq!(started.map(Iterator::count), Ok(0));
        Self {
            recording,
            me,
            core,
            now: Time::ORIGIN,
            said: Vec::new(),
            out: Vec::new(),
            offers: BTreeMap::new(),
            described: BTreeMap::new(),
            due: VecDeque::new(),
            waiting: BTreeMap::new(),
        }
    }

    pub(crate) fn play(&mut self) {
        for (at, what, from) in self.script() {
            self.run_until(Time::since_origin(at));
            if from == self.me {
                self.act(at, what);
            } else if let What::Sent(sent) = what {
                self.wait(from, Waiting::Signal(sent.signal.clone()));
            }
        }
        self.run_until(self.now + EPILOGUE);
    }

    /// What happens to us or is done by us, in order.
    fn script(&self) -> Vec<(Duration, &'a What, UserId)> {
        let lines = self.recording.lines.iter();
        let mut script: Vec<_> = lines
            .filter_map(|line| match &line.what {
                _ if line.user == self.me => Some((line.at, &line.what, line.user)),
                What::Sent(sent) if sent.to == self.me => {
                    Some((line.at + CHAT_DELAY, &line.what, line.user))
                }
                _ => None,
            })
            .collect();
        script.sort_by_key(|(at, _, _)| *at);
        script
    }

    fn run_until(&mut self, end: Time) {
        self.settle();
        while let Some(next) = self.core.next_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.handle(Input::Timeout);
        }
        self.now = self.now.max(end);
    }

    /// Connections do at once what they are told.
    fn settle(&mut self) {
        while let Some(input) = self.due.pop_front().or_else(|| self.next_in_time()) {
            let outputs: Vec<_> = self.core.handle(self.now, input).collect();
            self.carry_out(outputs);
        }
    }

    fn handle(&mut self, input: Input) {
        self.due.push_back(input);
        self.settle();
    }

    fn command(&mut self, command: Command) {
        if let Ok(outputs) = self.core.command(self.now, command) {
            let outputs: Vec<_> = outputs.collect();
            self.carry_out(outputs);
        }
        self.settle();
    }

    // ── What he does ────────────────────────────────────────────────────────

    fn act(&mut self, at: Duration, what: &What) {
        match what {
            What::App(verb) => self.app(at, verb),
            What::Connected(peer) => self.wait(*peer, Waiting::Report(TransportEvent::Connected)),
            What::Lost(peer) => self.wait(*peer, Waiting::Report(TransportEvent::Disconnected)),
            What::Copy(verb) => self.copy(verb),
            What::Sent(sent) => self.sent(sent),
            What::Other => {}
        }
    }

    /// What he said next of a kind, at that time or later.
    fn next_said(&self, at: Duration, kind: SignalKind) -> Option<&'a Sent> {
        let mut said = self.recording.said_by(self.me);
        said.find(|(when, sent)| *when >= at && sent.signal.kind() == kind)
            .map(|(_, sent)| sent)
    }

    fn app(&mut self, at: Duration, verb: &str) {
        match verb {
            "call" => {
                let Some(call) = self.next_said(at, SignalKind::Call) else {
                    return;
                };
                let (session, user_info) = about(&call.signal);
                self.command(Command::Create {
                    session: session.clone(),
                    opponents: call.signal.opponents.clone(),
                    call_type: call.signal.call_type.expect("a call has a type"),
                });
                self.command(Command::Start { session, user_info });
            }
            "accept" => {
                let Some(accept) = self.next_said(at, SignalKind::Accept) else {
                    return;
                };
                let (session, user_info) = about(&accept.signal);
                self.command(Command::Accept { session, user_info });
            }
            "reject" => {
                let said = self.next_said(at, SignalKind::Reject);
                let user_info = said.map(|sent| sent.signal.user_info.clone());
                let ringing = self
                    .core
                    .sessions()
                    .next()
                    .map(|session| session.id().clone());
                if let Some(session) = ringing {
                    let user_info = user_info.unwrap_or_default();
                    self.command(Command::Reject { session, user_info });
                }
            }
            _ => {}
        }
    }

    fn copy(&mut self, verb: &str) {
        let Some(session) = self
            .core
            .sessions()
            .next()
            .map(|session| session.id().clone())
        else {
            return;
        };
        let body = match verb {
            "accept" => Body::Accept {
                answer: "v=0".into(),
            },
            _ => Body::Reject,
        };
        let from = Address::device(self.me, "another device");
        let signal = Signal::new(session, body);
        self.handle(Input::Signal { from, signal });
    }

    /// Some of what he said was not said by itself.
    fn sent(&mut self, sent: &Sent) {
        let (session, user_info) = about(&sent.signal);
        match &sent.signal.body {
            Body::IceCandidates(candidates) => {
                self.wait(sent.to, Waiting::Found(session, candidates.clone()));
            }
            Body::HangUp => {
                let known = self.core.session(&session);
                let live = known.is_some_and(|known| known.peer_state(sent.to).is_live());
                let said = (sent.to, SignalKind::HangUp);
                let told = self
                    .said
                    .iter()
                    .any(|(to, signal)| (*to, signal.kind()) == said && signal.session == session);
                if live {
                    self.command(Command::HangUp { session, user_info });
                } else if !told {
                    self.out.push((session, sent.to));
                }
            }
            Body::Update(Update::Data { .. }) => {
                let to = Some(sent.to);
                self.command(Command::Update {
                    session,
                    to,
                    user_info,
                });
            }
            _ => {}
        }
    }

    // ── What comes in its time ──────────────────────────────────────────────

    fn wait(&mut self, peer: UserId, what: Waiting) {
        self.waiting.entry(peer).or_default().push_back(what);
        self.settle();
    }

    fn next_in_time(&mut self) -> Option<Input> {
        let peers: Vec<_> = self.waiting.keys().copied().collect();
        peers.into_iter().find_map(|peer| {
            let first = self.waiting.get(&peer)?.front()?;
            if !self.is_time(peer, first) {
                return None;
            }
            match self.waiting.get_mut(&peer)?.pop_front()? {
                Waiting::Signal(signal) => Some(self.heard(peer, signal)),
                Waiting::Found(session, found) => Some(Input::Transport {
                    session,
                    peer,
                    event: TransportEvent::LocalCandidates(found),
                }),
                Waiting::Report(event) => Some(Input::Transport {
                    session: self.session_with(peer)?,
                    peer,
                    event,
                }),
            }
        })
    }

    fn is_time(&self, peer: UserId, what: &Waiting) -> bool {
        match what {
            Waiting::Signal(signal) => {
                let answers = matches!(signal.body, Body::Accept { .. });
                let called = |(to, said): &(UserId, Signal)| {
                    let call = said.kind() == SignalKind::Call;
                    call && *to == peer && said.session == signal.session
                };
                !answers || self.said.iter().any(called)
            }
            Waiting::Found(session, _) => self.described.contains_key(&(session.clone(), peer)),
            Waiting::Report(TransportEvent::Connected) => {
                let call = self
                    .session_with(peer)
                    .and_then(|id| self.core.session(&id));
                call.is_none_or(|call| call.peer_state(peer).is_negotiated())
            }
            Waiting::Report(_) => true,
        }
    }

    fn session_with(&self, peer: UserId) -> Option<SessionId> {
        let mut sessions = self.core.sessions();
        let with_him = sessions.find(|session| session.peer(peer).is_some());
        with_him.map(|session| session.id().clone())
    }

    // ── What he hears ───────────────────────────────────────────────────────

    fn heard(&self, from: UserId, mut signal: Signal) -> Input {
        if let Body::Update(Update::Reconnect(description)) = &mut signal.body
            && description.kind == DescriptionKind::Answer
        {
            self.translate(from, description);
        }
        let from = Address::device(from, "browser");
        Input::Signal { from, signal }
    }

    /// The recorded answer is to the recorded offer; ours has another id.
    fn translate(&self, from: UserId, answer: &mut SessionDescription) {
        let recorded = self.recorded_offers(from);
        let at = recorded.iter().position(|id| *id == answer.offer_id);
        let ours = self
            .offers
            .get(&from)
            .zip(at)
            .and_then(|(ours, at)| ours.get(at));
        if let Some(ours) = ours {
            answer.offer_id = Arc::clone(ours);
        }
    }

    /// The ids of the offers that replaced his connection with somebody.
    fn recorded_offers(&self, to: UserId) -> Vec<Arc<str>> {
        let said = self.recording.said_by(self.me);
        said.filter_map(|(_, sent)| match &sent.signal.body {
            Body::Update(Update::Reconnect(description))
                if sent.to == to && description.kind == DescriptionKind::Offer =>
            {
                Some(Arc::clone(&description.offer_id))
            }
            _ => None,
        })
        .collect()
    }

    // ── What is done ────────────────────────────────────────────────────────

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send { to, signal } => {
                    if let Body::Update(Update::Reconnect(description)) = &signal.body
                        && description.kind == DescriptionKind::Offer
                    {
                        let id = Arc::clone(&description.offer_id);
                        self.offers.entry(to.user).or_default().push(id);
                    }
                    self.said.push((to.user, signal));
                }
                Output::Transport {
                    session,
                    peer,
                    command,
                } => self.obey(session, peer, &command),
                Output::Event(_) => {}
            }
        }
    }

    /// The connection makes the descriptions that were recorded, one after the other.
    fn obey(&mut self, session: SessionId, peer: UserId, command: &TransportCommand) {
        let count = self.described.entry((session.clone(), peer)).or_default();
        let event = match command {
            TransportCommand::CreateOffer => {
                count.0 += 1;
                let at = count.0 - 1;
                TransportEvent::LocalOffer(self.recorded(&session, peer, true, at))
            }
            TransportCommand::CreateAnswer => {
                count.1 += 1;
                let at = count.1 - 1;
                TransportEvent::LocalAnswer(self.recorded(&session, peer, false, at))
            }
            TransportCommand::Close => TransportEvent::Closed,
            _ => return,
        };
        self.due.push_back(Input::Transport {
            session,
            peer,
            event,
        });
    }

    fn recorded(&self, session: &SessionId, to: UserId, offers: bool, at: usize) -> Description {
        let said = self.recording.said_by(self.me);
        let said = said.filter(|(_, sent)| sent.to == to && sent.signal.session == *session);
        let mut described: Vec<_> = said
            .filter_map(|(_, sent)| match &sent.signal.body {
                Body::Call { offer } if offers => Some(offer.clone()),
                Body::Accept { answer } if !offers => Some(answer.clone()),
                Body::Update(Update::Reconnect(description)) => {
                    let is_offer = description.kind == DescriptionKind::Offer;
                    (is_offer == offers).then(|| description.sdp.clone())
                }
                _ => None,
            })
            .collect();
        // A repeated `call` has the description of the first one.
        described.dedup();
        described
            .get(at)
            .cloned()
            .unwrap_or_else(|| NOT_RECORDED.into())
    }
}

fn about(signal: &Signal) -> (SessionId, UserInfo) {
    (signal.session.clone(), signal.user_info.clone())
}

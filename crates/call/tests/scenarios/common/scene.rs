//! One device in a call whose other users the test plays: what they say, and what the connections
//! report, is for the test to say.

use std::time::Duration;

use visavis_call::{
    Address, CallConfig, Command, CommandError, Core, Input, Output, PeerState, Session, Time,
    TransportEvent,
};
use visavis_signal::{
    Body, CallType, Capabilities, DescriptionKind, Join, MediaState, SessionDescription, SessionId,
    Signal, Update, UserId, UserInfo, capability,
};

use super::{accept, call, id, is_change_of_state, place, tell, tell_command};

/// A user whom the test plays.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) user: UserId,
    /// What chat calls his device.
    pub(crate) resource: &'static str,
    /// What his device calls itself.
    pub(crate) device: Option<&'static str>,
    pub(crate) capabilities: Capabilities,
}

/// A client of our own.
pub(crate) fn own(user: UserId) -> Played {
    Played {
        user,
        resource: "phone",
        device: Some("his phone"),
        capabilities: Capabilities::from_names(capability::ALL).unwrap(),
    }
}

/// A client of the documented system.
pub(crate) fn browser(user: UserId) -> Played {
    Played {
        user,
        resource: "browser",
        device: None,
        capabilities: Capabilities::new(),
    }
}

impl Played {
    /// Chat calls his device something else.
    pub(crate) fn renamed(&self, resource: &'static str) -> Self {
        Self {
            resource,
            ..self.clone()
        }
    }

    /// Another device of his.
    pub(crate) fn elsewhere(&self, resource: &'static str) -> Self {
        Self {
            resource,
            device: self.device.map(|_| resource),
            ..self.clone()
        }
    }
}

/// What somebody says about the connection that is there.
pub(crate) fn renegotiate(offer: &str, kind: DescriptionKind) -> Body {
    Body::Update(Update::Renegotiate(SessionDescription {
        offer_id: offer.into(),
        kind,
        sdp: offer.into(),
    }))
}

/// What somebody says that he sends.
pub(crate) fn media(audio: bool, video: bool) -> Body {
    Body::Update(Update::Media(MediaState {
        audio,
        video,
        held: false,
    }))
}

/// The device, and what it wants done.
pub(crate) struct Scene {
    core: Core,
    now: Time,
    session: SessionId,
    caller: UserId,
    opponents: Vec<UserId>,
    pub(crate) call_type: CallType,
    commands: Vec<(UserId, String)>,
    sent: Vec<(Address, Signal)>,
    story: Vec<String>,
}

impl Scene {
    pub(crate) fn new(me: UserId, caller: UserId, opponents: &[UserId]) -> Self {
        Self::with(me, caller, opponents, CallConfig::default())
    }

    pub(crate) fn with(
        me: UserId,
        caller: UserId,
        opponents: &[UserId],
        config: CallConfig,
    ) -> Self {
        let mut core = Core::new(me, config, 1).unwrap();
        let started = core.command(Time::ORIGIN, Command::StartProcessing);
        assert_eq!(started.unwrap().count(), 0);
        Self {
            core,
            now: Time::ORIGIN,
            session: id(1),
            caller,
            opponents: opponents.to_vec(),
            call_type: CallType::Video,
            commands: Vec::new(),
            sent: Vec::new(),
            story: Vec::new(),
        }
    }

    /// The same as a call without video.
    pub(crate) fn audio(mut self) -> Self {
        self.call_type = CallType::Audio;
        self
    }

    // ── What happens ────────────────────────────────────────────────────────

    pub(crate) fn command(&mut self, command: Command) -> Result<(), CommandError> {
        let outputs: Vec<_> = self.core.command(self.now, command)?.collect();
        self.note(outputs);
        Ok(())
    }

    pub(crate) fn handle(&mut self, input: Input) {
        let outputs: Vec<_> = self.core.handle(self.now, input).collect();
        self.note(outputs);
    }

    /// What somebody says in the call of this scene.
    pub(crate) fn says(&self, who: &Played, body: Body) -> Signal {
        let first = matches!(body, Body::Call { .. } | Body::Accept { .. });
        let capabilities = who.capabilities.clone();
        Signal {
            call_type: Some(self.call_type),
            caller: Some(self.caller),
            opponents: self.opponents.clone(),
            device: who.device.map(Into::into),
            capabilities: if first {
                capabilities
            } else {
                Capabilities::new()
            },
            ..Signal::new(self.session.clone(), body)
        }
    }

    pub(crate) fn hear(&mut self, who: &Played, body: Body) {
        let signal = self.says(who, body);
        self.hear_signal(who, signal);
    }

    pub(crate) fn hear_signal(&mut self, who: &Played, signal: Signal) {
        let from = Address::device(who.user, who.resource);
        self.handle(Input::Signal { from, signal });
    }

    /// He offers to us; `invitation` says how often he was called into the call.
    pub(crate) fn hear_call(&mut self, who: &Played, offer: &str, invitation: u32) {
        let join = Join {
            invitation,
            unreachable: Vec::new(),
        };
        let signal = Signal {
            join: (invitation > 0).then_some(join),
            ..self.says(who, call(offer))
        };
        self.hear_signal(who, signal);
    }

    pub(crate) fn report(&mut self, peer: UserId, event: TransportEvent) {
        let session = self.session.clone();
        self.handle(Input::Transport {
            session,
            peer,
            event,
        });
    }

    pub(crate) fn offer_is_ready(&mut self, peer: UserId) {
        self.report(peer, TransportEvent::LocalOffer("our offer".into()));
    }

    pub(crate) fn answer_is_ready(&mut self, peer: UserId) {
        self.report(peer, TransportEvent::LocalAnswer("our answer".into()));
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.core.next_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.handle(Input::Timeout);
        }
        self.now = end;
    }

    // ── How a call comes about ──────────────────────────────────────────────

    pub(crate) fn start(&mut self) {
        let create = Command::Create {
            session: self.session.clone(),
            opponents: self.opponents.clone(),
            call_type: self.call_type,
        };
        self.command(create).unwrap();
        let start = Command::Start {
            session: self.session.clone(),
            user_info: UserInfo::new(),
        };
        self.command(start).unwrap();
        for user in self.opponents.clone() {
            self.offer_is_ready(user);
        }
    }

    pub(crate) fn accept(&mut self) {
        let accept = Command::Accept {
            session: self.session.clone(),
            user_info: UserInfo::new(),
        };
        self.command(accept).unwrap();
    }

    /// He calls, and we take the call.
    pub(crate) fn take_call_of(&mut self, caller: &Played) {
        self.hear(caller, call("his offer"));
        self.accept();
        self.answer_is_ready(caller.user);
    }

    /// A call to us and to others that is taken, with its caller connected.
    pub(crate) fn called_by(caller: &Played, me: UserId, fellows: &[UserId]) -> Self {
        let opponents: Vec<_> = [me].into_iter().chain(fellows.iter().copied()).collect();
        let mut scene = Self::new(me, caller.user, &opponents);
        scene.take_call_of(caller);
        scene.report(caller.user, TransportEvent::Connected);
        scene.forget();
        scene
    }

    /// A call of ours in which all are connected.
    pub(crate) fn calling<const N: usize>(me: UserId, others: [Played; N]) -> Self {
        let users = others.each_ref().map(|other| other.user);
        let mut scene = Self::new(me, me, &users);
        scene.start();
        for other in others {
            scene.is_accepted_by(&other);
        }
        scene.forget();
        scene
    }

    /// He answers our offer, and is connected.
    pub(crate) fn is_accepted_by(&mut self, who: &Played) {
        self.hear(who, accept("his answer"));
        self.report(who.user, TransportEvent::Connected);
        assert_eq!(self.state_of(who.user), PeerState::Connected);
    }

    /// He offers, we answer, and he is connected.
    pub(crate) fn is_called_by_fellow(&mut self, who: &Played) {
        self.hear_call(who, "his offer", 0);
        self.answer_is_ready(who.user);
        self.report(who.user, TransportEvent::Connected);
        assert_eq!(self.state_of(who.user), PeerState::Connected);
    }

    // ── What is seen ────────────────────────────────────────────────────────

    pub(crate) fn session(&self) -> &Session {
        self.core.session(&self.session).unwrap()
    }

    /// Another call than the one of this scene.
    pub(crate) fn other(&self, session: &SessionId) -> Option<&Session> {
        self.core.session(session)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.core.session(&self.session).is_none()
    }

    pub(crate) fn state_of(&self, user: UserId) -> PeerState {
        self.session().peer_state(user)
    }

    /// What the app was told since the last look, changes of state left out.
    pub(crate) fn plot(&mut self) -> Vec<String> {
        std::mem::take(&mut self.story)
    }

    /// What the connection with a user was told to do since the last look.
    pub(crate) fn commands(&mut self, user: UserId) -> Vec<String> {
        let (his, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.commands)
            .into_iter()
            .partition(|(peer, _)| *peer == user);
        self.commands = rest;
        his.into_iter().map(|(_, command)| command).collect()
    }

    /// What was sent since the last look, and to whom.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let sent = self.signals().into_iter();
        sent.map(|(to, signal)| format!("{} to {}", signal.kind(), place(&to)))
            .collect()
    }

    pub(crate) fn signals(&mut self) -> Vec<(Address, Signal)> {
        std::mem::take(&mut self.sent)
    }

    pub(crate) fn forget(&mut self) {
        self.commands.clear();
        self.sent.clear();
        self.story.clear();
    }

    fn note(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Event(event) if is_change_of_state(&event) => {}
                Output::Event(event) => self.story.push(tell(&event)),
                Output::Send { to, signal } => self.sent.push((to, signal)),
                Output::Transport { peer, command, .. } => {
                    self.commands.push((peer, tell_command(&command)));
                }
            }
        }
    }
}

//! One call of a foreign client.

use std::collections::BTreeMap;

use visavis_call::{Time, TransportCommand, TransportEvent};
use visavis_signal::{
    Body, CallType, Candidate, Description, Platform, SessionId, Signal, Update, UserId, UserInfo,
};

use super::reconnect::Reconnect;
use super::{ANSWER_TIME, DIALING_INTERVAL, Step, Trickle, is_loss};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Active,
    Over,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(super) session: SessionId,
    call_type: CallType,
    initiator: UserId,
    opponents: Vec<UserId>,
    state: State,
    user_info: UserInfo,
    /// When a call that rings stops by itself, or who never connected is given up.
    wait_until: Option<Time>,
    pub(super) peers: BTreeMap<UserId, Peer>,
}

#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// His offer that waits for us.
    offered: Option<Description>,
    /// Our offer, while he is dialed.
    dialing: Option<Dialing>,
    described: bool,
    pub(super) open: bool,
    pub(crate) connected: bool,
    was_connected: bool,
    pub(crate) closed: bool,
    pub(super) trickle: Trickle,
    early: Vec<Candidate>,
    pub(super) reconnect: Reconnect,
}

#[derive(Debug, Default)]
struct Dialing {
    offer: Option<Description>,
    next: Option<Time>,
    ticks: u32,
}

impl Call {
    pub(super) fn outgoing(
        session: SessionId,
        me: UserId,
        opponents: Vec<UserId>,
        call_type: CallType,
        _now: Time,
    ) -> Self {
        let peers = opponents
            .iter()
            .map(|user| (*user, Peer::default()))
            .collect();
        Self {
            session,
            call_type,
            initiator: me,
            opponents,
            state: State::Active,
            user_info: UserInfo::new(),
            wait_until: None,
            peers,
        }
    }

    pub(super) fn incoming(
        signal: &Signal,
        me: UserId,
        from: UserId,
        offer: Description,
        now: Time,
    ) -> Self {
        let fellows = signal.opponents.iter().filter(|user| **user != me);
        let mut peers: BTreeMap<_, _> = fellows.map(|user| (*user, Peer::default())).collect();
        let caller = Peer {
            offered: Some(offer),
            ..Peer::default()
        };
        peers.insert(from, caller);
        Self {
            session: signal.session.clone(),
            call_type: signal.call_type.unwrap_or(CallType::Video),
            initiator: from,
            opponents: signal.opponents.clone(),
            state: State::New,
            user_info: UserInfo::new(),
            wait_until: Some(now + ANSWER_TIME),
            peers,
        }
    }

    pub(super) fn is_ringing(&self) -> bool {
        self.state == State::New
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn peer(&self, user: UserId) -> Option<&Peer> {
        self.peers.get(&user)
    }

    pub(super) fn connected(&self) -> Vec<UserId> {
        let connected = self.peers.iter().filter(|(_, peer)| peer.connected);
        connected.map(|(user, _)| *user).collect()
    }

    pub(super) fn next_timeout(&self) -> Option<Time> {
        let dialing = |peer: &Peer| peer.dialing.as_ref().and_then(|dialing| dialing.next);
        let peers = self.peers.values();
        peers
            .flat_map(|peer| [dialing(peer), peer.reconnect.next_timeout()])
            .chain([self.wait_until])
            .flatten()
            .min()
    }

    pub(super) fn say(&self, step: &mut Step<'_>, to: UserId, body: Body, user_info: UserInfo) {
        let bandwidth = matches!(body, Body::Call { .. }).then_some(0);
        let signal = Signal {
            call_type: Some(self.call_type),
            caller: Some(self.initiator),
            opponents: self.opponents.clone(),
            user_info,
            bandwidth,
            platform: Some(Platform::Web),
            ..Signal::new(self.session.clone(), body)
        };
        step.send(to, signal);
    }

    pub(super) fn order(&self, step: &mut Step<'_>, peer: UserId, command: TransportCommand) {
        step.transport(&self.session, peer, command);
    }

    pub(super) fn users(&self, is: impl Fn(&Peer) -> bool) -> Vec<UserId> {
        let chosen = self.peers.iter().filter(|(_, peer)| is(peer));
        chosen.map(|(user, _)| *user).collect()
    }

    // ── What its user does ──────────────────────────────────────────────────

    pub(super) fn start(&mut self, step: &mut Step<'_>, now: Time, user_info: UserInfo) {
        self.user_info = user_info;
        for user in self.users(|_| true) {
            self.offer_to(step, now, user);
        }
    }

    fn offer_to(&mut self, step: &mut Step<'_>, now: Time, user: UserId) {
        let call_type = self.call_type;
        self.order(step, user, TransportCommand::Open { call_type });
        self.order(step, user, TransportCommand::CreateOffer);
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.open = true;
            peer.dialing = Some(Dialing {
                next: Some(now + DIALING_INTERVAL),
                ..Dialing::default()
            });
        }
    }

    fn dial(&self, step: &mut Step<'_>, user: UserId) {
        let offer = self
            .peers
            .get(&user)
            .and_then(|peer| peer.dialing.as_ref()?.offer.clone());
        if let Some(offer) = offer {
            // What is for the callees goes out with the initiator's own calls alone.
            let info = if self.initiator == step.me {
                self.user_info.clone()
            } else {
                UserInfo::new()
            };
            self.say(step, user, Body::Call { offer }, info);
        }
    }

    pub(super) fn accept(&mut self, step: &mut Step<'_>, now: Time, user_info: UserInfo) {
        if self.state != State::New {
            return;
        }
        self.state = State::Active;
        self.user_info = user_info;
        self.answer(step, self.initiator);
        let me = step.me;
        let initiator = self.initiator;
        let mut smaller = self.users(|peer| !peer.closed);
        smaller.retain(|user| *user < me && *user != initiator);
        for user in smaller {
            self.offer_to(step, now, user);
        }
    }

    fn answer(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(offer) = self
            .peers
            .get_mut(&user)
            .and_then(|peer| peer.offered.take())
        else {
            return;
        };
        let call_type = self.call_type;
        self.order(step, user, TransportCommand::Open { call_type });
        self.order(step, user, TransportCommand::ApplyOffer(offer));
        self.order(step, user, TransportCommand::CreateAnswer);
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.open = true;
            peer.described = true;
        }
    }

    pub(super) fn reject(&mut self, step: &mut Step<'_>, user_info: &UserInfo) {
        for user in self.users(|_| true) {
            self.say(step, user, Body::Reject, user_info.clone());
        }
        self.close_all(step);
    }

    pub(super) fn hang_up(&mut self, step: &mut Step<'_>, user_info: &UserInfo) {
        for user in self.users(|_| true) {
            self.say(step, user, Body::HangUp, user_info.clone());
        }
        self.close_all(step);
    }

    pub(super) fn update(&self, step: &mut Step<'_>, user_info: &UserInfo) {
        for user in self.users(|peer| !peer.closed) {
            let update = Body::Update(Update::default());
            self.say(step, user, update, user_info.clone());
        }
    }

    /// Another device of its user decided.
    pub(super) fn stop_ringing(&mut self, step: &mut Step<'_>) {
        self.close_all(step);
    }

    // ── What comes in ───────────────────────────────────────────────────────

    pub(super) fn receive(&mut self, step: &mut Step<'_>, now: Time, from: UserId, signal: Signal) {
        if !self.peers.contains_key(&from) {
            return;
        }
        let gone = self.peers.get(&from).is_some_and(|peer| peer.closed);
        match signal.body {
            Body::Call { offer } => self.called_again(step, from, offer),
            Body::Accept { answer } => self.accepted_by(step, now, from, answer),
            Body::Reject if !gone => {
                step.tell(&self.session, "onReject", Some(from));
                self.close(step, from);
            }
            Body::HangUp if !gone => {
                step.tell(&self.session, "onStop", Some(from));
                if self.state == State::New && from == self.initiator {
                    self.close_all(step);
                } else {
                    self.close(step, from);
                }
            }
            Body::Reject | Body::HangUp => {
                step.tell_more(&self.session, "onInvalidEvents", Some(from), Some("onStop"));
            }
            Body::IceCandidates(candidates) => self.candidates_from(step, from, candidates),
            Body::Update(update) => {
                if !signal.user_info.is_empty() {
                    step.tell(&self.session, "onUpdate", Some(from));
                }
                if let Update::Reconnect(description) = update {
                    self.reconnected_by(step, now, from, description);
                }
            }
        }
    }

    fn called_again(&mut self, step: &mut Step<'_>, from: UserId, offer: Description) {
        let active = self.state == State::Active;
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| !peer.closed) else {
            return;
        };
        if peer.open {
            return;
        }
        peer.offered = Some(offer);
        // One that was kept while it rang is answered when it comes again.
        if active {
            self.answer(step, from);
        }
    }

    fn accepted_by(&mut self, step: &mut Step<'_>, _now: Time, from: UserId, answer: Description) {
        let Some(peer) = self.peers.get_mut(&from) else {
            return;
        };
        if peer.dialing.take().is_none() || peer.closed {
            return;
        }
        peer.described = true;
        let candidates = peer.trickle.open();
        let early = std::mem::take(&mut peer.early);
        step.tell(&self.session, "onAccept", Some(from));
        self.order(step, from, TransportCommand::ApplyAnswer(answer));
        if !early.is_empty() {
            self.order(step, from, TransportCommand::AddCandidates(early));
        }
        // Everything gathered so far in one, later ones singly.
        if !candidates.is_empty() {
            self.say(step, from, Body::IceCandidates(candidates), UserInfo::new());
        }
    }

    fn candidates_from(&mut self, step: &mut Step<'_>, from: UserId, candidates: Vec<Candidate>) {
        if self.state == State::New {
            return;
        }
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| !peer.closed) else {
            return;
        };
        if peer.described {
            self.order(step, from, TransportCommand::AddCandidates(candidates));
        } else {
            peer.early.extend(candidates);
        }
    }

    // ── Its connections ─────────────────────────────────────────────────────

    pub(super) fn on_transport(
        &mut self,
        step: &mut Step<'_>,
        now: Time,
        user: UserId,
        event: TransportEvent,
    ) {
        let Some(peer) = self.peers.get_mut(&user).filter(|peer| peer.open) else {
            return;
        };
        match event {
            TransportEvent::LocalOffer(offer) => match &mut peer.dialing {
                Some(dialing) => {
                    let first = dialing.offer.replace(offer).is_none();
                    if first {
                        self.dial(step, user);
                    }
                }
                None => self.reconnect_offer_ready(step, user, offer),
            },
            TransportEvent::LocalAnswer(answer) => {
                let sent = self.reconnect_answer_ready(step, user, &answer);
                if !sent {
                    let info = if user == self.initiator {
                        self.user_info.clone()
                    } else {
                        UserInfo::new()
                    };
                    self.say(step, user, Body::Accept { answer }, info);
                }
                self.open_trickle(step, user);
            }
            TransportEvent::LocalCandidates(found) => {
                for candidate in peer.trickle.found(found) {
                    let candidates = Body::IceCandidates(vec![candidate]);
                    self.say(step, user, candidates, UserInfo::new());
                }
            }
            TransportEvent::Connected => self.connected_with(step, user),
            event if is_loss(&event) => self.lost(step, now, user),
            _ => {}
        }
    }

    pub(super) fn open_trickle(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.described = true;
        for candidate in peer.trickle.open() {
            let candidates = Body::IceCandidates(vec![candidate]);
            self.say(step, user, candidates, UserInfo::new());
        }
    }

    /// A connection is built anew: nothing is known of the other side.
    pub(super) fn rebuilt(&mut self, user: UserId, described: bool) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.trickle = Trickle::default();
            peer.described = described;
            peer.early.clear();
            peer.connected = false;
        }
    }

    fn connected_with(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.connected = true;
        let first = !std::mem::replace(&mut peer.was_connected, true);
        if first {
            step.tell(&self.session, "onRemoteStream", Some(user));
        }
        self.regained(step, user);
        // Who never connects is given up when the time to answer is over.
        if self
            .peers
            .values()
            .all(|peer| peer.connected || peer.closed)
        {
            self.wait_until = None;
        }
    }

    fn lost(&mut self, step: &mut Step<'_>, now: Time, user: UserId) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.connected = false;
            self.begin_reconnect(step, now, user);
        }
    }

    // ── Time and the end ────────────────────────────────────────────────────

    pub(super) fn expire(&mut self, step: &mut Step<'_>, now: Time) {
        if self.wait_until.is_some_and(|until| until <= now) {
            self.wait_until = None;
            if self.state == State::New {
                return self.close_all(step);
            }
            for user in self.users(|peer| !peer.was_connected && !peer.closed) {
                step.tell(&self.session, "onUserNotAnswer", Some(user));
                self.close(step, user);
            }
        }
        for user in self.users(|peer| !peer.closed) {
            self.redial(step, now, user);
            self.expire_reconnect(step, now, user);
        }
    }

    fn redial(&mut self, step: &mut Step<'_>, now: Time, user: UserId) {
        let Some(dialing) = self
            .peers
            .get_mut(&user)
            .and_then(|peer| peer.dialing.as_mut())
        else {
            return;
        };
        if dialing.next.is_none_or(|next| next > now) {
            return;
        }
        dialing.ticks += 1;
        dialing.next = Some(now + DIALING_INTERVAL);
        // It rounds up to whole intervals, and says nothing at the end.
        if DIALING_INTERVAL * dialing.ticks >= ANSWER_TIME {
            step.tell(&self.session, "onUserNotAnswer", Some(user));
            self.close(step, user);
        } else {
            self.dial(step, user);
        }
    }

    pub(super) fn close(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user).filter(|peer| !peer.closed) else {
            return;
        };
        let open = std::mem::replace(&mut peer.open, false);
        let kept = std::mem::take(peer);
        *peer = Peer {
            closed: true,
            was_connected: kept.was_connected,
            ..Peer::default()
        };
        if open {
            self.order(step, user, TransportCommand::Close);
        }
        if self.peers.values().all(|peer| peer.closed) && self.state != State::Over {
            self.state = State::Over;
            step.tell(&self.session, "onSessionClose", None);
        }
    }

    fn close_all(&mut self, step: &mut Step<'_>) {
        for user in self.users(|_| true) {
            self.close(step, user);
        }
    }
}

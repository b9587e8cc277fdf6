//! One call: who is in it, where it stands, and what is done with each signal.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{
    Body, CallType, Join, MediaState, SessionId, Signal, SignalKind, Update, UserId, UserInfo,
};

use crate::closed::Farewell;
use crate::devices::Sender;
use crate::invitation::Invitation;
use crate::peer::{Peer, PeerTimer};
use crate::step::Step;
use crate::timers::Timers;
use crate::{Address, CommandError, Event, PeerState, SessionState, Time};

/// The least time in which an accepted call may find its connection, however late it was accepted.
const CONNECT_TIME_AT_LEAST: Duration = Duration::from_secs(10);

/// One call, between the moment it is created or comes in and the moment it is closed.
#[derive(Debug)]
pub struct Session {
    pub(crate) call: Invitation,
    pub(crate) direction: Direction,
    pub(crate) user_info: UserInfo,
    /// What we attach to our `accept`.
    pub(crate) accept_info: UserInfo,
    state: SessionState,
    pub(crate) peers: BTreeMap<UserId, Peer>,
    /// When it was started, or began to ring.
    pub(crate) began: Time,
    /// How often we were called into it while it went on.
    pub(crate) invitation: u32,
    /// Whom we asked to have in the call, and were not answered yet, with what to attach.
    pub(crate) asked: BTreeMap<UserId, UserInfo>,
    /// Whether we are called into it once more, and take that call.
    pub(crate) wanted: bool,
    /// Whether the other callees may be connected: the caller knows that it is this device that
    /// takes the call.
    pub(crate) confirmed: bool,
    /// What we send.
    pub(crate) media: MediaState,
    /// Since when, and how often, changes to the type of the call were passed on.
    pub(crate) passed_on: (Time, u8),
    pub(crate) farewell: Option<(Farewell, UserInfo)>,
    pub(crate) timers: Timers<SessionTimer>,
}

/// Who started a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// We call.
    Outgoing,
    /// We are called.
    Incoming,
}

/// What a session's alarms are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SessionTimer {
    /// It rang long enough.
    Ring,
    /// The caller said nothing after our `accept`: the other callees wait no longer.
    Confirm,
    /// The shell had time enough to release the connections.
    Close,
}

// What the app may look at.
impl Session {
    /// Its id.
    pub const fn id(&self) -> &SessionId {
        &self.call.session
    }

    /// Whether we call or are called.
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// Who started it, or called us into it.
    pub const fn initiator(&self) -> UserId {
        self.call.initiator
    }

    /// Everybody who was called.
    pub fn opponents(&self) -> &[UserId] {
        &self.call.opponents
    }

    /// With or without video.
    pub const fn call_type(&self) -> CallType {
        self.call.call_type
    }

    /// What the caller attached to the call: of an incoming call his user info, of our own what it
    /// was started with.
    pub const fn user_info(&self) -> &UserInfo {
        &self.user_info
    }

    /// Where it stands.
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// What we send, as the others are told.
    pub const fn media(&self) -> MediaState {
        self.media
    }

    /// One of the others.
    pub fn peer(&self, user: UserId) -> Option<&Peer> {
        self.peers.get(&user)
    }

    /// All of the others.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = &Peer> {
        self.peers.values()
    }

    /// Where we stand with a user; [`PeerState::Unknown`] when he is not in this call.
    pub fn peer_state(&self, user: UserId) -> PeerState {
        self.peer(user).map_or(PeerState::Unknown, Peer::state)
    }

    /// Whether it is an incoming call that waits to be accepted or rejected.
    pub fn is_ringing(&self) -> bool {
        self.direction == Direction::Incoming && self.state == SessionState::Pending
    }

    /// Whether its user is busy with it: it was started or accepted here, and goes on.
    pub fn is_engaged(&self) -> bool {
        match self.state {
            SessionState::Pending => self.direction == Direction::Outgoing,
            SessionState::Connecting | SessionState::Connected => true,
            SessionState::New | SessionState::GoingToClose | SessionState::Closed => false,
        }
    }
}

impl Session {
    pub(crate) fn new(
        call: Invitation,
        direction: Direction,
        user_info: UserInfo,
        peers: BTreeMap<UserId, Peer>,
        began: Time,
    ) -> Self {
        let video = call.call_type == CallType::Video;
        Self {
            call,
            direction,
            user_info,
            accept_info: UserInfo::new(),
            state: match direction {
                Direction::Outgoing => SessionState::New,
                Direction::Incoming => SessionState::Pending,
            },
            peers,
            began,
            invitation: 0,
            asked: BTreeMap::new(),
            wanted: false,
            confirmed: direction == Direction::Outgoing,
            media: MediaState {
                audio: true,
                video,
                held: false,
            },
            passed_on: (began, 0),
            farewell: None,
            timers: Timers::new(),
        }
    }

    /// Enters another state. What the table does not allow does not happen.
    pub(crate) fn enter(&mut self, step: &mut Step<'_>, next: SessionState) {
        if !self.state.may_become(next) {
            debug_assert!(false, "a session cannot go from {} to {next}", self.state);
            return;
        }
        self.state = next;
        step.event(Event::StateChanged {
            session: self.call.session.clone(),
            state: next,
        });
    }

    pub(crate) const fn ensure_open(&self) -> Result<(), CommandError> {
        if self.state.is_open() {
            Ok(())
        } else {
            Err(CommandError::SessionClosed)
        }
    }

    /// Refuses what makes no sense before the call was taken.
    pub(crate) fn ensure_taken(&self) -> Result<(), CommandError> {
        self.ensure_open()?;
        match self.state {
            SessionState::Connecting | SessionState::Connected => Ok(()),
            _ => Err(CommandError::NotStarted),
        }
    }

    pub(crate) fn live_users(&self) -> Vec<UserId> {
        self.users(|peer| peer.state().is_live())
    }

    /// The others of whom this is true.
    pub(crate) fn users(&self, is: impl Fn(&Peer) -> bool) -> Vec<UserId> {
        let chosen = self.peers.values().filter(|peer| is(peer));
        chosen.map(Peer::user).collect()
    }

    /// Until when a call that is accepted now has to be connected: what is left of the time to
    /// answer, but long enough to try.
    pub(crate) fn connect_by(&self, step: &Step<'_>) -> Time {
        let answer_by = self.began + step.config.answer_interval;
        answer_by.max(step.now + CONNECT_TIME_AT_LEAST)
    }

    /// Deals with a signal from another user. One who is not in the call changes nothing.
    pub(crate) fn receive(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Some(peer) = self.peer(from.user()) else {
            return;
        };
        let kind = signal.kind();
        let before = peer.state().is_negotiated().then(|| peer.address.clone());
        if let Body::Update(Update::Rejoin { invitation }) = signal.body {
            return self.asked_back(step, from, invitation);
        }
        match peer.state() {
            // One whom we have not called yet cannot know of it.
            PeerState::New if !peer.is_fellow() => {}
            state if state.is_live() => self.receive_from_peer(step, from, signal),
            _ => self.receive_from_leaver(step, from, kind),
        }
        let goes_on = matches!(kind, SignalKind::IceCandidates | SignalKind::Update);
        if goes_on && from.user() == self.call.initiator {
            self.join_fellows(step);
        }
        let now = self.peer(from.user()).map(|peer| &peer.address);
        if before.is_some() && now != before.as_ref() {
            self.say_again(step, from.user());
        }
    }

    /// What a peer may have missed who was without chat for a while.
    fn say_again(&mut self, step: &mut Step<'_>, user: UserId) {
        if !self.peer_state(user).is_negotiated() {
            return;
        }
        self.offer_again(step, user);
        self.tell_media(step, user);
        self.introduce_participants(step, user);
    }

    fn receive_from_peer(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        match signal.body {
            Body::Call { .. } => self.called_by(step, from, signal),
            Body::Accept { .. } => self.accepted_by(step, from, signal),
            Body::Reject => self.rejected_by(step, from.user(), signal.user_info),
            Body::HangUp => self.hung_up_by(step, from, signal.user_info),
            Body::IceCandidates(candidates) => self.candidates_from(step, from, candidates),
            Body::Update(_) => self.updated_by(step, from, signal),
        }
    }

    /// Somebody for whom the call is over. If he does not know he is told, but not while it rings
    /// here: another device may take the call.
    fn receive_from_leaver(&self, step: &mut Step<'_>, from: &Sender, kind: SignalKind) {
        let Some(peer) = self.peer(from.user()) else {
            return;
        };
        let begins = matches!(kind, SignalKind::Call | SignalKind::Accept);
        let answer = if !self.state.is_open() {
            self.remembrance(step.now).answer(from.user(), kind)
        } else if begins && !self.is_ringing() {
            Some((Farewell::HangUp, UserInfo::new()))
        } else {
            None
        };
        if let Some((farewell, user_info)) = answer {
            step.send(
                from.address.clone(),
                peer.signal(&self.call, step, farewell.body(), user_info),
            );
        }
    }

    /// Whether we are called into it once more: whoever calls takes us for gone.
    pub(crate) fn is_called_again(&self, from: UserId, me: UserId, signal: &Signal) -> bool {
        let further = |join: &Join| join.invitation > self.invitation;
        let known = self.peer(from).is_some();
        known
            && signal.join.as_ref().is_some_and(further)
            && Invitation::read(signal, from, me).is_some()
    }

    /// Makes room for the call into it once more, which is repeated until then. Who took the call
    /// before takes it again.
    pub(crate) fn leave_to_come_back(&mut self, step: &mut Step<'_>) {
        if !self.state.is_open() {
            return;
        }
        self.wanted = self.ensure_taken().is_ok();
        for user in self.users(Peer::is_dialed) {
            self.take_leave(step, user, &UserInfo::new());
        }
        self.end_all(step, PeerState::Closed, None);
    }

    /// A `call` of somebody who is in this call.
    fn called_by(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Some(peer) = self.peer(from.user()) else {
            return;
        };
        if peer.is_fellow() {
            self.fellow_calls(step, from, signal);
        } else if peer.is_caller() {
            self.call_repeated(step, from, signal);
        }
    }

    fn updated_by(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Body::Update(update) = signal.body else {
            return;
        };
        if !self.counts(from) {
            return;
        }
        let user = from.user();
        if let Update::Ringing = update {
            return self.rings_at(step, user);
        }
        if self.peer_state(user).is_negotiated() {
            match update {
                Update::Reconnect(description) => self.reconnected_by(step, user, description),
                Update::Renegotiate(description) => {
                    self.renegotiated_by(step, user, description, signal.call_type);
                }
                Update::Media(media) => self.media_of(step, user, media),
                Update::Add { user: added } => {
                    return self.asked_to_add(step, user, added, signal.user_info);
                }
                Update::AddRefused { user: added, cause } => self.add_refused(step, added, cause),
                Update::Added {
                    user: added,
                    invitation,
                    unreachable,
                } => self.told_of(step, user, added, invitation, &unreachable),
                Update::Data { .. } | Update::Ringing | Update::Rejoin { .. } => {}
            }
        }
        if !signal.user_info.is_empty() {
            step.event(Event::Updated {
                session: self.call.session.clone(),
                user,
                user_info: signal.user_info,
            });
        }
    }

    /// Whether a signal from this device counts. While nobody answered, any device of a user
    /// speaks for him; later only the one that is in the call.
    pub(crate) fn counts(&mut self, from: &Sender) -> bool {
        self.peers
            .get_mut(&from.user())
            .is_some_and(|peer| peer.is_undecided() || peer.follow(from))
    }

    /// Sends something to the apps of the others.
    pub(crate) fn update(
        &self,
        step: &mut Step<'_>,
        to: Option<UserId>,
        user_info: &UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_open()?;
        if let Some(user) = to.filter(|user| !self.peer_state(*user).is_live()) {
            return Err(CommandError::NotInCall { user });
        }
        let called = |peer: &&Peer| {
            let state = peer.state();
            state.is_live() && !matches!(state, PeerState::New | PeerState::Wait)
        };
        let called: Vec<_> = self
            .peers()
            .filter(|peer| to.is_none_or(|user| user == peer.user()))
            .filter(called)
            .collect();
        if called.is_empty() {
            return Err(CommandError::NotStarted);
        }
        for peer in called {
            let update = Body::Update(Update::default());
            peer.say(&self.call, step, update, user_info.clone());
        }
        Ok(())
    }

    /// Chat is back: what may have been lost is said again. Everybody takes a repetition for what
    /// it is. The others may have lost chat, too, and be called something else by now, so that it
    /// is said to all their devices until we hear of them.
    pub(crate) fn chat_restored(&mut self, step: &mut Step<'_>) {
        for user in self.live_users() {
            let Some(peer) = self.peers.get_mut(&user) else {
                continue;
            };
            peer.address = Address::bare(user);
            match peer.state() {
                PeerState::New | PeerState::Pending => self.dial(step, user),
                PeerState::Connecting | PeerState::Checking => {
                    peer.send_accept(&self.call, step, &self.accept_info);
                    peer.share_candidates(&self.call, step);
                }
                _ => self.repair(step, user),
            }
            self.say_again(step, user);
        }
        self.ask_again(step);
    }

    // ── Time ────────────────────────────────────────────────────────────────

    /// When something has to be done next. Of a peer who is out nothing is left to be done.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        self.peers
            .values()
            .filter(|peer| peer.state().is_live())
            .map(|peer| peer.timers.next())
            .chain([self.timers.next()])
            .flatten()
            .min()
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, step: &mut Step<'_>) {
        while let Some(timer) = self.timers.take_due(step.now) {
            match timer {
                SessionTimer::Ring => self.no_actions(step),
                SessionTimer::Confirm => self.join_fellows(step),
                SessionTimer::Close => self.finish(step),
            }
        }
        for user in self.live_users() {
            while let Some(timer) = self
                .peers
                .get_mut(&user)
                .and_then(|peer| peer.timers.take_due(step.now))
            {
                self.peer_expired(step, user, timer);
            }
        }
    }

    fn peer_expired(&mut self, step: &mut Step<'_>, user: UserId, timer: PeerTimer) {
        match timer {
            PeerTimer::Answer => self.not_answered(step, user),
            PeerTimer::Connect => self.give_up(step, user),
            PeerTimer::Disconnect => self.not_reconnected(step, user),
            PeerTimer::Repair => self.repair(step, user),
            PeerTimer::RepeatOffer => self.repeat_offer(step, user),
            PeerTimer::Redial => self.dial(step, user),
            PeerTimer::RepeatCandidates => {
                if let Some(peer) = self.peers.get(&user) {
                    peer.repeat_candidates(&self.call, step);
                }
            }
        }
    }
}

//! One call: who is in it, where it stands, and what is done with each signal.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{Body, CallType, SessionId, Signal, UserId, UserInfo};

use crate::closed::ClosedSession;
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
    pub(crate) farewell: Option<Farewell>,
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

/// How we take leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// We never took the call.
    Reject,
    /// We were in it.
    HangUp,
}

impl Farewell {
    pub(crate) const fn body(self) -> Body {
        match self {
            Self::Reject => Body::Reject,
            Self::HangUp => Body::HangUp,
        }
    }
}

/// What a session's alarms are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SessionTimer {
    /// It rang long enough.
    Ring,
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

    /// Who started it.
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
        state: SessionState,
        user_info: UserInfo,
        peers: BTreeMap<UserId, Peer>,
        began: Time,
    ) -> Self {
        Self {
            call,
            direction,
            user_info,
            accept_info: UserInfo::new(),
            state,
            peers,
            began,
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

    pub(crate) fn live_users(&self) -> Vec<UserId> {
        self.peers
            .values()
            .filter(|peer| peer.state().is_live())
            .map(Peer::user)
            .collect()
    }

    /// Until when a call that is accepted now has to be connected: what is left of the time to
    /// answer, but long enough to try.
    pub(crate) fn connect_by(&self, step: &Step<'_>) -> Time {
        let answer_by = self.began + step.config.answer_interval;
        answer_by.max(step.now + CONNECT_TIME_AT_LEAST)
    }

    /// Deals with a signal from another user. One who is not in the call changes nothing.
    pub(crate) fn receive(&mut self, step: &mut Step<'_>, from: &Address, signal: Signal) {
        match self.peer_state(from.user) {
            // He cannot know of this call yet, or not at all.
            PeerState::Unknown | PeerState::New => {}
            state if state.is_live() => self.receive_from_peer(step, from, signal),
            _ => self.receive_from_leaver(step, from, &signal),
        }
    }

    fn receive_from_peer(&mut self, step: &mut Step<'_>, from: &Address, signal: Signal) {
        let user_info = signal.user_info;
        match signal.body {
            Body::Call { offer } => self.call_repeated(step, from, offer),
            Body::Accept { answer } => {
                self.accepted_by(step, from, answer, user_info, signal.bandwidth)
            }
            Body::Reject => self.rejected_by(step, from.user, user_info),
            Body::HangUp => self.hung_up_by(step, from, user_info),
            Body::IceCandidates(candidates) => self.candidates_from(step, from, candidates),
            Body::Update(_) => self.updated_by(step, from, user_info),
        }
    }

    /// Somebody who is out of the call, while others are still in it.
    fn receive_from_leaver(&self, step: &mut Step<'_>, from: &Address, signal: &Signal) {
        if let Some(farewell) = self.remembrance().answer(from.user, signal.kind()) {
            step.send(
                from.clone(),
                self.call.signal(farewell.body(), UserInfo::new()),
            );
        }
    }

    fn updated_by(&mut self, step: &mut Step<'_>, from: &Address, user_info: UserInfo) {
        if self.counts(from) && !user_info.is_empty() {
            step.event(Event::Updated {
                session: self.call.session.clone(),
                user: from.user,
                user_info,
            });
        }
    }

    /// Whether a signal from this device counts. While nobody answered, any device of a user
    /// speaks for him; later only the one that is in the call.
    pub(crate) fn counts(&mut self, from: &Address) -> bool {
        let still_dialing = self.direction == Direction::Outgoing;
        self.peers.get_mut(&from.user).is_some_and(|peer| {
            let undecided = still_dialing && peer.state() == PeerState::Pending;
            undecided || peer.follow(from)
        })
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
        let called = |peer: &&Peer| peer.state().is_live() && peer.state() != PeerState::New;
        let called: Vec<_> = self
            .peers()
            .filter(|peer| to.is_none_or(|user| user == peer.user()))
            .filter(called)
            .collect();
        if called.is_empty() {
            return Err(CommandError::NotStarted);
        }
        for peer in called {
            let update = Body::Update(Default::default());
            peer.say(&self.call, step, update, user_info.clone());
        }
        Ok(())
    }

    // ── Time ────────────────────────────────────────────────────────────────

    /// When something has to be done next.
    pub(crate) fn next_timeout(&self) -> Option<Time> {
        self.peers
            .values()
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
            PeerTimer::Redial => self.dial(step, user),
            PeerTimer::RepeatCandidates => {
                if let Some(peer) = self.peers.get(&user) {
                    peer.repeat_candidates(&self.call, step);
                }
            }
        }
    }

    /// What to remember of it for latecomers.
    pub(crate) fn remembrance(&self) -> ClosedSession {
        ClosedSession {
            direction: self.direction,
            partners: self.peers.keys().copied().collect(),
            farewell: self.farewell,
        }
    }
}

//! Calling somebody into a call that goes on, and coming back to one.
//!
//! One participant keeps the list: the one who started the call, or when he is gone
//! the one with the smallest id. Everybody else asks him. He calls the new user like
//! any other, with the ids of those who are there, and tells them of him; they and
//! the new user then connect like fellow callees. Clients of the documented system
//! cannot be told, and have no connection with him.

use alloc::vec::Vec;

use visavis_signal::{AddRefusal, Body, Join, Signal, Update, UserId, UserInfo, capability};

use crate::devices::Sender;
use crate::peer::Peer;
use crate::session::Session;
use crate::step::Step;
use crate::{CommandError, Event, PeerState};

impl Session {
    /// The user wants somebody else in the call.
    pub(crate) fn add(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        user_info: UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_taken()?;
        if user == step.me {
            return Err(CommandError::OwnUserAmongOpponents);
        }
        if self.peer_state(user).is_live() {
            return Err(CommandError::AlreadyInCall { user });
        }
        if !step.chat_is_up {
            return Err(CommandError::ChatLost);
        }
        if self.ask(step, user, &user_info) {
            self.asked.insert(user, user_info);
            return Ok(());
        }
        self.invite(step, user, user_info)
    }

    /// Asks the one who keeps the list to call somebody into the call, as soon as we are in it
    /// ourselves. `false` when that is for us to do.
    fn ask(&self, step: &mut Step<'_>, user: UserId, user_info: &UserInfo) -> bool {
        let keeper = self.list_keeper(step, |_| true);
        let Some(keeper) = keeper.and_then(|keeper| self.peer(keeper)) else {
            return !self.confirmed;
        };
        let ask = Body::Update(Update::Add { user });
        keeper.say(&self.call, step, ask, user_info.clone());
        true
    }

    /// Asks once more for whom we were not answered: the question may be lost, or the one who was
    /// asked is gone.
    pub(crate) fn ask_again(&mut self, step: &mut Step<'_>) {
        if !step.chat_is_up || self.ensure_taken().is_err() {
            return;
        }
        for (user, user_info) in core::mem::take(&mut self.asked) {
            if self.peer_state(user).is_live() {
                continue;
            }
            if self.ask(step, user, &user_info) {
                self.asked.insert(user, user_info);
            } else if self.invite(step, user, user_info).is_err() {
                self.tell_refused(step, user, AddRefusal::Full);
            }
        }
    }

    /// Which of the others, as far as they count, keeps the list; `None` when we do.
    fn list_keeper(&self, step: &Step<'_>, counts: impl Fn(UserId) -> bool) -> Option<UserId> {
        let able = |peer: &Peer| peer.state().is_negotiated() && peer.can(capability::PARTICIPANTS);
        let able = self.users(|peer| able(peer) && counts(peer.user()));
        if able.contains(&self.call.initiator) {
            return Some(self.call.initiator);
        }
        let smallest = able.into_iter().min()?;
        let ours = self.call.initiator == step.me || step.me < smallest;
        (!ours).then_some(smallest)
    }

    /// A participant asks us, because we keep the list.
    pub(crate) fn asked_to_add(
        &mut self,
        step: &mut Step<'_>,
        asker: UserId,
        user: UserId,
        user_info: UserInfo,
    ) {
        let refusal = if user == step.me || self.peer_state(user).is_live() {
            Some(AddRefusal::Present)
        } else {
            let invited = self.invite(step, user, user_info);
            invited.is_err().then_some(AddRefusal::Full)
        };
        if let (Some(cause), Some(peer)) = (refusal, self.peer(asker)) {
            let refused = Body::Update(Update::AddRefused { user, cause });
            peer.say(&self.call, step, refused, UserInfo::new());
        }
    }

    /// The one who keeps the list does not call somebody for whom we asked.
    pub(crate) fn add_refused(&mut self, step: &mut Step<'_>, user: UserId, cause: AddRefusal) {
        if self.asked.remove(&user).is_some() {
            self.tell_refused(step, user, cause);
        }
    }

    fn tell_refused(&self, step: &mut Step<'_>, user: UserId, cause: AddRefusal) {
        step.event(Event::AddRefused {
            session: self.call.session.clone(),
            user,
            cause,
        });
    }

    /// A participant lost the call and wants to come back. He asks everybody; the one who keeps the
    /// list calls him, unless that happened already, or another device of his is there.
    pub(crate) fn asked_back(&mut self, step: &mut Step<'_>, from: &Sender, invitation: u32) {
        let user = from.user();
        let Some(peer) = self.peers.get_mut(&user).filter(|peer| peer.was_here()) else {
            return;
        };
        let is_there = peer.state().is_negotiated() && !peer.state().is_lost();
        if is_there && !peer.is_described_by(from) {
            return;
        }
        let called_already = peer.state().is_live() && peer.invitation > invitation;
        peer.invitation = peer.invitation.max(invitation);
        let ours_to_do = self.list_keeper(step, |other| other != user).is_none();
        if !called_already && ours_to_do && self.ensure_taken().is_ok() {
            // A full call has no room for him; his own time to wait ends.
            let _ = self.invite(step, user, UserInfo::new());
        }
    }

    /// Calls somebody into the call and tells the others.
    fn invite(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        user_info: UserInfo,
    ) -> Result<(), CommandError> {
        let others = self.users(|peer| peer.state().is_live() && peer.user() != user);
        let given = others.len() + 1;
        let limit = step.config.max_opponents;
        if given > limit {
            return Err(CommandError::TooManyOpponents { given, limit });
        }
        let unreachable = self.unable_to_let_in(user);
        let before = self.peer(user).map_or(0, |peer| peer.invitation);
        let added = Peer::invited(user, before.saturating_add(1), user_info);
        self.admit(step, added, &unreachable);
        for other in others {
            if self.peer_state(other).is_negotiated() {
                self.tell_of(step, other, user);
            }
        }
        self.offer_to(step, user, step.now + step.config.answer_interval);
        Ok(())
    }

    /// Tells a participant of somebody whom we called into the call.
    fn tell_of(&self, step: &mut Step<'_>, other: UserId, user: UserId) {
        let (Some(other), Some(added)) = (self.peer(other), self.peer(user)) else {
            return;
        };
        if other.can(capability::PARTICIPANTS) {
            let added = Update::Added {
                user,
                invitation: added.invitation,
                unreachable: self.unable_to_let_in(user),
            };
            other.say(&self.call, step, Body::Update(added), UserInfo::new());
        }
    }

    /// Somebody took the call, perhaps after others were called into it.
    pub(crate) fn let_in(&self, step: &mut Step<'_>, user: UserId) {
        self.introduce_participants(step, user);
        let unable = |peer: &Peer| !peer.can(capability::PARTICIPANTS);
        if self.peer(user).is_some_and(unable) {
            for added in self.users(|peer| peer.is_added_by_us() && peer.user() != user) {
                self.tell_unreachable(step, added, user);
            }
        }
    }

    fn tell_unreachable(&self, step: &mut Step<'_>, user: UserId, other: UserId) {
        step.event(Event::ParticipantUnreachable {
            session: self.call.session.clone(),
            user,
            other,
        });
    }

    /// Tells a participant of everybody whom we called into the call: he took it after that, or may
    /// have missed it.
    pub(crate) fn introduce_participants(&self, step: &mut Step<'_>, other: UserId) {
        let Some(told) = self.peer(other).filter(|peer| peer.state().is_negotiated()) else {
            return;
        };
        // Who called him himself is known to him.
        let unknown = |user: UserId| user != other && told.called_by != Some(user);
        for user in self.users(|peer| peer.is_added_by_us() && unknown(peer.user())) {
            self.tell_of(step, other, user);
        }
    }

    /// Participants whose clients do not know how to let somebody in.
    fn unable_to_let_in(&self, user: UserId) -> Vec<UserId> {
        self.users(|peer| {
            let there = peer.state().is_negotiated() && peer.user() != user;
            there && !peer.can(capability::PARTICIPANTS)
        })
    }

    /// The keeper of the list called somebody into the call.
    pub(crate) fn told_of(
        &mut self,
        step: &mut Step<'_>,
        keeper: UserId,
        user: UserId,
        invitation: u32,
        unreachable: &[UserId],
    ) {
        let known = self.peer(user);
        let is_news = known.is_none_or(|known| known.invitation < invitation);
        let full = known.is_none() && self.peers.len() >= PARTICIPANTS_AT_MOST;
        if user == step.me || !is_news || full {
            return;
        }
        self.asked.remove(&user);
        let mut added = Peer::added(user, step.me, invitation, step.now);
        added.called_by = Some(keeper);
        self.admit(step, added, unreachable);
        if self.confirmed {
            self.join_fellow(step, user);
        }
    }

    /// Puts somebody on our list, in place of what we knew of him before.
    fn admit(&mut self, step: &mut Step<'_>, mut added: Peer, unreachable: &[UserId]) {
        let user = added.user();
        let session = self.call.session.clone();
        if let Some(former) = self.peers.get_mut(&user) {
            if former.state().is_live() {
                former.enter(&self.call, step, PeerState::Closed);
                former.release(&self.call, step);
            }
            added.follows(former);
        }
        debug_assert!(self.peer_state(user).may_become(added.state()));
        step.event(Event::PeerStateChanged {
            session: session.clone(),
            user,
            state: added.state(),
        });
        self.peers.insert(user, added);
        if !self.call.opponents.contains(&user) && user != self.call.initiator {
            self.call.opponents.push(user);
        }
        step.event(Event::ParticipantAdded { session, user });
        for other in unreachable {
            self.tell_unreachable(step, user, *other);
        }
    }

    /// Makes of a `call` one into a call that goes on: who is there, and who cannot be reached.
    pub(crate) fn invite_into(
        &self,
        step: &Step<'_>,
        call: &mut Signal,
        user: UserId,
        invitation: u32,
    ) {
        let unreachable = self.unable_to_let_in(user);
        let reachable = self.users(|peer| {
            peer.state().is_live() && peer.user() != user && !unreachable.contains(&peer.user())
        });
        call.caller = Some(step.me);
        call.opponents = [user].into_iter().chain(reachable).collect();
        call.join = Some(Join {
            invitation,
            unreachable,
        });
    }
}

/// However long the call goes on, its participants cannot make the list longer than this.
const PARTICIPANTS_AT_MOST: usize = 64;

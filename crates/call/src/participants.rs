//! Calling somebody into a call that goes on, and coming back to one.
//!
//! One participant keeps the list: the one who started the call, or when he is gone
//! the one with the smallest id. Everybody else asks him. He calls the new user like
//! any other, with the ids of those who are there, and tells them of him; they and
//! the new user then connect like fellow callees. Clients of the documented system
//! cannot be told, and have no connection with him.

use alloc::vec::Vec;

use visavis_signal::{AddRefusal, Body, Join, Signal, Update, UserId, UserInfo, capability};

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
        match self.list_keeper(step).and_then(|keeper| self.peer(keeper)) {
            Some(keeper) => {
                let ask = Body::Update(Update::Add { user });
                keeper.say(&self.call, step, ask, user_info);
                Ok(())
            }
            None => self.invite(step, user, user_info),
        }
    }

    /// Who keeps the list; nobody else than ourselves when there is no answer.
    fn list_keeper(&self, step: &Step<'_>) -> Option<UserId> {
        let able = |peer: &Peer| peer.state().is_negotiated() && peer.can(capability::PARTICIPANTS);
        let able = self.users(able);
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

    pub(crate) fn add_refused(&self, step: &mut Step<'_>, user: UserId, cause: AddRefusal) {
        step.event(Event::AddRefused {
            session: self.call.session.clone(),
            user,
            cause,
        });
    }

    /// A participant lost the call and wants to come back.
    pub(crate) fn asked_back(&mut self, step: &mut Step<'_>, user: UserId) {
        let was_there = self.peer(user).is_some_and(Peer::was_connected);
        if was_there && self.ensure_taken().is_ok() {
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
        let invitation = self.peer(user).map_or(0, |peer| peer.invitation) + 1;
        let added = Peer::invited(user, invitation, user_info);
        self.admit(step, added, &unreachable);
        for other in others {
            if let Some(peer) = self.peer(other)
                && peer.state().is_negotiated()
                && peer.can(capability::PARTICIPANTS)
            {
                let unreachable = unreachable.clone();
                let added = Body::Update(Update::Added { user, unreachable });
                peer.say(&self.call, step, added, UserInfo::new());
            }
        }
        self.offer_to(step, user, step.now + step.config.answer_interval);
        Ok(())
    }

    /// Participants whose clients do not know how to let somebody in.
    fn unable_to_let_in(&self, user: UserId) -> Vec<UserId> {
        self.users(|peer| {
            let there = peer.state().is_negotiated() && peer.user() != user;
            there && !peer.can(capability::PARTICIPANTS)
        })
    }

    /// The keeper of the list called somebody into the call.
    pub(crate) fn told_of(&mut self, step: &mut Step<'_>, user: UserId, unreachable: &[UserId]) {
        let waits = matches!(
            self.peer_state(user),
            PeerState::New | PeerState::Wait | PeerState::Pending
        );
        if user == step.me || waits || self.call.opponents.len() >= MAX_LIST {
            return;
        }
        self.admit(step, Peer::fellow(user, step.me), unreachable);
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
        step.event(Event::ParticipantAdded {
            session: session.clone(),
            user,
        });
        for other in unreachable {
            step.event(Event::ParticipantUnreachable {
                session: session.clone(),
                user,
                other: *other,
            });
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

/// However long the call goes on, a peer cannot make the list longer than this.
const MAX_LIST: usize = 64;

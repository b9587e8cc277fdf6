//! A call to us, until it is answered: ringing, and what the user does about it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use visavis_signal::{
    Body, Candidate, Description, Signal, SignalKind, Update, UserId, UserInfo, capability,
};

use crate::devices::Sender;
use crate::invitation::Invitation;
use crate::peer::{Exchange, Peer, PeerTimer};
use crate::session::{Direction, Session, SessionTimer};
use crate::step::Step;
use crate::{CommandError, Event, PeerState, SessionState, Time, TransportCommand};

/// A `call` repeated this long after our `accept` means that the `accept` was lost; an earlier one
/// merely crossed it.
const ACCEPT_LOST_AFTER: Duration = Duration::from_secs(1);

/// How long the other callees wait for the caller to say that he took our `accept`.
const CONFIRM_TIME: Duration = Duration::from_secs(2);

impl Session {
    /// A call of somebody to us, and to others.
    pub(crate) fn incoming(
        call: Invitation,
        from: &Sender,
        signal: &Signal,
        me: UserId,
        now: Time,
    ) -> Self {
        let unreachable = signal.join.as_ref().map(|join| &join.unreachable[..]);
        let unreachable = unreachable.unwrap_or_default();
        let fellows = call
            .opponents
            .iter()
            .filter(|user| **user != me && !unreachable.contains(user))
            .map(|user| (*user, Peer::fellow(*user, me)));
        let mut peers: BTreeMap<_, _> = fellows.collect();
        peers.insert(from.user(), Peer::calling(from));
        let user_info = signal.user_info.clone();
        let mut session = Self::new(call, Direction::Incoming, user_info, peers, now);
        session.invitation = signal.join.as_ref().map_or(0, |join| join.invitation);
        session
    }

    /// Prepares the connection while the user decides, so that the answer waits for nothing.
    pub(crate) fn ring(&mut self, step: &mut Step<'_>, signal: Signal, early: Vec<Candidate>) {
        let Body::Call { offer } = signal.body else {
            return;
        };
        self.timers
            .set(SessionTimer::Ring, step.now + step.config.answer_interval);
        let Some(peer) = self.peers.get_mut(&self.call.initiator) else {
            return;
        };
        peer.introduce(signal.bandwidth, signal.capabilities);
        peer.take_offer(&self.call, step, offer);
        peer.add_candidates(&self.call, step, early);
        for user in signal.join.iter().flat_map(|join| &join.unreachable) {
            step.event(Event::ParticipantUnreachable {
                session: self.call.session.clone(),
                user: *user,
                other: step.me,
            });
        }
    }

    /// Tells the caller that it rings here, if his client wants to know.
    pub(crate) fn tell_ringing(&self, step: &mut Step<'_>) {
        let caller = self.peer(self.call.initiator);
        if let Some(caller) = caller.filter(|caller| caller.can(capability::RINGING)) {
            let ringing = Body::Update(Update::Ringing);
            caller.say(&self.call, step, ringing, UserInfo::new());
        }
    }

    /// The caller dials on. While it rings his newer offer replaces the older one; after that he
    /// may have missed our `accept`.
    pub(crate) fn call_repeated(&mut self, step: &mut Step<'_>, from: &Sender, signal: Signal) {
        let Body::Call { offer } = signal.body else {
            return;
        };
        let ringing = self.is_ringing();
        let Some(peer) = self.peers.get_mut(&from.user()) else {
            return;
        };
        if !peer.follow(from) {
            return;
        }
        if ringing && peer.offer.as_ref() != Some(&offer) {
            peer.take_offer(&self.call, step, offer);
        } else {
            peer.accept_again(&self.call, step, &self.accept_info);
        }
    }

    /// The user takes the call. The `accept` goes out as soon as the answer is there.
    pub(crate) fn accept(
        &mut self,
        step: &mut Step<'_>,
        user_info: UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_ringing()?;
        self.accept_info = user_info;
        self.timers.cancel(SessionTimer::Ring);
        self.timers
            .set(SessionTimer::Confirm, step.now + CONFIRM_TIME);
        self.enter(step, SessionState::Connecting);
        self.answer_to(step, self.call.initiator);
        Ok(())
    }

    /// Makes our answer to the offer of a user.
    pub(crate) fn answer_to(&mut self, step: &mut Step<'_>, user: UserId) {
        let connect_by = self.connect_by(step);
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.timers.cancel(PeerTimer::Answer);
            peer.timers.set(PeerTimer::Connect, connect_by);
            peer.command(&self.call, step, TransportCommand::CreateAnswer);
        }
    }

    /// Our answer is there, and goes out at once.
    pub(crate) fn answer_ready(&mut self, step: &mut Step<'_>, user: UserId, answer: Description) {
        let connect_by = self.connect_by(step);
        let taken = self.ensure_taken().is_ok();
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        match peer.exchange {
            Exchange::Answering if taken => {
                peer.local = Some(answer);
                peer.answered = Some(step.now);
                peer.send_accept(&self.call, step, &self.accept_info);
                peer.connect(&self.call, step, connect_by);
                self.let_in(step, user);
            }
            Exchange::Done => self.next_answer_ready(step, user, answer),
            _ => {}
        }
    }

    /// The user declines the call.
    pub(crate) fn reject(
        &mut self,
        step: &mut Step<'_>,
        user_info: &UserInfo,
    ) -> Result<(), CommandError> {
        self.ensure_ringing()?;
        self.hang_up(step, user_info)
    }

    fn ensure_ringing(&self) -> Result<(), CommandError> {
        self.ensure_open()?;
        if self.direction == Direction::Outgoing {
            return Err(CommandError::NotCallee);
        }
        if self.is_ringing() {
            Ok(())
        } else {
            Err(CommandError::AlreadyAccepted)
        }
    }

    /// Another device of our own user decided. Nothing is sent: that device does the talking.
    pub(crate) fn decided_elsewhere(&mut self, step: &mut Step<'_>, kind: SignalKind) {
        if !self.is_ringing() {
            return;
        }
        let session = self.call.session.clone();
        let event = match kind {
            SignalKind::Accept => Event::AcceptedElsewhere { session },
            // Had it been accepted there, that would have come first.
            SignalKind::Reject | SignalKind::HangUp => Event::RejectedElsewhere { session },
            _ => return,
        };
        self.end_all(step, PeerState::Closed, Some(event));
    }

    /// It rang long enough. Nothing is sent: another device may be about to answer.
    pub(crate) fn no_actions(&mut self, step: &mut Step<'_>) {
        let event = Event::NoActions {
            session: self.call.session.clone(),
            user: step.me,
        };
        self.end_all(step, PeerState::NotAnswered, Some(event));
    }
}

impl Peer {
    /// His offer, the first or a better one, for a connection that is not answered yet.
    pub(crate) fn take_offer(
        &mut self,
        call: &Invitation,
        step: &mut Step<'_>,
        offer: Description,
    ) {
        if !self.has_transport() {
            self.open_transport(call, step);
        }
        self.offer = Some(offer.clone());
        self.apply_offer(call, step, offer);
    }

    /// He repeats an offer that was answered long ago: our `accept` was lost.
    pub(crate) fn accept_again(
        &mut self,
        call: &Invitation,
        step: &mut Step<'_>,
        user_info: &UserInfo,
    ) {
        let long_ago = self
            .answered
            .is_some_and(|sent| step.now - sent >= ACCEPT_LOST_AFTER);
        if long_ago && matches!(self.state(), PeerState::Connecting | PeerState::Checking) {
            self.send_accept(call, step, user_info);
            self.share_candidates(call, step);
        }
    }

    /// Sends the `accept` with our answer, if there is one. A fellow callee is not told what is
    /// meant for the caller.
    pub(crate) fn send_accept(
        &mut self,
        call: &Invitation,
        step: &mut Step<'_>,
        user_info: &UserInfo,
    ) {
        let (Some(answer), Some(_)) = (self.local.clone(), self.answered) else {
            return;
        };
        self.answered = Some(step.now);
        let user_info = if self.is_fellow() {
            UserInfo::new()
        } else {
            user_info.clone()
        };
        self.say(call, step, Body::Accept { answer }, user_info);
    }
}

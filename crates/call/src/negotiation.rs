//! Descriptions that are exchanged after the first time, over `update`: to
//! repair a connection, or to change what it carries.
//!
//! Both sides may begin at the same moment. Then the offer of the user with the
//! larger id counts, in the documented system as between our own. An offer is
//! repeated until it is answered, and an answer whenever its offer comes again.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;

use visavis_signal::{
    Body, Description, DescriptionKind, SessionDescription, Update, UserId, UserInfo, capability,
};

use crate::TransportCommand;
use crate::peer::{Peer, PeerTimer};
use crate::session::Session;
use crate::step::Step;

/// An offer without an answer is sent again after this long,
const REPEAT_OFFER_AFTER: Duration = Duration::from_secs(3);
/// this often.
const OFFER_REPEATS: u8 = 10;
/// How many of a peer's offers may wait for our own answer.
const ANSWERS_DUE_AT_MOST: usize = 4;

/// What is under way with one peer.
#[derive(Debug, Default)]
pub(crate) struct Negotiation {
    /// What the connection was asked for and has not reported, oldest first.
    due: VecDeque<Due>,
    /// Our offer that waits for its answer.
    offer: Option<Offer>,
    /// Our answer to his last offer.
    answered: Option<Answer>,
    /// What to do when this is done: an exchange that could not begin meanwhile.
    next: Option<Change>,
}

#[derive(Debug)]
struct Offer {
    id: Arc<str>,
    sdp: Description,
    change: Change,
    repeats: u8,
}

#[derive(Clone, Debug)]
struct Answer {
    id: Arc<str>,
    sdp: Description,
    replaces: bool,
}

/// A description that the connection will report.
#[derive(Debug)]
enum Due {
    /// Our offer for this change; `None` when it is no longer wanted.
    Offer(Option<Change>),
    /// Our answer to the offer of this id, which may replace the connection.
    Answer { id: Arc<str>, replaces: bool },
}

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// The connection stays and carries other media.
    Media,
    /// The connection stays and looks for new paths.
    Paths,
    /// The connection is replaced.
    Connection,
}

fn update(replaces: bool, description: SessionDescription) -> Body {
    Body::Update(if replaces {
        Update::Reconnect(description)
    } else {
        Update::Renegotiate(description)
    })
}

impl Negotiation {
    /// Whether an offer of ours is being made or is out.
    pub(crate) fn is_offering(&self) -> bool {
        self.offer.is_some()
            || self
                .due
                .iter()
                .any(|due| matches!(due, Due::Offer(Some(_))))
    }

    /// Gives up our own offer; the change it was for waits for the next turn.
    fn withdraw(&mut self) {
        let mut withdrawn = self.offer.take().map(|offer| offer.change);
        for due in &mut self.due {
            if let Due::Offer(wanted) = due {
                withdrawn = withdrawn.max(wanted.take());
            }
        }
        // New paths come with his offer; other media may not.
        if withdrawn == Some(Change::Media) {
            self.next = withdrawn;
        }
    }
}

impl Session {
    /// Begins an exchange with a peer, or sees to it that it follows the one that
    /// is under way.
    pub(crate) fn negotiate(&mut self, step: &mut Step<'_>, user: UserId, change: Change) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.negotiation.is_offering() && change != Change::Connection {
            peer.negotiation.next = peer.negotiation.next.max(Some(change));
            return;
        }
        if change == Change::Connection {
            peer.reopen(&self.call, step);
            peer.command(&self.call, step, TransportCommand::CreateOffer);
        } else {
            let command = TransportCommand::Renegotiate {
                call_type: self.call.call_type,
                restart_ice: change == Change::Paths,
            };
            peer.command(&self.call, step, command);
        }
        peer.negotiation.due.push_back(Due::Offer(Some(change)));
    }

    /// The connection made an offer that is not its first.
    pub(crate) fn next_offer_ready(&mut self, step: &mut Step<'_>, user: UserId, sdp: Description) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        // More candidates of a new connection: they travel by themselves.
        let Some(Due::Offer(wanted)) = peer.negotiation.due.front() else {
            return;
        };
        let wanted = *wanted;
        peer.negotiation.due.pop_front();
        let Some(change) = wanted else {
            return self.negotiate_next(step, user);
        };
        peer.negotiation.offer = Some(Offer {
            id: step.ids.draw().as_str().into(),
            sdp,
            change,
            repeats: OFFER_REPEATS,
        });
        self.send_offer(step, user);
    }

    fn send_offer(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let Some(offer) = &peer.negotiation.offer else {
            return;
        };
        let description = SessionDescription {
            offer_id: offer.id.clone(),
            kind: DescriptionKind::Offer,
            sdp: offer.sdp.clone(),
        };
        let update = update(offer.change == Change::Connection, description);
        peer.say(&self.call, step, update, UserInfo::new());
        peer.timers
            .set(PeerTimer::RepeatOffer, step.now + REPEAT_OFFER_AFTER);
    }

    /// Our offer is not answered yet.
    pub(crate) fn repeat_offer(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let Some(offer) = &mut peer.negotiation.offer else {
            return;
        };
        match offer.repeats.checked_sub(1) {
            Some(left) => {
                offer.repeats = left;
                self.send_offer(step, user);
            }
            None => peer.negotiation.offer = None,
        }
    }

    /// Chat is back: what was under way may be lost.
    pub(crate) fn offer_again(&mut self, step: &mut Step<'_>, user: UserId) {
        let waits = |peer: &Peer| peer.negotiation.offer.is_some();
        if self.peer(user).is_some_and(waits) {
            self.send_offer(step, user);
        }
    }

    /// A peer describes the connection anew.
    pub(crate) fn described_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        description: SessionDescription,
        replaces: bool,
    ) {
        match description.kind {
            DescriptionKind::Offer => self.offered_by(step, user, description, replaces),
            DescriptionKind::Answer => self.answered_by(step, user, description),
        }
    }

    fn offered_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        description: SessionDescription,
        replaces: bool,
    ) {
        let ours_counts = step.me > user;
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let answered = |answer: &Answer| answer.id == description.offer_id;
        if peer.negotiation.answered.as_ref().is_some_and(answered) {
            return self.send_answer(step, user);
        }
        let repeated =
            |due: &Due| matches!(due, Due::Answer { id, .. } if *id == description.offer_id);
        if peer.negotiation.due.iter().any(repeated)
            || peer.negotiation.due.len() >= ANSWERS_DUE_AT_MOST
        {
            return;
        }
        if ours_counts && peer.negotiation.is_offering() {
            return;
        }
        if replaces {
            // He lost us, and what there was goes now.
            self.disconnected(step, user);
        }
        if ours_counts && replaces {
            return self.negotiate(step, user, Change::Connection);
        }
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if replaces {
            peer.reopen(&self.call, step);
        } else {
            peer.negotiation.withdraw();
        }
        peer.timers.cancel(PeerTimer::RepeatOffer);
        peer.negotiation.due.push_back(Due::Answer {
            id: description.offer_id,
            replaces,
        });
        let offer = TransportCommand::ApplyOffer(description.sdp);
        peer.command(&self.call, step, offer);
        peer.command(&self.call, step, TransportCommand::CreateAnswer);
    }

    /// The connection made an answer that is not its first.
    pub(crate) fn next_answer_ready(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        sdp: Description,
    ) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let Some(Due::Answer { id, replaces }) = peer.negotiation.due.front() else {
            // The first answer, with more candidates.
            peer.local = Some(sdp);
            return;
        };
        peer.negotiation.answered = Some(Answer {
            id: id.clone(),
            sdp,
            replaces: *replaces,
        });
        peer.negotiation.due.pop_front();
        self.send_answer(step, user);
        if let Some(peer) = self.peers.get_mut(&user)
            && !peer.is_sharing()
        {
            peer.share_candidates(&self.call, step);
        }
        self.negotiate_next(step, user);
    }

    fn send_answer(&self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peer(user) else { return };
        let Some(answer) = peer.negotiation.answered.clone() else {
            return;
        };
        let description = SessionDescription {
            offer_id: answer.id,
            kind: DescriptionKind::Answer,
            sdp: answer.sdp,
        };
        let update = update(answer.replaces, description);
        peer.say(&self.call, step, update, UserInfo::new());
    }

    fn answered_by(&mut self, step: &mut Step<'_>, user: UserId, description: SessionDescription) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        // An answer to another offer is out of date.
        let ours = |offer: &mut Offer| offer.id == description.offer_id;
        if peer.negotiation.offer.take_if(ours).is_none() {
            return;
        }
        peer.timers.cancel(PeerTimer::RepeatOffer);
        let answer = TransportCommand::ApplyAnswer(description.sdp);
        peer.command(&self.call, step, answer);
        if !peer.is_sharing() {
            peer.share_candidates(&self.call, step);
        }
        self.negotiate_next(step, user);
    }

    /// The other side's description was refused by the connection, or ours could
    /// not be made. The connection that was there goes on.
    pub(crate) fn negotiation_failed(&mut self, user: UserId) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.negotiation.due.pop_front();
        }
    }

    fn negotiate_next(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.negotiation.due.is_empty()
            && let Some(change) = peer.negotiation.next.take()
        {
            self.negotiate(step, user, change);
        }
    }
}

impl Peer {
    /// Whether the connection with him can be changed while it lasts.
    pub(crate) fn renegotiates(&self) -> bool {
        self.can(capability::RENEGOTIATE)
    }
}

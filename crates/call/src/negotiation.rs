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
    Body, CallType, Description, DescriptionKind, SessionDescription, Update, UserId, UserInfo,
    capability,
};

use crate::peer::{Peer, PeerTimer};
use crate::repair::REPLACEMENT_TIME;
use crate::session::Session;
use crate::step::Step;
use crate::{PeerState, TransportCommand};

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

    /// Gives up our own offer; what it was for.
    fn withdraw(&mut self) -> Option<Change> {
        let mut withdrawn = self.offer.take().map(|offer| offer.change);
        for due in &mut self.due {
            if let Due::Offer(wanted) = due {
                withdrawn = withdrawn.max(wanted.take());
            }
        }
        withdrawn
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
            peer.reopen(&self.call, step, self.media.held);
            peer.command(&self.call, step, TransportCommand::CreateOffer);
        } else {
            let call_type = self.call.call_type;
            peer.carries = Some(call_type);
            let command = TransportCommand::Renegotiate {
                call_type,
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
        let replaces = offer.change == Change::Connection;
        peer.say(
            &self.call,
            step,
            update(replaces, description),
            UserInfo::new(),
        );
        // A client of the documented system would begin anew at every repetition.
        if !replaces {
            peer.timers
                .set(PeerTimer::RepeatOffer, step.now + REPEAT_OFFER_AFTER);
        }
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
            None => {
                peer.negotiation.offer = None;
                self.negotiate_next(step, user);
            }
        }
    }

    /// Chat is back: what was under way may be lost.
    pub(crate) fn offer_again(&mut self, step: &mut Step<'_>, user: UserId) {
        if self.peer(user).is_some_and(Peer::renegotiates) {
            self.send_offer(step, user);
        }
    }

    /// A peer changes the connection, which is to be one of this type.
    pub(crate) fn renegotiated_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        description: SessionDescription,
        call_type: Option<CallType>,
    ) {
        match description.kind {
            DescriptionKind::Offer => {
                let call_type = call_type.unwrap_or(self.call.call_type);
                self.offered_by(step, user, description, Some(call_type));
            }
            DescriptionKind::Answer => self.answered_by(step, user, description),
        }
    }

    /// A peer replaces the connection.
    pub(crate) fn reconnected_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        description: SessionDescription,
    ) {
        match description.kind {
            DescriptionKind::Offer => self.offered_by(step, user, description, None),
            DescriptionKind::Answer => self.answered_by(step, user, description),
        }
    }

    /// An offer that changes the connection to one of that type, or that replaces it.
    fn offered_by(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        description: SessionDescription,
        changes: Option<CallType>,
    ) {
        let replaces = changes.is_none();
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
        match changes {
            None => self.make_room_for_his(step, user),
            Some(call_type) => self.give_way_to_his(step, user, call_type),
        }
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        peer.timers.cancel(PeerTimer::RepeatOffer);
        peer.negotiation.due.push_back(Due::Answer {
            id: description.offer_id,
            replaces,
        });
        peer.apply_offer(&self.call, step, description.sdp);
        peer.command(&self.call, step, TransportCommand::CreateAnswer);
    }

    /// His offer replaces the connection. It gets its time before another attempt of ours.
    fn make_room_for_his(&mut self, step: &mut Step<'_>, user: UserId) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.reopen(&self.call, step, self.media.held);
            peer.timers
                .set(PeerTimer::Repair, step.now + REPLACEMENT_TIME);
        }
    }

    /// His offer changes the connection. What ours was for comes after it, as far as it is still
    /// wanted then: new paths are found by either offer, unless ours are new and his are not.
    fn give_way_to_his(&mut self, step: &mut Step<'_>, user: UserId, call_type: CallType) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let moved = peer.state() == PeerState::Connected;
        let withdrawn = peer.negotiation.withdraw();
        let withdrawn = withdrawn.filter(|change| *change == Change::Media || moved);
        peer.negotiation.next = peer.negotiation.next.max(withdrawn);
        let carried = peer.carries.replace(call_type);
        let he_knows_ours = carried == Some(self.call.call_type);
        if call_type != self.call.call_type && he_knows_ours && withdrawn != Some(Change::Media) {
            self.call_type_wanted_by(step, user, call_type);
        }
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
        peer.apply_answer(&self.call, step, description.sdp);
        if !peer.is_sharing() {
            peer.share_candidates(&self.call, step);
        }
        self.negotiate_next(step, user);
    }

    /// The other side's description was refused by the connection, which goes on as it was. An
    /// offer that was refused gets no answer.
    pub(crate) fn negotiation_failed(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        let due = &mut peer.negotiation.due;
        if let Some(at) = due.iter().position(|due| matches!(due, Due::Answer { .. })) {
            due.remove(at);
        }
        self.negotiate_next(step, user);
    }

    fn negotiate_next(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !peer.negotiation.due.is_empty() || peer.negotiation.offer.is_some() {
            return;
        }
        match peer.negotiation.next.take() {
            // Meanwhile his offer did it.
            Some(Change::Media) if peer.carries == Some(self.call.call_type) => {}
            Some(change) => self.negotiate(step, user, change),
            None => {}
        }
    }
}

impl Peer {
    /// Whether the connection with him can be changed while it lasts.
    pub(crate) fn renegotiates(&self) -> bool {
        self.can(capability::RENEGOTIATE)
    }
}

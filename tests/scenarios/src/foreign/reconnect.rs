//! How a foreign client replaces a lost connection.

use std::time::Duration;

use visavis_call::{Time, TransportCommand};
use visavis_signal::{
    Body, CallType, Description, DescriptionKind, SessionDescription, Update, UserId, UserInfo,
};

use super::Step;
use super::call::Call;

/// How long a lost connection may take to come back by itself,
const HEAL_TIME: Duration = Duration::from_secs(5);
/// and how long in all.
const DISCONNECT_TIME: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Reconnect {
    /// When a new connection is built.
    build_at: Option<Time>,
    fail_at: Option<Time>,
    /// Whether an offer of ours is being made.
    offering: bool,
    /// Our offer that waits for its answer.
    offer_id: Option<String>,
    /// His offer that waits for our answer.
    answering: Option<String>,
}

impl Reconnect {
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.build_at.into_iter().chain(self.fail_at).min()
    }
}

impl Call {
    pub(super) fn begin_reconnect(&mut self, step: &mut Step<'_>, now: Time, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.reconnect.fail_at.is_some() {
            return;
        }
        peer.reconnect.build_at = Some(now + HEAL_TIME);
        peer.reconnect.fail_at = Some(now + DISCONNECT_TIME);
        step.tell_more(
            &self.session,
            "onReconnect",
            Some(user),
            Some("reconnecting"),
        );
    }

    pub(super) fn regained(&mut self, step: &mut Step<'_>, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.reconnect.fail_at.is_some() {
            peer.reconnect = Reconnect::default();
            step.tell_more(
                &self.session,
                "onReconnect",
                Some(user),
                Some("reconnected"),
            );
        }
    }

    pub(super) fn expire_reconnect(&mut self, step: &mut Step<'_>, now: Time, user: UserId) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if peer.reconnect.fail_at.is_some_and(|at| at <= now) {
            step.tell_more(&self.session, "onReconnect", Some(user), Some("failed"));
            return self.close(step, user);
        }
        if peer.reconnect.build_at.is_some_and(|at| at <= now) {
            peer.reconnect.build_at = None;
            if !peer.reconnect.offering && peer.reconnect.answering.is_none() {
                self.build(step, user);
            }
        }
    }

    fn build(&mut self, step: &mut Step<'_>, user: UserId) {
        if let Some(peer) = self.peers.get_mut(&user) {
            peer.reconnect.offering = true;
        }
        self.rebuilt(user, false);
        let call_type = CallType::Video;
        self.order(step, user, TransportCommand::Reopen { call_type });
        self.order(step, user, TransportCommand::CreateOffer);
    }

    pub(super) fn reconnect_offer_ready(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        offer: Description,
    ) {
        let Some(peer) = self.peers.get_mut(&user) else {
            return;
        };
        if !std::mem::replace(&mut peer.reconnect.offering, false) {
            return;
        }
        let id = step.offer_id();
        peer.reconnect.offer_id = Some(id.clone());
        self.describe(step, user, &id, DescriptionKind::Offer, offer);
    }

    /// Whether it was an answer of this kind.
    pub(super) fn reconnect_answer_ready(
        &mut self,
        step: &mut Step<'_>,
        user: UserId,
        answer: &Description,
    ) -> bool {
        let peer = self.peers.get_mut(&user);
        let Some(id) = peer.and_then(|peer| peer.reconnect.answering.take()) else {
            return false;
        };
        self.describe(step, user, &id, DescriptionKind::Answer, answer.clone());
        true
    }

    fn describe(
        &self,
        step: &mut Step<'_>,
        user: UserId,
        id: &str,
        kind: DescriptionKind,
        sdp: Description,
    ) {
        let description = SessionDescription {
            offer_id: id.into(),
            kind,
            sdp,
        };
        let update = Body::Update(Update::Reconnect(description));
        self.say(step, user, update, UserInfo::new());
    }

    pub(super) fn reconnected_by(
        &mut self,
        step: &mut Step<'_>,
        now: Time,
        from: UserId,
        description: SessionDescription,
    ) {
        let polite = step.me < from;
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| peer.open) else {
            return;
        };
        match description.kind {
            DescriptionKind::Answer => {
                let ours = |id: &mut String| *id == *description.offer_id;
                if peer.reconnect.offer_id.take_if(ours).is_some() {
                    let answer = TransportCommand::ApplyAnswer(description.sdp);
                    self.order(step, from, answer);
                    self.open_trickle(step, from);
                }
            }
            DescriptionKind::Offer => {
                self.begin_reconnect(step, now, from);
                if polite {
                    self.answer_reconnect(step, from, description);
                } else {
                    self.insist(step, from);
                }
            }
        }
    }

    /// His offer counts: the connection is built anew to answer it.
    fn answer_reconnect(
        &mut self,
        step: &mut Step<'_>,
        from: UserId,
        description: SessionDescription,
    ) {
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.reconnect.build_at = None;
            peer.reconnect.offering = false;
            peer.reconnect.offer_id = None;
            peer.reconnect.answering = Some((*description.offer_id).to_owned());
        }
        self.rebuilt(from, true);
        let call_type = CallType::Video;
        self.order(step, from, TransportCommand::Reopen { call_type });
        let offer = TransportCommand::ApplyOffer(description.sdp);
        self.order(step, from, offer);
        self.order(step, from, TransportCommand::CreateAnswer);
    }

    /// Ours counts, and his is ignored.
    fn insist(&mut self, step: &mut Step<'_>, from: UserId) {
        let Some(peer) = self.peers.get_mut(&from) else {
            return;
        };
        peer.reconnect.build_at = None;
        let under_way = peer.reconnect.offering || peer.reconnect.offer_id.is_some();
        if !under_way {
            self.build(step, from);
        }
    }
}

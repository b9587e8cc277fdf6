//! Writing signals, in the order of the browser clients.
//!
//! The order of the children means nothing to a reader. It is kept all the
//! same, so that what we send cannot be told from what every deployed client
//! has been reading for years.

use alloc::string::{String, ToString as _};

use visavis_xmpp::Jid;
use visavis_xmpp::ns;
use visavis_xmpp::xml::Element;

use crate::field::{CANDIDATE, Field, MODULE, OPPONENT, PARAMETERS};
use crate::user_info::BANDWIDTH_KEY;
use crate::{
    Body, Candidate, Description, Join, MediaState, SessionDescription, Signal, Update, UserId,
    text,
};

/// The children of every signal but a mesh `call`. Those that a signal does
/// not have are left out.
const ORDER: [Field; 20] = [
    Field::UserInfo,
    Field::Reason,
    Field::SessionDescription,
    Field::MediaState,
    Field::Participant,
    Field::Cause,
    Field::Invitation,
    Field::Unreachable,
    Field::SessionId,
    Field::CallType,
    Field::CallerId,
    Field::OpponentsIds,
    Field::Sdp,
    Field::IceCandidates,
    Field::ModuleIdentifier,
    Field::SignalType,
    Field::Platform,
    Field::Capabilities,
    Field::Device,
    Field::Join,
];

/// The children of a mesh `call`: one callee to another.
const MESH_CALL_ORDER: [Field; 12] = [
    Field::SessionId,
    Field::CallType,
    Field::CallerId,
    Field::OpponentsIds,
    Field::Sdp,
    Field::UserInfo,
    Field::ModuleIdentifier,
    Field::SignalType,
    Field::Platform,
    Field::Capabilities,
    Field::Device,
    Field::Join,
];

impl Signal {
    /// The complete message stanza, with `id` (see
    /// [`MessageId`](crate::MessageId)) and addressed to `to`. There is no
    /// `from`: the server stamps it.
    ///
    /// `sender` is the user who sends it. He decides one thing, the order of
    /// the children in a `call`: one whose sender is not its caller is a mesh
    /// call.
    ///
    /// Nothing is checked against the [limits](crate::limits): a peer refuses
    /// what exceeds them.
    pub fn to_message(&self, id: &str, sender: UserId, to: &Jid) -> String {
        Element::new(ns::CLIENT, "message")
            .with_attribute("id", &text::line(id))
            .with_attribute("to", &to.to_string())
            .with_attribute("type", "headline")
            .with_child(self.encode(sender))
            .to_xml()
    }

    /// The payload of the message, `extraParams`; see [`Signal::to_message`].
    pub fn encode(&self, sender: UserId) -> Element {
        let mesh_call = matches!(self.body, Body::Call { .. })
            && self.caller.is_some_and(|caller| caller != sender);
        let order = if mesh_call {
            &MESH_CALL_ORDER[..]
        } else {
            &ORDER[..]
        };
        // Browsers repeat the namespace of the message here.
        let mut parameters = element(PARAMETERS).declaring_namespace();
        for child in order.iter().filter_map(|&field| self.encode_field(field)) {
            parameters.push(child);
        }
        parameters
    }

    fn encode_field(&self, field: Field) -> Option<Element> {
        match (field, &self.body) {
            (Field::UserInfo, _) => self.encode_user_info(),
            (Field::SessionId, _) => Some(leaf(field, self.session.as_str())),
            (Field::CallType, _) => Some(leaf(field, self.call_type?.wire())),
            (Field::CallerId, _) => Some(leaf(field, &self.caller?.to_string())),
            (Field::OpponentsIds, _) => self.encode_opponents(),
            (Field::ModuleIdentifier, _) => Some(leaf(field, MODULE)),
            (Field::SignalType, _) => Some(leaf(field, self.kind().name())),
            (Field::Platform, _) => Some(leaf(field, &text::line(self.platform.as_ref()?.name()))),
            (Field::Capabilities, _) if self.capabilities.is_empty() => None,
            (Field::Capabilities, _) => Some(leaf(field, &self.capabilities.wire())),
            (Field::Device, _) => Some(leaf(field, &text::line(self.device.as_ref()?))),
            (Field::Sdp, Body::Call { offer: sdp } | Body::Accept { answer: sdp }) => {
                Some(encode_sdp(sdp))
            }
            (Field::IceCandidates, Body::IceCandidates(candidates)) => {
                Some(encode_candidates(candidates))
            }
            (Field::Join, Body::Call { .. }) => self.join.as_ref().map(encode_join),
            (_, Body::Update(update)) => encode_update(field, update),
            _ => None,
        }
    }

    fn encode_user_info(&self) -> Option<Element> {
        if self.user_info.is_empty() && self.bandwidth.is_none() {
            return None;
        }
        let mut info = element(Field::UserInfo.name());
        for (key, value) in self.user_info.iter() {
            info.push(element(key).with_text(value));
        }
        if let Some(kbps) = self.bandwidth {
            info.push(element(BANDWIDTH_KEY).with_text(&kbps.to_string()));
        }
        Some(info)
    }

    fn encode_opponents(&self) -> Option<Element> {
        encode_users(Field::OpponentsIds, &self.opponents)
    }
}

/// A list of users; no element when there are none.
fn encode_users(field: Field, users: &[UserId]) -> Option<Element> {
    if users.is_empty() {
        return None;
    }
    let mut list = element(field.name());
    for user in users {
        list.push(element(OPPONENT).with_text(&user.to_string()));
    }
    Some(list)
}

/// The part of an `update` that is its own.
fn encode_update(field: Field, update: &Update) -> Option<Element> {
    match (field, update) {
        (Field::Reason, update) => Some(leaf(field, &text::line(update.reason()?))),
        (
            Field::SessionDescription,
            Update::Reconnect(description) | Update::Renegotiate(description),
        ) => Some(encode_session_description(description)),
        (Field::MediaState, Update::Media(media)) => Some(encode_media_state(*media)),
        (
            Field::Participant,
            Update::Add { user } | Update::AddRefused { user, .. } | Update::Added { user, .. },
        ) => Some(leaf(field, &user.to_string())),
        (Field::Cause, Update::AddRefused { cause, .. }) => Some(leaf(field, cause.wire())),
        (Field::Invitation, Update::Added { invitation, .. } | Update::Rejoin { invitation }) => {
            Some(leaf(field, &invitation.to_string()))
        }
        (Field::Unreachable, Update::Added { unreachable, .. }) => encode_users(field, unreachable),
        _ => None,
    }
}

fn encode_media_state(media: MediaState) -> Element {
    let flag = |field, on| leaf(field, if on { "1" } else { "0" });
    element(Field::MediaState.name())
        .with_child(flag(Field::Audio, media.audio))
        .with_child(flag(Field::Video, media.video))
        .with_child(flag(Field::Held, media.held))
}

fn encode_join(join: &Join) -> Element {
    let mut element = element(Field::Join.name())
        .with_child(leaf(Field::Invitation, &join.invitation.to_string()));
    if let Some(unreachable) = encode_users(Field::Unreachable, &join.unreachable) {
        element.push(unreachable);
    }
    element
}

fn encode_candidates(candidates: &[Candidate]) -> Element {
    let mut list = element(Field::IceCandidates.name());
    for candidate in candidates {
        let mut entry = element(CANDIDATE)
            .with_child(leaf(Field::Candidate, &text::line(&candidate.candidate)));
        if let Some(mid) = &candidate.sdp_mid {
            entry.push(leaf(Field::SdpMid, &text::line(mid)));
        }
        if let Some(index) = candidate.sdp_mline_index {
            entry.push(leaf(Field::SdpMLineIndex, &index.to_string()));
        }
        list.push(entry);
    }
    list
}

fn encode_session_description(description: &SessionDescription) -> Element {
    element(Field::SessionDescription.name())
        .with_child(leaf(Field::OfferId, &text::line(&description.offer_id)))
        .with_child(encode_sdp(&description.sdp))
        .with_child(leaf(Field::DescriptionType, description.kind.wire()))
}

/// Descriptions travel with the CR LF of RFC 8866 §5, as browsers send them.
fn encode_sdp(sdp: &Description) -> Element {
    leaf(Field::Sdp, &sdp.as_str().replace('\n', "\r\n"))
}

fn leaf(field: Field, value: &str) -> Element {
    element(field.name()).with_text(value)
}

fn element(name: &str) -> Element {
    Element::new(ns::CLIENT, name)
}

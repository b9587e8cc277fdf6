//! Reading signals, from every client of the documented system.
//!
//! Children are found by name, in any order; unknown ones are ignored, and of
//! a repeated one the first counts. White space around a value does not
//! matter, and an empty element is an absent one. A value that is not
//! mandatory and makes no sense is absent, too; what is too large is always
//! an error.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use visavis_xmpp::ns;
use visavis_xmpp::xml::Element;

use crate::field::{CANDIDATE, Field, MODULE, OPPONENT, PARAMETERS};
use crate::limits::{
    MAX_CANDIDATE_BYTES, MAX_CANDIDATES, MAX_CAPABILITIES, MAX_OPPONENTS, MAX_SDP_BYTES,
    MAX_USER_INFO_BYTES, MAX_USER_INFO_ENTRIES, MAX_VALUE_BYTES,
};
use crate::update::reason;
use crate::user_info::BANDWIDTH_KEY;
use crate::{
    AddRefusal, Body, CallType, Candidate, Capabilities, Description, DescriptionKind, Join,
    MediaState, Platform, SessionDescription, SessionId, Signal, SignalKind, Update, UserId,
    UserInfo, UserInfoError, text,
};

/// How deep maps inside the user info are looked into; what lies deeper is
/// left out.
const MAX_USER_INFO_DEPTH: usize = 8;

/// Why a message that claims to be a call signal is not one. The other side,
/// its sender, has to act; the receiver ignores the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A mandatory part is absent or empty.
    #[error("`{0}` is missing")]
    Missing(Field),
    /// A part has a value it cannot have.
    #[error("`{0}` has an invalid value")]
    Invalid(Field),
    /// A part is longer than allowed.
    #[error("`{field}` is longer than {limit} bytes")]
    TooLong {
        /// The part.
        field: Field,
        /// The limit in bytes.
        limit: usize,
    },
    /// A part has more entries than allowed.
    #[error("`{field}` has more than {limit} entries")]
    TooMany {
        /// The part.
        field: Field,
        /// The limit.
        limit: usize,
    },
}

impl Signal {
    /// Reads the signal in a `message` stanza.
    ///
    /// `Ok(None)`: the message carries no call signal. It is not of type
    /// `headline` in the namespace `jabber:client`; or it was delayed
    /// (XEP-0203, XEP-0091), because a signal that waited somewhere is about
    /// a call long over; or it has no `extraParams`, or those of another
    /// module than `WebRTCVideoChat`.
    ///
    /// Mandatory are `signalType` and `sessionID`; on a `call` also
    /// `callType`, `callerID`, `opponentsIDs` and `sdp`; on an `accept`
    /// `sdp`; on `iceCandidates` the element of that name; and inside a
    /// `sessionDescription` all three of its parts.
    ///
    /// # Errors
    /// [`DecodeError`] names the part of the signal that is to blame.
    pub fn decode(message: &Element) -> Result<Option<Self>, DecodeError> {
        parameters(message).map(decode_parameters).transpose()
    }
}

/// The `extraParams` of a message that claims to be a signal.
pub(crate) fn parameters(message: &Element) -> Option<&Element> {
    let headline =
        message.is(ns::CLIENT, "message") && message.attribute("type") == Some("headline");
    let delayed = message
        .children()
        .any(|child| child.name() == "delay" || child.is("jabber:x:delay", "x"));
    if !headline || delayed {
        return None;
    }
    let parameters = message.child(PARAMETERS)?;
    (value(parameters, Field::ModuleIdentifier)? == MODULE).then_some(parameters)
}

/// The kind of the signal with these parameters.
pub(crate) fn kind(parameters: &Element) -> Option<SignalKind> {
    SignalKind::from_name(&value(parameters, Field::SignalType)?)
}

fn decode_parameters(parameters: &Element) -> Result<Signal, DecodeError> {
    mandatory(value(parameters, Field::SignalType), Field::SignalType)?;
    let kind = kind(parameters).ok_or(DecodeError::Invalid(Field::SignalType))?;
    let session = mandatory(value(parameters, Field::SessionId), Field::SessionId)?;
    let session = SessionId::parse(&session).map_err(|_| DecodeError::Invalid(Field::SessionId))?;

    let call_type = parsed(parameters, Field::CallType, CallType::from_wire);
    let caller = parsed(parameters, Field::CallerId, |text| text.parse().ok());
    let opponents = decode_opponents(parameters);
    // Only a `call` has to say whom it is about.
    let (call_type, caller, opponents) = if kind == SignalKind::Call {
        (Some(call_type?), Some(caller?), opponents?)
    } else {
        (
            call_type.ok(),
            caller.ok(),
            lenient(opponents)?.unwrap_or_default(),
        )
    };

    let body = match kind {
        SignalKind::Call => Body::Call {
            offer: decode_sdp(parameters)?,
        },
        SignalKind::Accept => Body::Accept {
            answer: decode_sdp(parameters)?,
        },
        SignalKind::Reject => Body::Reject,
        SignalKind::HangUp => Body::HangUp,
        SignalKind::IceCandidates => Body::IceCandidates(decode_candidates(parameters)?),
        SignalKind::Update => Body::Update(decode_update(parameters)?),
    };

    let (user_info, bandwidth) = decode_user_info(parameters)?;
    let platform = short_line(parameters, Field::Platform)?.map(|name| Platform::from_name(&name));
    let capabilities = decode_capabilities(parameters)?;
    let device = short_line(parameters, Field::Device)?;
    let join = match kind {
        SignalKind::Call => decode_join(parameters)?,
        _ => None,
    };
    Ok(Signal {
        session,
        call_type,
        caller,
        opponents,
        user_info,
        bandwidth,
        platform,
        capabilities,
        device,
        join,
        body,
    })
}

fn decode_opponents(parameters: &Element) -> Result<Vec<UserId>, DecodeError> {
    decode_users(parameters, Field::OpponentsIds)
}

/// A list of users, each once; not empty.
fn decode_users(parent: &Element, field: Field) -> Result<Vec<UserId>, DecodeError> {
    let mut opponents = Vec::new();
    let list = mandatory(parent.child(field.name()), field)?;
    for (at, entry) in list
        .children()
        .filter(|child| child.name() == OPPONENT)
        .enumerate()
    {
        if at == MAX_OPPONENTS {
            return Err(DecodeError::TooMany {
                field,
                limit: MAX_OPPONENTS,
            });
        }
        let opponent = entry
            .text()
            .trim()
            .parse()
            .map_err(|_| DecodeError::Invalid(field))?;
        if !opponents.contains(&opponent) {
            opponents.push(opponent);
        }
    }
    if opponents.is_empty() {
        Err(DecodeError::Missing(field))
    } else {
        Ok(opponents)
    }
}

fn decode_sdp(parent: &Element) -> Result<Description, DecodeError> {
    let field = Field::Sdp;
    let sdp = Description::new(&mandatory(parent.child(field.name()), field)?.text());
    match sdp.as_str() {
        text if text.len() > MAX_SDP_BYTES => Err(DecodeError::TooLong {
            field,
            limit: MAX_SDP_BYTES,
        }),
        text if text.trim().is_empty() => Err(DecodeError::Missing(field)),
        _ => Ok(sdp),
    }
}

fn decode_candidates(parameters: &Element) -> Result<Vec<Candidate>, DecodeError> {
    let field = Field::IceCandidates;
    let mut candidates = Vec::new();
    let list = mandatory(parameters.child(field.name()), field)?;
    for (at, entry) in list
        .children()
        .filter(|child| child.name() == CANDIDATE)
        .enumerate()
    {
        if at == MAX_CANDIDATES {
            return Err(DecodeError::TooMany {
                field,
                limit: MAX_CANDIDATES,
            });
        }
        // An empty line marks the end of candidates (RFC 8838 §14) and says
        // nothing that a peer waits for.
        if let Some(candidate) = line(entry, Field::Candidate, MAX_CANDIDATE_BYTES)? {
            candidates.push(Candidate {
                candidate,
                sdp_mid: short_line(entry, Field::SdpMid)?,
                sdp_mline_index: parsed(entry, Field::SdpMLineIndex, |text| text.parse().ok()).ok(),
            });
        }
    }
    Ok(candidates)
}

fn decode_update(parameters: &Element) -> Result<Update, DecodeError> {
    let reason = short_line(parameters, Field::Reason)?;
    let description = decode_session_description(parameters)?;
    Ok(match (reason.as_deref(), description) {
        (Some(reason::RECONNECT), Some(description)) => Update::Reconnect(description),
        (Some(reason::RENEGOTIATE), description) => {
            Update::Renegotiate(mandatory(description, Field::SessionDescription)?)
        }
        (Some(reason::RINGING), _) => Update::Ringing,
        (Some(reason::MEDIA_STATE), _) => Update::Media(decode_media_state(parameters)?),
        (Some(reason::ADD), _) => Update::Add {
            user: decode_participant(parameters)?,
        },
        (Some(reason::ADD_REFUSED), _) => Update::AddRefused {
            user: decode_participant(parameters)?,
            cause: parsed(parameters, Field::Cause, AddRefusal::from_wire)?,
        },
        (Some(reason::ADDED), _) => Update::Added {
            user: decode_participant(parameters)?,
            invitation: parsed(parameters, Field::Invitation, further_invitation)?,
            unreachable: decode_unreachable(parameters)?,
        },
        (Some(reason::REJOIN), _) => Update::Rejoin {
            invitation: parsed(parameters, Field::Invitation, |text| text.parse().ok())?,
        },
        _ => Update::Data { reason },
    })
}

fn decode_session_description(
    parameters: &Element,
) -> Result<Option<SessionDescription>, DecodeError> {
    let Some(description) = parameters.child(Field::SessionDescription.name()) else {
        return Ok(None);
    };
    Ok(Some(SessionDescription {
        offer_id: mandatory(short_line(description, Field::OfferId)?, Field::OfferId)?,
        kind: parsed(
            description,
            Field::DescriptionType,
            DescriptionKind::from_wire,
        )?,
        sdp: decode_sdp(description)?,
    }))
}

fn decode_media_state(parameters: &Element) -> Result<MediaState, DecodeError> {
    let field = Field::MediaState;
    let media = mandatory(parameters.child(field.name()), field)?;
    let flag = |field| {
        parsed(media, field, |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        })
    };
    Ok(MediaState {
        audio: flag(Field::Audio)?,
        video: flag(Field::Video)?,
        held: flag(Field::Held)?,
    })
}

fn decode_participant(parameters: &Element) -> Result<UserId, DecodeError> {
    parsed(parameters, Field::Participant, |text| text.parse().ok())
}

fn decode_unreachable(parent: &Element) -> Result<Vec<UserId>, DecodeError> {
    let users = lenient(decode_users(parent, Field::Unreachable))?;
    Ok(users.unwrap_or_default())
}

/// The count of an invitation into a call that goes on.
fn further_invitation(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| *count > 0)
}

/// What a `call` says about a call that goes on. One that makes no sense is
/// absent.
fn decode_join(parameters: &Element) -> Result<Option<Join>, DecodeError> {
    let Some(join) = parameters.child(Field::Join.name()) else {
        return Ok(None);
    };
    let invitation = parsed(join, Field::Invitation, further_invitation);
    let Some(invitation) = lenient(invitation)? else {
        return Ok(None);
    };
    Ok(Some(Join {
        invitation,
        unreachable: decode_unreachable(join)?,
    }))
}

fn decode_capabilities(parameters: &Element) -> Result<Capabilities, DecodeError> {
    let field = Field::Capabilities;
    let text = value(parameters, field).unwrap_or_default();
    Capabilities::from_wire(&text).map_err(|_| DecodeError::TooMany {
        field,
        limit: MAX_CAPABILITIES,
    })
}

/// The user info, and the bandwidth limit taken out of it.
fn decode_user_info(parameters: &Element) -> Result<(UserInfo, Option<u32>), DecodeError> {
    let mut info = UserInfo::new();
    let mut bandwidth = None;
    if let Some(map) = parameters.child(Field::UserInfo.name()) {
        for entry in map.children() {
            if entry.name() == BANDWIDTH_KEY {
                bandwidth = entry.text().trim().parse().ok();
            } else {
                flatten(entry, entry.name(), &mut info, MAX_USER_INFO_DEPTH)?;
            }
        }
    }
    Ok((info, bandwidth))
}

fn flatten(
    entry: &Element,
    key: &str,
    info: &mut UserInfo,
    depth: usize,
) -> Result<(), DecodeError> {
    let text = entry.text();
    let is_map = entry.children().next().is_some();
    if !is_map || !text.trim().is_empty() {
        insert(info, key, &text)?;
    }
    if depth > 0 {
        for inner in entry.children() {
            let key = [key, inner.name()].join(".");
            flatten(inner, &key, info, depth - 1)?;
        }
    }
    Ok(())
}

fn insert(info: &mut UserInfo, key: &str, value: &str) -> Result<(), DecodeError> {
    let field = Field::UserInfo;
    match info.insert(key, value) {
        Err(UserInfoError::TooManyEntries) => Err(DecodeError::TooMany {
            field,
            limit: MAX_USER_INFO_ENTRIES,
        }),
        Err(UserInfoError::TooLong) => Err(DecodeError::TooLong {
            field,
            limit: MAX_USER_INFO_BYTES,
        }),
        // Parsed XML has valid names and characters, so the rest cannot be;
        // in an element made by hand such an entry is ignored.
        Ok(_)
        | Err(
            UserInfoError::InvalidKey | UserInfoError::InvalidValue | UserInfoError::ReservedKey,
        ) => Ok(()),
    }
}

/// The trimmed text of a child, unless it is absent or empty.
fn value(parent: &Element, field: Field) -> Option<String> {
    let text = parent.child(field.name())?.text();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        None
    } else {
        Some(trimmed.into())
    }
}

fn parsed<T>(
    parent: &Element,
    field: Field,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, DecodeError> {
    let text = mandatory(value(parent, field), field)?;
    parse(&text).ok_or(DecodeError::Invalid(field))
}

/// A value that goes on into other line-based formats: no control characters.
fn line(parent: &Element, field: Field, limit: usize) -> Result<Option<Arc<str>>, DecodeError> {
    match value(parent, field) {
        Some(text) if text.len() > limit => Err(DecodeError::TooLong { field, limit }),
        Some(text) if !text::is_line(&text) => Err(DecodeError::Invalid(field)),
        text => Ok(text.map(Into::into)),
    }
}

fn short_line(parent: &Element, field: Field) -> Result<Option<Arc<str>>, DecodeError> {
    line(parent, field, MAX_VALUE_BYTES)
}

fn mandatory<T>(part: Option<T>, field: Field) -> Result<T, DecodeError> {
    part.ok_or(DecodeError::Missing(field))
}

/// Makes of a part that is absent or makes no sense one that is absent.
fn lenient<T>(part: Result<T, DecodeError>) -> Result<Option<T>, DecodeError> {
    match part {
        Ok(part) => Ok(Some(part)),
        Err(DecodeError::Missing(_) | DecodeError::Invalid(_)) => Ok(None),
        Err(error @ (DecodeError::TooLong { .. } | DecodeError::TooMany { .. })) => Err(error),
    }
}

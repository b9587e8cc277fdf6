//! Short names for what happened.

use std::fmt::{Debug, Write as _};

use visavis_call::{
    Command, Event, Input, PeerState, SessionState, TransportCommand, TransportEvent, reason,
};
use visavis_signal::{
    Body, CallType, DescriptionKind, MediaState, SessionDescription, SessionId, Signal, Update,
    UserInfo,
};

/// The longest label, in characters.
const CHARACTERS_AT_MOST: usize = 46;
/// The longest note, which has more room.
const NOTE_AT_MOST: usize = 90;

/// The name of a variant, as it is in the program.
pub(super) fn name(variant: &impl Debug) -> String {
    let text = format!("{variant:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Cuts what would be too long for its place.
pub(super) fn short(text: &str) -> String {
    cut(text, CHARACTERS_AT_MOST)
}

/// Cuts what would be too long beside a lane.
pub(super) fn short_note(text: &str) -> String {
    cut(text, NOTE_AT_MOST)
}

fn cut(text: &str, at_most: usize) -> String {
    if text.chars().count() <= at_most {
        return text.to_owned();
    }
    text.chars().take(at_most - 1).chain(['…']).collect()
}

pub(super) fn signal(signal: &Signal) -> String {
    let mut text = signal.kind().to_string();
    let say = |text: &mut String, what: &str| {
        text.push(' ');
        text.push_str(what);
    };
    match &signal.body {
        Body::Call { offer } => say(&mut text, offer.as_str()),
        Body::Accept { answer } => say(&mut text, answer.as_str()),
        Body::IceCandidates(candidates) => say(&mut text, &times(candidates.len())),
        Body::Update(what) => say(&mut text, &update(what)),
        Body::Reject | Body::HangUp => {}
    }
    if let Some(join) = &signal.join {
        // Writing to a string does not fail.
        let _ = write!(text, " invitation {}", join.invitation);
    }
    text + &user_info(&signal.user_info)
}

fn update(update: &Update) -> String {
    let described = |kind: &str,
                     SessionDescription {
                         kind: which, sdp, ..
                     }: &SessionDescription| {
        let which = match which {
            DescriptionKind::Offer => "offer",
            DescriptionKind::Answer => "answer",
        };
        format!("{kind} {which} {}", sdp.as_str())
    };
    match update {
        Update::Data { reason } => reason.as_deref().unwrap_or("data").to_owned(),
        Update::Reconnect(what) => described("reconnect", what),
        Update::Renegotiate(what) => described("renegotiate", what),
        Update::Ringing => "ringing".into(),
        Update::Media(state) => media(*state),
        Update::Add { user } => format!("add {user}"),
        Update::AddRefused { user, cause } => format!("add {user} refused: {cause:?}"),
        Update::Added { user, .. } => format!("added {user}"),
        Update::Rejoin { .. } => "rejoin".into(),
    }
}

/// What is off, which is rare.
fn media(state: MediaState) -> String {
    let off = [
        (!state.audio, "muted"),
        (!state.video, "no video"),
        (state.held, "held"),
    ];
    let off: Vec<_> = off
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, what)| *what)
        .collect();
    if off.is_empty() {
        "sound and video".into()
    } else {
        off.join(", ")
    }
}

/// Our own reasons in full, of the app's own data the keys.
fn user_info(info: &UserInfo) -> String {
    if info.is_empty() {
        return String::new();
    }
    let words: Vec<_> = info
        .iter()
        .map(|(key, value)| match key {
            reason::KEY if reason::ALL.contains(&value) => value,
            _ => key,
        })
        .collect();
    format!(" ({})", words.join(", "))
}

pub(super) fn command(command: &Command) -> String {
    let name = name(command);
    match command {
        Command::Create {
            opponents,
            call_type,
            ..
        } => {
            let opponents: Vec<_> = opponents.iter().map(ToString::to_string).collect();
            format!("{name} {}, {call_type:?}", opponents.join(", "))
        }
        Command::Start {
            user_info: info, ..
        }
        | Command::Accept {
            user_info: info, ..
        }
        | Command::Reject {
            user_info: info, ..
        }
        | Command::HangUp {
            user_info: info, ..
        } => name + &user_info(info),
        Command::Update {
            to,
            user_info: info,
            ..
        } => {
            let to = to.map(|user| format!(" to {user}"));
            name + &to.unwrap_or_default() + &user_info(info)
        }
        Command::SetMedia { audio, video, .. } => {
            let state = MediaState {
                audio: *audio,
                video: *video,
                held: false,
            };
            format!("{name} {}", media(state))
        }
        Command::Upgrade { call_type, .. } => format!("{name} {call_type:?}"),
        Command::Add {
            user,
            user_info: info,
            ..
        } => format!("{name} {user}") + &user_info(info),
        Command::StartProcessing
        | Command::Hold { .. }
        | Command::Resume { .. }
        | Command::Rejoin { .. }
        | Command::Destroy => name,
    }
}

/// The session that a command is about.
pub(super) const fn commanded(command: &Command) -> Option<&SessionId> {
    match command {
        Command::Create { session, .. }
        | Command::Start { session, .. }
        | Command::Accept { session, .. }
        | Command::Reject { session, .. }
        | Command::HangUp { session, .. }
        | Command::Update { session, .. }
        | Command::SetMedia { session, .. }
        | Command::Hold { session }
        | Command::Resume { session }
        | Command::Upgrade { session, .. }
        | Command::Add { session, .. }
        | Command::Rejoin { session } => Some(session),
        Command::StartProcessing | Command::Destroy => None,
    }
}

/// The session that an input is about.
pub(super) const fn concerned(input: &Input) -> Option<&SessionId> {
    match input {
        Input::Signal { signal, .. } => Some(&signal.session),
        Input::Transport { session, .. } | Input::SignalFailed { session, .. } => Some(session),
        Input::Timeout | Input::ChatLost | Input::ChatRestored | Input::NetworkChanged => None,
    }
}

pub(super) fn event(event: &Event) -> String {
    let mut text = name(event);
    match event {
        // Our own user says nothing new.
        Event::NoActions { .. } => {}
        _ => {
            if let Some(user) = event.user() {
                // Writing to a string does not fail.
                let _ = write!(text, " {user}");
            }
        }
    }
    match event {
        Event::NewSession {
            call_type,
            user_info: info,
            ..
        } => format!("{text}, {call_type:?}") + &user_info(info),
        Event::Accepted {
            user_info: info, ..
        }
        | Event::Rejected {
            user_info: info, ..
        }
        | Event::HungUp {
            user_info: info, ..
        }
        | Event::Updated {
            user_info: info, ..
        } => text + &user_info(info),
        Event::Busy { cause, .. } => format!("{text}: {cause:?}"),
        Event::DescriptionRejected { fault, .. } => format!("{text}: {fault:?}"),
        Event::SignalFailed { kind, .. } => format!("{text}: {kind}"),
        Event::MediaChanged { media: state, .. } => format!("{text}: {}", media(*state)),
        Event::UpgradeRequested { call_type, .. } => format!("{text}: {call_type:?}"),
        Event::ParticipantUnreachable { other, .. } => format!("{text} and {other}"),
        Event::AddRefused { cause, .. } => format!("{text}: {cause:?}"),
        Event::Replaced { by, .. } => format!("{text} by {}", abbreviated(by)),
        _ => text,
    }
}

pub(super) fn steering(command: &TransportCommand) -> String {
    let carries = |call_type: &CallType| format!("{call_type:?}").to_lowercase();
    match command {
        TransportCommand::Open { call_type } => format!("open, {}", carries(call_type)),
        TransportCommand::CreateOffer => "make offer".into(),
        TransportCommand::ApplyOffer(offer) => format!("take offer {}", offer.as_str()),
        TransportCommand::CreateAnswer => "make answer".into(),
        TransportCommand::ApplyAnswer(answer) => format!("take answer {}", answer.as_str()),
        TransportCommand::AddCandidates(more) => format!("take candidates {}", times(more.len())),
        TransportCommand::Renegotiate {
            call_type,
            restart_ice,
        } => {
            let restart = if *restart_ice { ", restart ICE" } else { "" };
            format!("renegotiate, {}{restart}", carries(call_type))
        }
        TransportCommand::Reopen { call_type } => format!("open anew, {}", carries(call_type)),
        TransportCommand::SetHeld(true) => "hold".into(),
        TransportCommand::SetHeld(false) => "resume".into(),
        TransportCommand::Close => "close".into(),
    }
}

pub(super) fn transport(event: &TransportEvent) -> String {
    match event {
        TransportEvent::LocalOffer(offer) => format!("has offer {}", offer.as_str()),
        TransportEvent::LocalAnswer(answer) => format!("has answer {}", answer.as_str()),
        TransportEvent::LocalCandidates(found) => {
            format!("found candidates {}", times(found.len()))
        }
        TransportEvent::Checking => "checking paths".into(),
        TransportEvent::Connected => "connected".into(),
        TransportEvent::Disconnected => "nothing arrives".into(),
        TransportEvent::Failed => "failed".into(),
        TransportEvent::Closed => "released".into(),
        TransportEvent::DescriptionRejected(fault) => format!("description refused: {fault:?}"),
    }
}

/// The color of a session's bar.
pub(super) const fn session_tone(state: SessionState) -> &'static str {
    match state {
        SessionState::New | SessionState::GoingToClose | SessionState::Closed => "quiet",
        SessionState::Pending => "pending",
        SessionState::Connecting => "connecting",
        SessionState::Connected => "connected",
    }
}

/// The color of a peer's bar.
pub(super) const fn peer_tone(state: PeerState) -> &'static str {
    match state {
        PeerState::New | PeerState::Wait => "quiet",
        PeerState::Pending => "pending",
        PeerState::Connecting | PeerState::Checking => "connecting",
        PeerState::Connected => "connected",
        PeerState::Disconnected | PeerState::Failed => "lost",
        PeerState::Unknown
        | PeerState::DisconnectTimeout
        | PeerState::Closed
        | PeerState::NotAnswered
        | PeerState::Rejected
        | PeerState::HungUp
        | PeerState::Error => "over",
    }
}

fn times(count: usize) -> String {
    format!("×{count}")
}

/// As much of an id as tells it from the others.
pub(super) fn abbreviated(session: &SessionId) -> String {
    session.as_str().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use visavis_signal::UserId;

    use super::*;

    #[test]
    fn labels_are_short() {
        let long = short(&"x".repeat(1000));
        assert_eq!(long.chars().count(), CHARACTERS_AT_MOST);
        assert!(long.ends_with('…'));
        assert_eq!(short("call sdp-1"), "call sdp-1");
    }

    #[test]
    fn a_reason_of_ours_is_told_and_of_the_apps_data_the_key() {
        let mut hang_up = Signal::new(SessionId::from_bytes([1; 16]), Body::HangUp);
        hang_up.user_info =
            UserInfo::from_entries([("reason", reason::NOT_ANSWERED), ("note", "value-1")])
                .expect("user info");
        assert_eq!(signal(&hang_up), "hangUp (not-answered, note)");
    }

    #[test]
    fn an_event_names_whom_it_is_about() {
        let session = SessionId::from_bytes([1; 16]);
        let user = UserId(102);
        assert_eq!(event(&Event::Ringing { session, user }), "Ringing 102");
    }
}

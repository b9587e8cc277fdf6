//! How scripts write what a client says.

use visavis_call::{Event, TransportCommand, reason};
use visavis_signal::{Body, DescriptionKind, MediaState, SessionId, Update, UserInfo};

use super::cast::{Cast, THE_CALL};
use crate::client::Outcome;
use crate::foreign::Callback;
use crate::observer::name;

impl Cast {
    /// An event of the app, without changes of state.
    pub(super) fn tell_event(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Event(Event::StateChanged { .. } | Event::PeerStateChanged { .. }) => None,
            outcome => self.tell_change(outcome),
        }
    }

    /// An event of the app, changes of state included.
    pub(super) fn tell_change(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Event(event) => Some(self.of_call(event.session(), self.sentence(event))),
            Outcome::Callback(callback) => {
                Some(self.of_call(&callback.session, self.callback(callback)))
            }
            _ => None,
        }
    }

    fn of_call(&self, session: &SessionId, text: String) -> String {
        match self.call_name(session) {
            THE_CALL => text,
            name => format!("{name}: {text}"),
        }
    }

    fn callback(&self, callback: &Callback) -> String {
        let mut words = vec![callback.name.to_owned()];
        words.extend(callback.user.map(|user| self.name(user)));
        words.extend(callback.detail.map(str::to_owned));
        words.join(" ")
    }

    fn sentence(&self, event: &Event) -> String {
        let user = event.user().map(|user| self.name(user)).unwrap_or_default();
        let name = name(event);
        let text = match event {
            Event::StateChanged { state, .. } => format!("session {state}"),
            Event::PeerStateChanged { state, .. } => format!("{user} {state}"),
            Event::Replaced { by, .. } => format!("{name} {}", self.call_name(by)),
            Event::MediaChanged { media, .. } => format!("{name} {user} {}", shows(*media)),
            Event::UpgradeRequested { call_type, .. } => format!("{name} {user} {call_type:?}"),
            Event::ParticipantUnreachable { other, .. } => {
                format!("{name} {user} {}", self.name(*other))
            }
            Event::AddRefused { cause, .. } => format!("{name} {user} {cause:?}"),
            Event::Busy { cause, .. } => format!("{name} {user} {cause:?}"),
            Event::DescriptionRejected { fault, .. } => format!("{name} {user} {fault:?}"),
            Event::SignalFailed { kind, .. } => format!("{name} {user} {kind}"),
            _ => format!("{name} {user}"),
        };
        let info = match event {
            Event::NewSession { user_info, .. }
            | Event::Accepted { user_info, .. }
            | Event::Rejected { user_info, .. }
            | Event::HungUp { user_info, .. }
            | Event::Updated { user_info, .. }
            | Event::Busy { user_info, .. } => attached(user_info),
            _ => String::new(),
        };
        format!("{}{info}", text.trim_end())
    }

    /// A signal that was sent.
    pub(super) fn tell_signal(&self, outcome: &Outcome) -> Option<String> {
        let Outcome::Send { to, signal } = outcome else {
            return None;
        };
        let what = match &signal.body {
            Body::Update(update) => match update {
                Update::Data { .. } => "update".into(),
                Update::Reconnect(description) => {
                    format!("reconnect {}", kind(description.kind))
                }
                Update::Renegotiate(description) => {
                    format!("renegotiate {}", kind(description.kind))
                }
                Update::Ringing => "ringing".into(),
                Update::Media(media) => format!("media {}", shows(*media)),
                Update::Add { user } => format!("add {}", self.name(*user)),
                Update::AddRefused { user, cause } => {
                    format!("add-refused {} {cause:?}", self.name(*user))
                }
                Update::Added { user, .. } => format!("added {}", self.name(*user)),
                Update::Rejoin { .. } => "rejoin".into(),
            },
            _ => signal.kind().to_string(),
        };
        let info = attached(&signal.user_info);
        let text = format!("{what} to {}{info}", self.place(to));
        Some(self.of_call(&signal.session, text))
    }

    /// A command to a connection.
    pub(super) fn tell_command(&self, outcome: &Outcome) -> Option<String> {
        let Outcome::Transport {
            session,
            peer,
            command,
        } = outcome
        else {
            return None;
        };
        let what = match command {
            TransportCommand::Open { call_type } => format!("Open {call_type:?}"),
            TransportCommand::CreateOffer => "CreateOffer".into(),
            TransportCommand::ApplyOffer(_) => "ApplyOffer".into(),
            TransportCommand::CreateAnswer => "CreateAnswer".into(),
            TransportCommand::ApplyAnswer(_) => "ApplyAnswer".into(),
            TransportCommand::AddCandidates(_) => "AddCandidates".into(),
            TransportCommand::Renegotiate {
                call_type,
                restart_ice,
            } => {
                let paths = if *restart_ice { " on new paths" } else { "" };
                format!("Renegotiate {call_type:?}{paths}")
            }
            TransportCommand::Reopen { call_type } => format!("Reopen {call_type:?}"),
            TransportCommand::SetHeld(held) => format!("SetHeld {held}"),
            TransportCommand::Close => "Close".into(),
        };
        let text = format!("{what} for {}", self.name(*peer));
        Some(self.of_call(session, text))
    }
}

const fn kind(kind: DescriptionKind) -> &'static str {
    match kind {
        DescriptionKind::Offer => "offer",
        DescriptionKind::Answer => "answer",
    }
}

/// `audio+video`, as far as it is.
fn shows(media: MediaState) -> String {
    let parts = [
        (media.audio, "audio"),
        (media.video, "video"),
        (media.held, "held"),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| *name)
        .collect();
    if parts.is_empty() {
        "nothing".into()
    } else {
        parts.join("+")
    }
}

/// ` (mood=good)`; of a machine's reason only what it says.
fn attached(info: &UserInfo) -> String {
    let entries: Vec<_> = info
        .iter()
        .map(|(key, value)| match key {
            reason::KEY => value.to_owned(),
            key => format!("{key}={value}"),
        })
        .collect();
    if entries.is_empty() {
        String::new()
    } else {
        format!(" ({})", entries.join(" "))
    }
}

//! What is put in the place of what is private.
//!
//! A stand-in is a kind and a number, `sdp-1`. The same text has the same stand-in for as long as
//! a trace lasts, because the core compares descriptions, devices and the ids of offers. Numbers
//! are given in the order in which texts come, so that the stand-ins of a trace that is recorded
//! again are those of the trace itself.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt::{self, Display};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use visavis_call::{
    Address, Command, Event, Input, Output, TransportCommand, TransportEvent, reason,
};
use visavis_signal::{
    Body, Candidate, Capabilities, Description, Platform, SessionDescription, SessionId, Signal,
    Update, UserInfo, capability,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// A session description.
    Sdp,
    Candidate,
    /// A value in somebody's user info.
    Value,
    /// What chat calls a device.
    Device,
    /// Any other text that somebody may choose.
    Text,
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sdp => "sdp",
            Self::Candidate => "candidate",
            Self::Value => "value",
            Self::Device => "device",
            Self::Text => "text",
        })
    }
}

/// Of what was replaced only hashes are kept, under a key that nobody knows.
#[derive(Debug, Default)]
pub(crate) struct StandIns {
    key: RandomState,
    numbers: HashMap<(Kind, u64), u64>,
    given: HashMap<Kind, u64>,
}

impl StandIns {
    fn text(&mut self, kind: Kind, original: impl Hash) -> String {
        let hash = self.key.hash_one(original);
        let given = self.given.entry(kind).or_default();
        let number = self.numbers.entry((kind, hash)).or_insert_with(|| {
            *given += 1;
            *given
        });
        format!("{kind}-{number}")
    }

    pub(crate) fn hide_command(&mut self, command: &mut Command) {
        match command {
            Command::Start { user_info, .. }
            | Command::Accept { user_info, .. }
            | Command::Reject { user_info, .. }
            | Command::HangUp { user_info, .. }
            | Command::Update { user_info, .. }
            | Command::Add { user_info, .. } => self.user_info(user_info),
            Command::StartProcessing
            | Command::Create { .. }
            | Command::SetMedia { .. }
            | Command::Hold { .. }
            | Command::Resume { .. }
            | Command::Upgrade { .. }
            | Command::Rejoin { .. }
            | Command::Destroy => {}
        }
    }

    pub(crate) fn hide_input(&mut self, input: &mut Input) {
        match input {
            Input::Signal { from, signal } => {
                self.address(from);
                self.signal(signal);
            }
            Input::Transport { event, .. } => match event {
                TransportEvent::LocalOffer(description)
                | TransportEvent::LocalAnswer(description) => self.description(description),
                TransportEvent::LocalCandidates(candidates) => self.candidates(candidates),
                TransportEvent::Checking
                | TransportEvent::Connected
                | TransportEvent::Disconnected
                | TransportEvent::Failed
                | TransportEvent::Closed
                | TransportEvent::DescriptionRejected(_) => {}
            },
            Input::Timeout
            | Input::SignalFailed { .. }
            | Input::ChatLost
            | Input::ChatRestored
            | Input::NetworkChanged => {}
        }
    }

    pub(crate) fn hide_output(&mut self, output: &mut Output) {
        match output {
            Output::Send { to, signal } => {
                self.address(to);
                self.signal(signal);
            }
            Output::Transport { command, .. } => match command {
                TransportCommand::ApplyOffer(description)
                | TransportCommand::ApplyAnswer(description) => self.description(description),
                TransportCommand::AddCandidates(candidates) => self.candidates(candidates),
                TransportCommand::Open { .. }
                | TransportCommand::CreateOffer
                | TransportCommand::CreateAnswer
                | TransportCommand::Renegotiate { .. }
                | TransportCommand::Reopen { .. }
                | TransportCommand::SetHeld(_)
                | TransportCommand::Close => {}
            },
            Output::Event(event) => self.event(event),
        }
    }

    fn event(&mut self, event: &mut Event) {
        match event {
            Event::NewSession { user_info, .. }
            | Event::Accepted { user_info, .. }
            | Event::Rejected { user_info, .. }
            | Event::HungUp { user_info, .. }
            | Event::Updated { user_info, .. }
            | Event::Busy { user_info, .. } => self.user_info(user_info),
            Event::Ringing { .. }
            | Event::Replaced { .. }
            | Event::NotAnswered { .. }
            | Event::NoActions { .. }
            | Event::AcceptedElsewhere { .. }
            | Event::RejectedElsewhere { .. }
            | Event::DescriptionRejected { .. }
            | Event::SignalFailed { .. }
            | Event::StartClose { .. }
            | Event::Closed { .. }
            | Event::MediaChanged { .. }
            | Event::Held { .. }
            | Event::Resumed { .. }
            | Event::UpgradeRequested { .. }
            | Event::ParticipantAdded { .. }
            | Event::ParticipantUnreachable { .. }
            | Event::AddRefused { .. }
            | Event::StateChanged { .. }
            | Event::PeerStateChanged { .. }
            | Event::StartConnect { .. }
            | Event::Connected { .. }
            | Event::ConnectionFailed { .. }
            | Event::Disconnected { .. }
            | Event::Reconnecting { .. }
            | Event::Reconnected { .. }
            | Event::DisconnectTimeout { .. }
            | Event::ConnectionClosed { .. } => {}
        }
    }

    fn signal(&mut self, signal: &mut Signal) {
        // Named one by one, so that a new part does not pass unseen.
        let Signal {
            session: _,
            call_type: _,
            caller: _,
            opponents: _,
            user_info,
            bandwidth: _,
            platform,
            capabilities,
            device,
            join: _,
            body,
        } = signal;
        self.user_info(user_info);
        if let Some(Platform::Other(name)) = platform {
            *name = self.text(Kind::Text, &*name).into();
        }
        self.capabilities(capabilities);
        if let Some(device) = device {
            self.id(device);
        }
        match body {
            Body::Call { offer: description }
            | Body::Accept {
                answer: description,
            } => self.description(description),
            Body::IceCandidates(candidates) => self.candidates(candidates),
            Body::Update(update) => self.update(update),
            Body::Reject | Body::HangUp => {}
        }
    }

    fn update(&mut self, update: &mut Update) {
        match update {
            Update::Data { reason } => {
                if let Some(reason) = reason {
                    *reason = self.text(Kind::Text, &*reason).into();
                }
            }
            Update::Reconnect(description) | Update::Renegotiate(description) => {
                let SessionDescription {
                    offer_id,
                    kind: _,
                    sdp,
                } = description;
                self.id(offer_id);
                self.description(sdp);
            }
            Update::Ringing
            | Update::Media(_)
            | Update::Add { .. }
            | Update::AddRefused { .. }
            | Update::Added { .. }
            | Update::Rejoin { .. } => {}
        }
    }

    fn address(&mut self, address: &mut Address) {
        if let Some(resource) = &mut address.resource {
            *resource = self.text(Kind::Device, &*resource).into();
        }
    }

    /// A UUID says nothing, and a core that is fed with its own again has to know it.
    fn id(&mut self, id: &mut Arc<str>) {
        if SessionId::parse(id).is_err() {
            *id = self.text(Kind::Text, &*id).into();
        }
    }

    fn description(&mut self, description: &mut Description) {
        let stand_in = self.text(Kind::Sdp, &*description);
        *description = Description::new(&stand_in);
    }

    fn candidates(&mut self, candidates: &mut [Candidate]) {
        for candidate in candidates {
            let stand_in = self.text(Kind::Candidate, &*candidate);
            *candidate = Candidate {
                candidate: stand_in.into(),
                sdp_mid: None,
                sdp_mline_index: None,
            };
        }
    }

    /// Names that nobody knows mean nothing to the core.
    fn capabilities(&mut self, capabilities: &mut Capabilities) {
        let known = capability::ALL
            .into_iter()
            .filter(|name| capabilities.contains(name));
        *capabilities = Capabilities::from_names(known).unwrap_or_default();
    }

    /// Keys stay: they are words of the app's program, as are the reasons of our own, which the
    /// core looks at.
    fn user_info(&mut self, user_info: &mut UserInfo) {
        let mut hidden = UserInfo::new();
        for (key, value) in user_info.iter() {
            let is_reason = key == reason::KEY && reason::ALL.contains(&value);
            // One that becomes too long by it is left out.
            let _ = if is_reason || value.is_empty() {
                hidden.insert(key, value)
            } else {
                hidden.insert(key, &self.text(Kind::Value, value))
            };
        }
        *user_info = hidden;
    }
}

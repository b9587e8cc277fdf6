//! Stream management (XEP-0198), as the client asks for it: acknowledgments,
//! and coming back to a stream whose socket was lost.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use super::{ClientStream, Output, State};
use crate::ledger::{self, Ledger, UnackedLimits};
use crate::xml::Element;
use crate::{Jid, ns};

/// A stream under management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Management {
    ledger: Ledger,
    /// The server has agreed, and counts.
    enabled: bool,
    /// The name by which the server lets us come back.
    id: Option<String>,
}

/// A stream that has lost its socket, to be given to the
/// [next one](super::ClientConfig::resumption).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumption {
    jid: Jid,
    id: String,
    ledger: Ledger,
}

impl Resumption {
    /// The stanzas that may never have reached the server, oldest first.
    pub fn unacked(&self) -> impl Iterator<Item = &str> {
        self.ledger.unacked()
    }
}

impl ClientStream {
    /// What is needed to come back to a stream that was lost, or that is
    /// online and not to be used any more. None if the server does not let us,
    /// or more was waiting for it than is kept.
    pub fn take_resumption(&mut self) -> Option<Box<Resumption>> {
        let (State::Roster { jid } | State::Online { jid }) = &self.state else {
            // One that was never reached again can still be.
            return self.left.take().or_else(|| self.config.resumption.take());
        };
        let Management { ledger, id, .. } = self.management.take()?;
        let id = id.filter(|_| ledger.is_complete())?;
        Some(Box::new(Resumption {
            jid: jid.clone(),
            id,
            ledger,
        }))
    }

    /// Sends what counts.
    pub(super) fn send_stanza(&mut self, stanza: String) {
        let question = self.management.as_mut().and_then(|management| {
            management.ledger.send(&stanza);
            management.ledger.question()
        });
        self.send(stanza);
        if let Some(question) = question {
            self.send(question);
        }
    }

    /// A stanza of the server is about to be taken care of.
    pub(super) const fn count_stanza(&mut self) {
        if let Some(management) = &mut self.management
            && management.enabled
        {
            management.ledger.handle();
        }
    }

    pub(super) fn enable(&mut self) {
        let enable = Element::new(ns::STREAM_MANAGEMENT, "enable").with_attribute("resume", "true");
        self.send(enable.to_xml());
        self.management = Some(Management {
            ledger: Ledger::new(Some(UnackedLimits::default())),
            enabled: false,
            id: None,
        });
    }

    /// Asks for the stream that was lost, if there is one.
    pub(super) fn ask_to_resume(&mut self) -> bool {
        let Some(resumption) = &self.config.resumption else {
            return false;
        };
        let resume = Element::new(ns::STREAM_MANAGEMENT, "resume")
            .with_attribute("previd", &resumption.id)
            .with_attribute("h", &resumption.ledger.handled().to_string());
        self.send(resume.to_xml());
        true
    }

    /// Takes an element of management.
    pub(super) fn manage(&mut self, element: &Element) {
        match (element.name(), self.state.clone(), &mut self.management) {
            ("resumed", State::Resuming { .. }, _) => self.resumed(element),
            ("failed", State::Resuming { needs_session }, _) => {
                self.config.resumption = None;
                self.ask_to_bind(needs_session);
            }
            ("enabled", _, Some(management)) => {
                management.enabled = true;
                let resumable = matches!(element.attribute("resume"), Some("true" | "1"));
                let id = element.attribute("id").filter(|_| resumable);
                management.id = id.map(ToString::to_string);
            }
            ("failed", ..) => self.management = None,
            ("r", _, Some(management)) => {
                let answer = management.ledger.answer();
                self.send(answer);
            }
            ("a", _, Some(management)) => {
                if let Some(handled) = ledger::handled_of(element) {
                    management.ledger.acknowledge(handled);
                }
                if let Some(question) = management.ledger.question() {
                    self.send(question);
                }
            }
            _ => {}
        }
    }

    fn resumed(&mut self, element: &Element) {
        let Some(resumption) = self.config.resumption.take() else {
            return;
        };
        let Resumption {
            jid,
            id,
            mut ledger,
        } = *resumption;
        if let Some(handled) = ledger::handled_of(element) {
            ledger.acknowledge(handled);
        }
        let again = ledger.unacked().map(ToString::to_string);
        self.outputs.extend(again.map(Output::Send));
        if let Some(question) = ledger.question_again() {
            self.send(question);
        }
        self.management = Some(Management {
            ledger,
            enabled: true,
            id: Some(id),
        });
        self.state = State::Online { jid: jid.clone() };
        self.outputs.push_back(Output::Resumed { jid });
    }
}

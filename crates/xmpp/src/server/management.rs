//! Stream management (XEP-0198): acknowledgments, and coming back to a stream
//! whose connection was lost.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use super::{Output, ServerStream, State};
use crate::ledger::{self, Ledger};
use crate::stanza::StanzaError;
use crate::xml::Element;
use crate::{Jid, ns};

/// A stream under management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Management {
    ledger: Ledger,
    /// The name by which the client may come back to it.
    id: Option<String>,
}

/// A stream that has lost its connection, for the client to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumable {
    jid: Jid,
    id: String,
    ledger: Ledger,
}

impl Resumable {
    /// The client's address.
    pub const fn jid(&self) -> &Jid {
        &self.jid
    }

    /// The stanzas that may never have reached the client, oldest first.
    pub fn unacked(&self) -> impl Iterator<Item = &str> {
        self.ledger.unacked()
    }
}

impl ServerStream {
    /// Gives up what a client needs to come back: of a stream whose connection
    /// is lost, or of one that is [ready](Output::Ready) and will never send
    /// or count anything again. None if the client did not ask for it, or more
    /// was waiting for it than is kept.
    pub fn take_resumable(&mut self) -> Option<Box<Resumable>> {
        self.keep_what_is_left();
        self.left.take()
    }

    pub(super) fn keep_what_is_left(&mut self) {
        let State::Ready { jid } = &self.state else {
            return;
        };
        if let Some(Management {
            ledger,
            id: Some(id),
        }) = self.management.take()
            && ledger.is_complete()
        {
            self.left = Some(Box::new(Resumable {
                jid: jid.clone(),
                id,
                ledger,
            }));
        }
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

    /// A stanza of the client is about to be taken care of.
    pub(super) const fn count_stanza(&mut self) {
        if let Some(management) = &mut self.management {
            management.ledger.handle();
        }
    }

    /// Takes an element of management while stanzas flow. What makes no sense
    /// is ignored: some clients ask and count as they like.
    pub(super) fn manage(&mut self, element: &Element) {
        match (element.name(), &mut self.management) {
            ("enable", None) => self.enable(element),
            ("enable" | "resume", _) => self.send(failed(StanzaError::UnexpectedRequest)),
            ("r", Some(management)) => {
                let answer = management.ledger.answer();
                self.send(answer);
            }
            ("a", Some(management)) => {
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

    fn enable(&mut self, element: &Element) {
        let wants_resumption = matches!(element.attribute("resume"), Some("true" | "1"));
        let offer = self.config.resumption.as_ref();
        let offer = offer.filter(|_| wants_resumption);
        let mut enabled = Element::new(ns::STREAM_MANAGEMENT, "enabled");
        if let Some(offer) = offer {
            enabled.set_attribute("id", &offer.id);
            enabled.set_attribute("resume", "true");
            enabled.set_attribute("max", &offer.max_seconds.to_string());
        }
        let id = offer.map(|offer| offer.id.clone());
        self.management = Some(Management {
            ledger: Ledger::new(offer.map(|offer| offer.limits)),
            id: id.clone(),
        });
        self.send(enabled.to_xml());
        if let Some(id) = id {
            self.outputs.push_back(Output::Resumable { id });
        }
    }

    /// Takes an element of management in place of a bind request.
    pub(super) fn manage_unbound(&mut self, user: Jid, element: &Element) {
        let handled = ledger::handled_of(element);
        match (element.name(), element.attribute("previd"), handled) {
            ("resume", Some(id), Some(handled)) => {
                let id = id.to_string();
                self.state = State::Resuming { user, handled };
                self.outputs.push_back(Output::Resume { id });
            }
            ("resume", ..) => self.send(failed(StanzaError::BadRequest)),
            ("enable", ..) => self.send(failed(StanzaError::UnexpectedRequest)),
            _ => {}
        }
    }

    pub(super) fn resumed(&mut self, resumable: Resumable, handled: u32) {
        let Resumable {
            jid,
            id,
            mut ledger,
        } = resumable;
        ledger.acknowledge(handled);
        let resumed = Element::new(ns::STREAM_MANAGEMENT, "resumed")
            .with_attribute("previd", &id)
            .with_attribute("h", &ledger.handled().to_string());
        self.send(resumed.to_xml());
        let again = ledger.unacked().map(ToString::to_string);
        self.outputs.extend(again.map(Output::Send));
        if let Some(question) = ledger.question_again() {
            self.send(question);
        }
        self.management = Some(Management {
            ledger,
            id: Some(id),
        });
        self.state = State::Ready { jid: jid.clone() };
        self.outputs.push_back(Output::Ready { jid });
    }

    pub(super) fn resume_refused(&mut self, user: Jid) {
        self.send(failed(StanzaError::ItemNotFound));
        self.state = State::Binding { user };
    }
}

fn failed(error: StanzaError) -> String {
    Element::new(ns::STREAM_MANAGEMENT, "failed")
        .with_child(Element::new(ns::STANZA_ERRORS, error.name()))
        .to_xml()
}

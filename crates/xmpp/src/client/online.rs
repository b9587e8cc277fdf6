//! Stanzas, pings and the end.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};

use super::{ClientStream, MAX_EARLY_STANZAS, MAX_PINGS, Output, State};
use crate::stanza::StanzaError;
use crate::xml::Element;
use crate::{Jid, ns};

impl ClientStream {
    pub(super) fn stanza(&mut self, jid: &Jid, stanza: Element) {
        self.count_stanza();
        if !stanza.is(ns::CLIENT, "iq") {
            return self.hand_up(stanza);
        }
        let Some(id) = stanza.attribute("id").map(ToOwned::to_owned) else {
            return;
        };
        match stanza.attribute("type") {
            Some("get" | "set") => self.answer(jid, &stanza, &id),
            // Even an error shows that the server is there.
            _ if self.is_pong(&id) => self.outputs.push_back(Output::Pong { id }),
            _ if self.login_answer(jid, &id) => {}
            _ => self.hand_up(stanza),
        }
    }

    /// Nothing comes up before [`Output::Connected`].
    fn hand_up(&mut self, stanza: Element) {
        if matches!(self.state, State::Online { .. }) {
            self.outputs.push_back(Output::Stanza(stanza));
        } else if self.early.len() < MAX_EARLY_STANZAS {
            self.early.push(stanza);
        }
    }

    /// Everything that is asked has to be answered (RFC 6120 section 8.2.3).
    fn answer(&mut self, jid: &Jid, request: &Element, id: &str) {
        let mut answer = Element::new(ns::CLIENT, "iq").with_attribute("id", id);
        if let Some(asking) = request.attribute("from") {
            answer.set_attribute("to", asking);
        }
        let known = match request.attribute("type") {
            Some("get") => request.child_ns(ns::PING, "ping").is_some(),
            _ => request.child_ns(ns::ROSTER, "query").is_some() && is_own(jid, request),
        };
        if known {
            answer.set_attribute("type", "result");
        } else {
            answer.set_attribute("type", "error");
            answer.push(StanzaError::ServiceUnavailable.to_element());
        }
        self.send_stanza(answer.to_xml());
    }

    pub(super) fn ping(&mut self, jid: &Jid, id: String) {
        let ping = Element::new(ns::CLIENT, "iq")
            .with_attribute("from", &jid.to_string())
            .with_attribute("id", &id)
            .with_attribute("to", jid.domain())
            .with_attribute("type", "get")
            .with_child(Element::new(ns::PING, "ping"));
        self.send_stanza(ping.to_xml());
        if self.pings.len() == MAX_PINGS {
            self.pings.pop_front();
        }
        self.pings.push_back(id);
    }

    fn is_pong(&mut self, id: &str) -> bool {
        match self.pings.iter().position(|ping| ping == id) {
            Some(at) => self.pings.remove(at).is_some(),
            None => false,
        }
    }

    pub(super) fn disconnect(&mut self, state: &State) {
        if matches!(state, State::Closing) {
            return;
        }
        if matches!(state, State::Online { .. }) {
            let leave = Element::new(ns::CLIENT, "presence").with_attribute("type", "unavailable");
            self.send_stanza(leave.to_xml());
        }
        self.send_close();
        self.management = None;
        self.state = State::Closing;
    }
}

/// Whether a stanza comes from the own account or its server.
fn is_own(jid: &Jid, stanza: &Element) -> bool {
    match stanza.attribute("from").map(str::parse::<Jid>) {
        None => true,
        Some(Ok(from)) => {
            from == jid.bare() || (from.local().is_none() && from.domain() == jid.domain())
        }
        Some(Err(_)) => false,
    }
}

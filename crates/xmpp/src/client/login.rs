//! From the open socket to the list of contacts.

use alloc::string::{String, ToString};

use super::{ClientStream, ConnectError, Framing, Output, StartTls, State, Step};
use crate::framing;
use crate::sasl::{PLAIN, Plain, SaslFailure};
use crate::stanza::StanzaError;
use crate::tcp;
use crate::xml::Element;
use crate::{Jid, ns};

/// The ids of the requests, unique within the stream.
const BIND_ID: &str = "_bind_auth_2";
const SESSION_ID: &str = "_session_auth_2";
const CARBONS_ID: &str = "enableCarbons";
const ROSTER_ID: &str = "getRoster";

impl ClientStream {
    pub(super) fn open(&mut self, next: State) {
        let domain = self.config.user.domain();
        self.send(match self.config.framing {
            Framing::WebSocket => framing::client_open(domain),
            Framing::Tcp => tcp::client_open(domain),
        });
        self.state = next;
    }

    pub(super) fn opened(&mut self) {
        self.state = match self.state {
            State::Opening => State::Features,
            State::Reopening => State::NewFeatures,
            _ => return self.unexpected(Step::Open),
        };
    }

    pub(super) fn features(&mut self, features: &Element) {
        if !features.is(ns::STREAMS, "features") {
            return self.unexpected(Step::Features);
        }
        let offered = features.child_ns(ns::TLS, "starttls").is_some();
        match (self.config.start_tls, offered) {
            (StartTls::Required, false) => self.give_up(ConnectError::NoTls),
            (StartTls::IfOffered | StartTls::Required, true) => {
                self.send(Element::new(ns::TLS, "starttls").to_xml());
                self.state = State::AskingForTls;
            }
            (StartTls::Never, _) | (StartTls::IfOffered, false) => self.authenticate(features),
        }
    }

    /// Nothing that was said before counts any more (RFC 6120 section
    /// 5.4.3.3).
    pub(super) fn start_tls(&mut self, answer: &Element) {
        if !answer.is(ns::TLS, "proceed") {
            return self.give_up(ConnectError::NoTls);
        }
        self.config.start_tls = StartTls::Never;
        self.state = State::Encrypting;
        self.outputs.push_back(Output::StartTls);
    }

    fn authenticate(&mut self, features: &Element) {
        let offers_plain = features
            .child_ns(ns::SASL, "mechanisms")
            .is_some_and(|offered| {
                offered
                    .children()
                    .any(|mechanism| mechanism.text() == PLAIN)
            });
        if !offers_plain {
            return self.give_up(ConnectError::NoPlain);
        }
        let plain = Plain {
            authorization: String::new(),
            local: self.config.user.local().unwrap_or_default().to_string(),
            password: self.config.password.clone(),
        };
        match plain.encode() {
            Ok(response) => {
                let auth = Element::new(ns::SASL, "auth")
                    .with_attribute("mechanism", PLAIN)
                    .with_text(&response);
                self.send(auth.to_xml());
                self.state = State::Authenticating;
            }
            Err(error) => self.give_up(error.into()),
        }
    }

    pub(super) fn authenticated(&mut self, element: &Element) {
        if element.is(ns::SASL, "success") {
            return self.open(State::Reopening);
        }
        match SaslFailure::read(element) {
            Some((SaslFailure::NotAuthorized, text)) => {
                self.give_up(ConnectError::NotAuthorized { text });
            }
            Some((failure, _)) => self.give_up(ConnectError::Refused(failure)),
            None => self.unexpected(Step::Authentication),
        }
    }

    pub(super) fn bind(&mut self, features: &Element) {
        if !features.is(ns::STREAMS, "features") || features.child_ns(ns::BIND, "bind").is_none() {
            return self.unexpected(Step::NewFeatures);
        }
        let needs_session = features
            .child_ns(ns::SESSION, "session")
            .is_some_and(|session| session.child("optional").is_none());
        self.offers_management = features.child_ns(ns::STREAM_MANAGEMENT, "sm").is_some();
        if self.offers_management && self.ask_to_resume() {
            self.state = State::Resuming { needs_session };
        } else {
            self.ask_to_bind(needs_session);
        }
    }

    pub(super) fn ask_to_bind(&mut self, needs_session: bool) {
        let mut bind = Element::new(ns::BIND, "bind");
        if let Some(resource) = &self.config.resource {
            bind.push(Element::new(ns::BIND, "resource").with_text(resource));
        }
        self.send(request(BIND_ID, "set", bind).to_xml());
        self.state = State::Binding { needs_session };
    }

    pub(super) fn bound(&mut self, iq: &Element, needs_session: bool) {
        if !iq.is(ns::CLIENT, "iq") || iq.attribute("id") != Some(BIND_ID) {
            return self.unexpected(Step::Bind);
        }
        if iq.attribute("type") == Some("error") {
            return self.give_up(ConnectError::BindRefused(StanzaError::read(iq)));
        }
        let jid = iq
            .child_ns(ns::BIND, "bind")
            .and_then(|bind| bind.child("jid"))
            .map(Element::text);
        let Some(jid) = jid
            .and_then(|jid| jid.parse::<Jid>().ok())
            .filter(Jid::is_full)
        else {
            return self.unexpected(Step::Bind);
        };
        if self.config.bare {
            self.outputs
                .push_back(Output::Connected { jid: jid.clone() });
            self.state = State::Online { jid };
        } else if needs_session {
            let session = Element::new(ns::SESSION, "session");
            self.send_stanza(request(SESSION_ID, "set", session).to_xml());
            self.state = State::Session { jid };
        } else {
            self.ask(jid);
        }
    }

    /// Takes the answers that the login waits for; false for any other iq.
    pub(super) fn login_answer(&mut self, jid: &Jid, id: &str) -> bool {
        match (&self.state, id) {
            (State::Session { .. }, SESSION_ID) => self.ask(jid.clone()),
            // A server without contact lists may say so: calls need none.
            (State::Roster { .. }, ROSTER_ID) => self.connected(jid.clone()),
            // Without carbons other devices ring on; calls work.
            (State::Roster { .. } | State::Online { .. }, CARBONS_ID) => {}
            _ => return false,
        }
        true
    }

    fn ask(&mut self, jid: Jid) {
        if self.offers_management {
            self.enable();
        }
        let from = jid.to_string();
        let carbons = Element::new(ns::CARBONS, "enable");
        self.send_stanza(
            request(CARBONS_ID, "set", carbons)
                .with_attribute("from", &from)
                .to_xml(),
        );
        let roster = Element::new(ns::ROSTER, "query");
        self.send_stanza(
            request(ROSTER_ID, "get", roster)
                .with_attribute("from", &from)
                .to_xml(),
        );
        self.state = State::Roster { jid };
    }

    fn connected(&mut self, jid: Jid) {
        self.send_stanza(Element::new(ns::CLIENT, "presence").to_xml());
        self.outputs
            .push_back(Output::Connected { jid: jid.clone() });
        self.outputs
            .extend(self.early.drain(..).map(Output::Stanza));
        self.state = State::Online { jid };
    }

    fn give_up(&mut self, error: ConnectError) {
        self.send_close();
        self.end(error);
    }
}

fn request(id: &str, type_: &str, payload: Element) -> Element {
    Element::new(ns::CLIENT, "iq")
        .with_attribute("id", id)
        .with_attribute("type", type_)
        .with_child(payload)
}

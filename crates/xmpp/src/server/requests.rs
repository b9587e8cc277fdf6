//! What a client with a resource sends, and what the server answers by itself.

use alloc::string::ToString;

use super::{Output, ServerStream};
use crate::stanza::{self, HeaderError, StanzaError, StanzaHeader, StanzaKind};
use crate::stream_error::StreamError;
use crate::xml::Element;
use crate::{Jid, ns};

/// What a stream answers by itself.
enum Request {
    Session,
    Carbons(bool),
    Ping,
}

impl ServerStream {
    pub(super) fn stanza(&mut self, jid: &Jid, raw: &str) {
        let mut header = match StanzaHeader::read(raw) {
            Ok(header) => header,
            Err(HeaderError::Address(header)) => {
                self.count_stanza();
                return self.refuse_stanza(&header, StanzaError::JidMalformed, jid);
            }
            Err(HeaderError::Namespace) => return self.no_stanza(raw),
            Err(error) => return self.fail(error.into()),
        };
        self.count_stanza();
        if let (Some(to), Some(alias)) = (&header.to, &self.alias)
            && to.domain() == alias
        {
            header.to = Some(to.at(&self.config.domain));
        }
        if header.kind != StanzaKind::Iq {
            return self.hand_up(header, raw);
        }
        let valid = matches!(
            header.type_.as_deref(),
            Some("get" | "set" | "result" | "error")
        );
        let for_server = header
            .to
            .as_ref()
            .is_none_or(|to| *to == self.config.domain || *to == jid.bare());
        match (header.is_request(), for_server) {
            _ if !valid || header.id.is_none() => {
                self.refuse_stanza(&header, StanzaError::BadRequest, jid);
            }
            (true, true) => self.request(&header, jid, raw),
            (_, false) => self.hand_up(header, raw),
            // The answer to something that the server asked: the client lives.
            (false, true) => {}
        }
    }

    fn hand_up(&mut self, header: StanzaHeader, raw: &str) {
        self.outputs.push_back(Output::Stanza {
            header,
            raw: raw.to_string(),
        });
    }

    fn refuse_stanza(&mut self, header: &StanzaHeader, error: StanzaError, to: &Jid) {
        if let Some(reply) = stanza::error_reply(header, error, to) {
            self.send_stanza(reply);
        }
    }

    fn request(&mut self, header: &StanzaHeader, jid: &Jid, raw: &str) {
        let iq = match Element::parse(raw, &self.limits()) {
            Ok(iq) => iq,
            Err(error) => return self.fail(error.into()),
        };
        let mut children = iq.children();
        let (Some(payload), None) = (children.next(), children.next()) else {
            return self.refuse_stanza(header, StanzaError::BadRequest, jid);
        };
        let Some(request) = Request::read(header, payload) else {
            self.outputs.push_back(Output::Request {
                header: header.clone(),
                payload: payload.clone(),
            });
            return;
        };
        self.send_stanza(stanza::iq_result(header, jid, None));
        if let Request::Carbons(wanted) = request {
            self.outputs.push_back(Output::Carbons(wanted));
        }
    }

    fn no_stanza(&mut self, raw: &str) {
        match Element::parse(raw, &self.limits()) {
            Ok(element) if element.namespace() == ns::STREAM_MANAGEMENT => self.manage(&element),
            Ok(_) => self.fail(StreamError::InvalidNamespace),
            Err(error) => self.fail(error.into()),
        }
    }
}

impl Request {
    fn read(header: &StanzaHeader, payload: &Element) -> Option<Self> {
        match (
            header.type_.as_deref()?,
            payload.namespace(),
            payload.name(),
        ) {
            ("set", ns::SESSION, "session") => Some(Self::Session),
            ("set", ns::CARBONS, "enable") => Some(Self::Carbons(true)),
            ("set", ns::CARBONS, "disable") => Some(Self::Carbons(false)),
            ("get", ns::PING, "ping") => Some(Self::Ping),
            _ => None,
        }
    }
}

//! From the first `<open/>` to the bound resource.

use alloc::format;
use alloc::string::{String, ToString};

use super::{Encryption, Framing, MAX_BIND_ATTEMPTS, Output, ServerStream, State};
use crate::framing::{self, Open};
use crate::sasl::{PLAIN, Plain, SaslFailure};
use crate::stanza::{self, HeaderError, StanzaError, StanzaHeader};
use crate::stream_error::StreamError;
use crate::tcp;
use crate::xml::Element;
use crate::{Jid, ns};

impl ServerStream {
    pub(super) fn first_open(&mut self, open: &Open) {
        if !self.begin(open) {
            return;
        }
        let mut start_tls = Element::new(ns::TLS, "starttls");
        let mechanisms = Element::new(ns::SASL, "mechanisms")
            .with_child(Element::new(ns::SASL, "mechanism").with_text(PLAIN));
        self.send(match self.config.encryption {
            Encryption::Private => features(&[mechanisms]),
            Encryption::Offered => features(&[start_tls, mechanisms]),
            Encryption::Required => {
                start_tls.push(Element::new(ns::TLS, "required"));
                features(&[start_tls])
            }
        });
        self.state = State::Authentication;
    }

    /// From here on everything is said again, by whoever is there now
    /// (RFC 6120 section 5.4.3.3).
    fn start_tls(&mut self) {
        self.send(Element::new(ns::TLS, "proceed").to_xml());
        self.outputs.push_back(Output::StartTls);
        self.config.encryption = Encryption::Private;
        self.failed_auths = 0;
        self.state = State::Opening;
    }

    pub(super) fn second_open(&mut self, open: &Open, user: Jid) {
        if !self.begin(open) {
            return;
        }
        let bind = Element::new(ns::BIND, "bind").with_child(Element::new(ns::BIND, "required"));
        let management = Element::new(ns::STREAM_MANAGEMENT, "sm");
        if self.config.offer_session {
            let session = Element::new(ns::SESSION, "session")
                .with_child(Element::new(ns::SESSION, "optional"));
            self.send(features(&[bind, session, management]));
        } else {
            self.send(features(&[bind, management]));
        }
        self.state = State::Binding { user };
    }

    /// Answers an `<open/>`; false if the stream ended instead.
    fn begin(&mut self, open: &Open) -> bool {
        if !open.is_supported() {
            self.fail(StreamError::UnsupportedVersion);
            return false;
        }
        let meant = open.to.as_deref().and_then(|to| to.parse::<Jid>().ok());
        self.alias = None;
        if meant.as_ref() != Some(&self.config.domain) {
            if !self.config.accept_any_domain {
                self.fail(StreamError::HostUnknown);
                return false;
            }
            self.alias = meant.map(|meant| meant.domain().to_string());
        }
        self.send_open();
        true
    }

    pub(super) fn send_open(&mut self) {
        self.streams += 1;
        let id = match self.streams {
            1 => self.config.id.clone(),
            n => format!("{}-{n}", self.config.id),
        };
        let domain = self.config.domain.domain();
        self.send(match self.config.framing {
            Framing::WebSocket => framing::server_open(domain, &id),
            Framing::Tcp => tcp::server_open(domain, &id),
        });
    }

    pub(super) fn authenticate(&mut self, raw: &str) {
        let element = match Element::parse(raw, &self.limits()) {
            Ok(element) => element,
            Err(error) => return self.fail(error.into()),
        };
        let response = element.text();
        if element.is(ns::TLS, "starttls") && self.config.encryption != Encryption::Private {
            self.start_tls();
        } else if element.is(ns::SASL, "auth") {
            if self.config.encryption == Encryption::Required {
                self.refuse(SaslFailure::EncryptionRequired);
            } else if element.attribute("mechanism") != Some(PLAIN) {
                self.refuse(SaslFailure::InvalidMechanism);
            } else if response.is_empty() {
                self.send(Element::new(ns::SASL, "challenge").to_xml());
                self.state = State::Challenged;
            } else {
                self.credentials(&response);
            }
        } else if element.is(ns::SASL, "response") && matches!(self.state, State::Challenged) {
            self.credentials(&response);
        } else if element.is(ns::SASL, "abort") {
            self.refuse(SaslFailure::Aborted);
        } else {
            self.fail(StreamError::NotAuthorized);
        }
    }

    fn credentials(&mut self, response: &str) {
        let Plain {
            authorization,
            local,
            password,
        } = match Plain::decode(response) {
            Ok(plain) => plain,
            Err(failure) => return self.refuse(failure),
        };
        if !authorization.is_empty() {
            let own = Jid::user(&local, self.config.domain.domain());
            if own.is_err() || authorization.parse() != own {
                return self.refuse(SaslFailure::InvalidAuthzid);
            }
        }
        self.state = State::Authenticating;
        self.outputs
            .push_back(Output::Authenticate { local, password });
    }

    pub(super) fn authenticated(&mut self, result: Result<String, SaslFailure>) {
        let local = match result {
            Ok(local) => local,
            Err(failure) => return self.refuse(failure),
        };
        match Jid::user(&local, self.config.domain.domain()) {
            Ok(user) => {
                self.send(Element::new(ns::SASL, "success").to_xml());
                self.state = State::Reopening { user };
            }
            Err(_) => self.fail(StreamError::InternalServerError),
        }
    }

    /// One attempt failed (RFC 6120 section 6.4.5).
    fn refuse(&mut self, failure: SaslFailure) {
        self.state = State::Authentication;
        self.failed_auths += 1;
        self.send(failure.to_xml());
        if self.failed_auths >= self.config.max_auth_attempts {
            self.fail(StreamError::PolicyViolation);
        }
    }

    pub(super) fn bind(&mut self, user: Jid, raw: &str) {
        let request = match StanzaHeader::read(raw) {
            Ok(request) => request,
            Err(HeaderError::Namespace) => return self.no_bind(user, raw),
            Err(error) => return self.fail(error.into()),
        };
        let limits = self.limits();
        let bind = Element::parse(raw, &limits)
            .ok()
            .and_then(|iq| iq.child_ns(ns::BIND, "bind").cloned());
        let Some(bind) =
            bind.filter(|_| request.type_.as_deref() == Some("set") && request.is_request())
        else {
            // Nothing else before a resource is bound (RFC 6120 section 7.1).
            return self.fail(StreamError::NotAuthorized);
        };
        let wanted = bind
            .child("resource")
            .map(Element::text)
            .filter(|wanted| !wanted.is_empty());
        let possible = wanted
            .as_ref()
            .is_none_or(|wanted| user.with_resource(wanted).is_ok());
        if request.id.is_none() || !possible {
            return self.bind_failed(user, &request, StanzaError::BadRequest);
        }
        self.state = State::Reserving { user, request };
        self.outputs.push_back(Output::Bind { wanted });
    }

    fn no_bind(&mut self, user: Jid, raw: &str) {
        match Element::parse(raw, &self.limits()) {
            Ok(element) if element.namespace() == ns::STREAM_MANAGEMENT => {
                self.manage_unbound(user, &element);
            }
            Ok(_) => self.fail(StreamError::InvalidNamespace),
            Err(error) => self.fail(error.into()),
        }
    }

    pub(super) fn bound(&mut self, user: &Jid, request: &StanzaHeader, resource: &str) {
        let Ok(jid) = user.with_resource(resource) else {
            return self.fail(StreamError::InternalServerError);
        };
        let address = Element::new(ns::BIND, "jid").with_text(&jid.to_string());
        let bind = Element::new(ns::BIND, "bind").with_child(address);
        self.send(stanza::iq_result(request, &jid, Some(bind)));
        self.state = State::Ready { jid: jid.clone() };
        self.outputs.push_back(Output::Ready { jid });
    }

    pub(super) fn bind_refused(&mut self, user: Jid, request: &StanzaHeader) {
        self.bind_failed(user, request, StanzaError::ResourceConstraint);
    }

    fn bind_failed(&mut self, user: Jid, request: &StanzaHeader, error: StanzaError) {
        if let Some(reply) = stanza::error_reply(request, error, &user) {
            self.send(reply);
        }
        self.state = State::Binding { user };
        self.failed_binds += 1;
        if self.failed_binds >= MAX_BIND_ATTEMPTS {
            self.fail(StreamError::PolicyViolation);
        }
    }
}

/// Features, well-formed by themselves.
fn features(offered: &[Element]) -> String {
    let mut xml = String::from(r#"<stream:features xmlns=""#);
    xml.push_str(ns::CLIENT);
    xml.push_str(r#"" xmlns:stream=""#);
    xml.push_str(ns::STREAMS);
    xml.push_str(r#"">"#);
    for feature in offered {
        feature.write(&mut xml);
    }
    xml.push_str("</stream:features>");
    xml
}

//! Who gets a stanza (RFC 6121 section 8.5, wire format section 2.7).
//!
//! Runs in the sender's own task, one stanza after the other, and pushes
//! straight into the receivers' queues: that keeps the order between any two
//! users. A user of another application, a user who does not exist and one
//! who is offline cannot be told apart.

use std::sync::Arc;

use visavis_xmpp::stanza::{self, StanzaHeader, StanzaKind};
use visavis_xmpp::xml::{Element, Limits};
use visavis_xmpp::{Jid, ns};

use super::account::Account;
use super::carbon::{self, Direction};
use super::directory::{Directory, Resource};
use super::outbox::Outbox;
use super::{glance, presence};

/// A bound connection, as the sender of stanzas.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) account: Account,
    pub(super) jid: Jid,
    pub(super) outbox: Arc<Outbox>,
}

/// Whom a stanza is for.
enum Destination {
    /// The server itself, or the sender's own account as such.
    Server,
    /// All devices of a user.
    User(Account),
    /// One device of a user.
    Device(Account, String),
    /// Nobody that this sender can reach.
    Nowhere,
}

impl Sender {
    /// Delivers a stanza; gives back what the sender has to be answered.
    pub(super) fn deliver(
        &self,
        directory: &Directory,
        header: &StanzaHeader,
        raw: &str,
    ) -> Option<String> {
        match header.kind {
            StanzaKind::Message => self.message(directory, header, raw),
            StanzaKind::Iq => self.iq(directory, header, raw),
            StanzaKind::Presence => {
                self.presence(directory, header, raw);
                None
            }
        }
    }

    fn destination(&self, to: &Jid) -> Destination {
        if to.domain() != self.jid.domain() {
            return Destination::Nowhere;
        }
        let Some(local) = to.local() else {
            return match to.resource() {
                None => Destination::Server,
                Some(_) => Destination::Nowhere,
            };
        };
        match Account::parse(local) {
            Some(account) if account.application == self.account.application => {
                match to.resource() {
                    Some(device) => Destination::Device(account, device.to_owned()),
                    None => Destination::User(account),
                }
            }
            _ => Destination::Nowhere,
        }
    }

    fn stamp(&self, raw: &str, to: Option<&Jid>) -> Arc<str> {
        stanza::stamp(raw, &self.jid, to).into()
    }

    fn message(&self, directory: &Directory, header: &StanzaHeader, raw: &str) -> Option<String> {
        let kind = header.type_.as_deref().unwrap_or("normal");
        let destination = match &header.to {
            Some(to) => self.destination(to),
            None => Destination::User(self.account),
        };
        let stamped = self.stamp(raw, None);
        let delivered = match &destination {
            Destination::User(account) => to_all(directory, *account, &stamped),
            Destination::Device(account, device) => match directory.resource(*account, device) {
                Some(resource) => {
                    resource.outbox.push(Arc::clone(&stamped));
                    if kind == "chat" {
                        let others = carbon_devices(directory, *account, &resource.outbox);
                        self.copy(*account, others, Direction::Received, &stamped, kind);
                    }
                    true
                }
                // A device that has gone: text is for the user all the same.
                None if kind == "chat" => to_all(directory, *account, &stamped),
                None => false,
            },
            Destination::Server | Destination::Nowhere => false,
        };
        let own = matches!(&destination, Destination::User(account) if *account == self.account);
        let copied = kind == "chat" || (kind == "headline" && glance::is_decision(raw));
        if copied && !own {
            let others = carbon_devices(directory, self.account, &self.outbox);
            self.copy(self.account, others, Direction::Sent, &stamped, kind);
        }
        let silent = delivered || matches!(kind, "headline" | "error");
        (!silent).then(|| unavailable(header, &self.jid))
    }

    fn copy(
        &self,
        account: Account,
        devices: Vec<Resource>,
        direction: Direction,
        stamped: &str,
        kind: &str,
    ) {
        let Ok(user) = Jid::user(&account.to_string(), self.jid.domain()) else {
            return;
        };
        for device in devices {
            if let Ok(jid) = user.with_resource(&device.name) {
                let carbon = carbon::wrap(direction, stamped, kind, &jid);
                device.outbox.push(carbon.into());
            }
        }
    }

    fn iq(&self, directory: &Directory, header: &StanzaHeader, raw: &str) -> Option<String> {
        let destination = header
            .to
            .as_ref()
            .map_or(Destination::Server, |to| self.destination(to));
        let answered = match &destination {
            Destination::Device(account, device) => {
                if let Some(resource) = directory.resource(*account, device) {
                    resource.outbox.push(self.stamp(raw, None));
                    return None;
                }
                None
            }
            // Asked of a user as such, a ping means: are you online?
            Destination::User(account) if is_ping(raw) => directory
                .resources(*account)
                .iter()
                .any(Resource::is_reached)
                .then(|| pong(header, &self.jid)),
            Destination::Server if is_ping(raw) => Some(pong(header, &self.jid)),
            Destination::User(_) | Destination::Server | Destination::Nowhere => None,
        };
        let asked = matches!(header.type_.as_deref(), Some("get" | "set"));
        asked.then(|| answered.unwrap_or_else(|| unavailable(header, &self.jid)))
    }

    fn presence(&self, directory: &Directory, header: &StanzaHeader, raw: &str) {
        let kind = header.type_.as_deref();
        match (&header.to, kind) {
            (None, None) => presence::available(directory, self, &self.stamp(raw, None)),
            (None, Some("unavailable")) => presence::unavailable(directory, self),
            // There are no contact lists, so nobody else is told or asked.
            (Some(to), None | Some("unavailable")) => {
                if let Destination::Device(account, device) = self.destination(to)
                    && account == self.account
                    && let Some(resource) = directory.resource(account, &device)
                {
                    resource.outbox.push(self.stamp(raw, None));
                }
            }
            _ => {}
        }
    }
}

/// Pushes to every device of a user that wants it; `false` if there is none.
fn to_all(directory: &Directory, account: Account, stamped: &Arc<str>) -> bool {
    let mut reached = false;
    for resource in directory.resources(account) {
        if resource.is_reached() {
            resource.outbox.push(Arc::clone(stamped));
            reached = true;
        }
    }
    reached
}

/// The devices of a user that asked for carbons, without one.
fn carbon_devices(
    directory: &Directory,
    account: Account,
    without: &Arc<Outbox>,
) -> Vec<Resource> {
    let mut devices = directory.resources(account);
    devices.retain(|device| device.carbons && !Arc::ptr_eq(&device.outbox, without));
    devices
}

fn is_ping(raw: &str) -> bool {
    raw.contains(ns::PING)
        && Element::parse(raw, &Limits::default()).is_ok_and(|iq| {
            iq.attribute("type") == Some("get") && iq.child_ns(ns::PING, "ping").is_some()
        })
}

/// The answer to a ping.
fn pong(header: &StanzaHeader, to: &Jid) -> String {
    reply(header, "iq", "result", to).to_xml()
}

/// The one error for everybody who cannot be reached (RFC 6120 section
/// 8.3.3.19).
fn unavailable(header: &StanzaHeader, to: &Jid) -> String {
    let name = match header.kind {
        StanzaKind::Message => "message",
        StanzaKind::Presence => "presence",
        StanzaKind::Iq => "iq",
    };
    reply(header, name, "error", to)
        .with_child(
            Element::new(ns::CLIENT, "error")
                .with_attribute("type", "cancel")
                .with_child(Element::new(ns::STANZA_ERRORS, "service-unavailable")),
        )
        .to_xml()
}

fn reply(header: &StanzaHeader, name: &str, kind: &str, to: &Jid) -> Element {
    let mut reply = Element::new(ns::CLIENT, name).with_attribute("type", kind);
    if let Some(id) = &header.id {
        reply.set_attribute("id", id);
    }
    if let Some(from) = &header.to {
        reply.set_attribute("from", &from.to_string());
    }
    reply.with_attribute("to", &to.to_string())
}

//! Who gets a stanza (RFC 6121 section 8.5, wire format section 2.7).
//!
//! Runs in the sender's own task, one stanza after the other, and pushes
//! straight into the receivers' queues: that keeps the order between any two
//! users. A user of another application, a user who does not exist and one
//! who is offline cannot be told apart.

use std::sync::Arc;

use visavis_signal::UserId;
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader, StanzaKind};
use visavis_xmpp::xml::{Element, Limits};
use visavis_xmpp::{Jid, ns};

use super::account::Account;
use super::carbon::{self, Direction};
use super::directory::{Directory, Resource};
use super::outbox::Outbox;
use super::{glance, presence};
use crate::store::Verb;

/// What is left to do about a stanza.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Nothing.
    Done,
    /// The sender has to be answered.
    Answer(String),
    /// Nobody is there to read it: it has to be kept for this user.
    Keep(Account, Arc<str>),
    /// The sender is available, and was not before.
    Appeared,
    /// The sender says something about presence to this user.
    Tell(Account, Verb),
}

impl From<Option<String>> for Delivery {
    fn from(answer: Option<String>) -> Self {
        answer.map_or(Self::Done, Self::Answer)
    }
}

/// A bound connection, as the sender of stanzas.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) account: Account,
    /// Of a guest: the only one whom he reaches.
    pub(super) host: Option<UserId>,
    pub(super) jid: Jid,
    pub(super) outbox: Arc<Outbox>,
}

/// Whom a stanza is for.
enum Destination<'a> {
    /// All devices of a user.
    User(Account),
    /// One device of a user.
    Device(Account, &'a str),
    /// Nobody that this sender can reach.
    Nowhere,
}

impl Sender {
    /// Delivers a stanza; gives back what is left to do.
    pub(super) fn deliver(
        &self,
        directory: &Directory,
        header: &StanzaHeader,
        raw: &str,
    ) -> Delivery {
        match header.kind {
            StanzaKind::Message => self.message(directory, header, raw),
            StanzaKind::Iq => self.iq(directory, header, raw).into(),
            StanzaKind::Presence => self.presence(directory, header, raw),
        }
    }

    fn destination<'a>(&self, directory: &Directory, to: &'a Jid) -> Destination<'a> {
        if to.domain() != self.jid.domain() {
            return Destination::Nowhere;
        }
        match to.local().and_then(Account::parse) {
            Some(account) if self.reaches(directory, account) => match to.resource() {
                Some(device) => Destination::Device(account, device),
                None => Destination::User(account),
            },
            _ => Destination::Nowhere,
        }
    }

    /// Whether an account is of this application, and guests and hosts are among
    /// themselves.
    fn reaches(&self, directory: &Directory, account: Account) -> bool {
        if account.application != self.account.application {
            return false;
        }
        let by_host = |host: Option<UserId>, user| host.is_none_or(|host| host == user);
        account == self.account
            || by_host(self.host, account.user)
                && by_host(directory.host(account), self.account.user)
    }

    /// The devices that presence for this address is for.
    pub(super) fn reach(&self, directory: &Directory, to: &Jid) -> Vec<Arc<Outbox>> {
        match self.destination(directory, to) {
            Destination::User(account) => directory.pick(account, |device| {
                device.presence.available()?;
                Some(Arc::clone(&device.outbox))
            }),
            Destination::Device(account, device) => {
                directory.outbox(account, device).into_iter().collect()
            }
            Destination::Nowhere => Vec::new(),
        }
    }

    fn stamp(&self, raw: &str, to: Option<&Jid>) -> Arc<str> {
        stanza::stamp(raw, &self.jid, to).into()
    }

    fn message(&self, directory: &Directory, header: &StanzaHeader, raw: &str) -> Delivery {
        let kind = header.type_.as_deref().unwrap_or("normal");
        let destination = match &header.to {
            Some(to) => self.destination(directory, to),
            None => Destination::User(self.account),
        };
        let stamped = self.stamp(raw, None);
        let delivered = match &destination {
            Destination::User(account) => to_all(directory, *account, &stamped),
            Destination::Device(account, device) => match directory.outbox(*account, device) {
                Some(outbox) => {
                    outbox.push(Arc::clone(&stamped));
                    if kind != "headline" && glance::is_copied(kind, raw) {
                        let others = carbon_devices(directory, *account, &outbox);
                        self.copy(*account, others, Direction::Received, &stamped, kind);
                    }
                    true
                }
                // A device that has gone: text is for the user all the same.
                None if kind == "chat" => to_all(directory, *account, &stamped),
                None => false,
            },
            Destination::Nowhere => false,
        };
        let own = matches!(&destination, Destination::User(account) if *account == self.account);
        if !own && glance::is_copied(kind, raw) {
            let others = carbon_devices(directory, self.account, &self.outbox);
            self.copy(self.account, others, Direction::Sent, &stamped, kind);
        }
        if delivered || kind == "headline" {
            return Delivery::Done;
        }
        if glance::is_worth_keeping(kind, raw) {
            return match destination {
                Destination::User(account) | Destination::Device(account, _) => {
                    Delivery::Keep(account, stamped)
                }
                // Nothing tells that nobody will ever read it.
                Destination::Nowhere => Delivery::Done,
            };
        }
        stanza::error_reply(header, StanzaError::ServiceUnavailable, &self.jid).into()
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

    /// What is for the server itself has been answered by the stream.
    fn iq(&self, directory: &Directory, header: &StanzaHeader, raw: &str) -> Option<String> {
        let destination = header
            .to
            .as_ref()
            .map_or(Destination::Nowhere, |to| self.destination(directory, to));
        match &destination {
            Destination::Device(account, device) => {
                if let Some(outbox) = directory.outbox(*account, device) {
                    outbox.push(self.stamp(raw, None));
                    return None;
                }
            }
            // Asked of a user as such, a ping means: are you online?
            Destination::User(account) if is_ping(raw) => {
                let reached = |resource: &Resource| resource.is_reached().then_some(());
                if !directory.pick(*account, reached).is_empty() {
                    return Some(stanza::iq_result(header, &self.jid, None));
                }
            }
            Destination::User(_) | Destination::Nowhere => {}
        }
        stanza::error_reply(header, StanzaError::ServiceUnavailable, &self.jid)
    }

    fn presence(&self, directory: &Directory, header: &StanzaHeader, raw: &str) -> Delivery {
        let kind = header.type_.as_deref();
        match (&header.to, kind) {
            (None, None) => {
                if presence::available(directory, self, &self.stamp(raw, None)) {
                    return Delivery::Appeared;
                }
            }
            (None, Some("unavailable")) => presence::unavailable(directory, self),
            // To somebody, beyond those who see the user anyway.
            (Some(to), None | Some("unavailable")) => {
                presence::directed(directory, self, to, kind.is_some());
                let stamped = self.stamp(raw, None);
                for outbox in self.reach(directory, to) {
                    outbox.push(Arc::clone(&stamped));
                }
            }
            (Some(to), Some(kind)) => {
                if let Some(verb) = Verb::of(kind)
                    && let Destination::User(account) | Destination::Device(account, _) =
                        self.destination(directory, to)
                    && account != self.account
                {
                    return Delivery::Tell(account, verb);
                }
            }
            (None, Some(_)) => {}
        }
        Delivery::Done
    }
}

/// Pushes to every device of a user that wants it; `false` if there is none.
fn to_all(directory: &Directory, account: Account, stamped: &Arc<str>) -> bool {
    let reached = |resource: &Resource| resource.is_reached().then(|| Arc::clone(&resource.outbox));
    let outboxes = directory.pick(account, reached);
    for outbox in &outboxes {
        outbox.push(Arc::clone(stamped));
    }
    !outboxes.is_empty()
}

/// The devices of a user that asked for carbons, without one.
fn carbon_devices(directory: &Directory, account: Account, without: &Arc<Outbox>) -> Vec<Resource> {
    directory.pick(account, |device| {
        let copied = device.carbons && !Arc::ptr_eq(&device.outbox, without);
        copied.then(|| device.clone())
    })
}

fn is_ping(raw: &str) -> bool {
    raw.contains(ns::PING)
        && Element::parse(raw, &Limits::default()).is_ok_and(|iq| {
            iq.attribute("type") == Some("get") && iq.child_ns(ns::PING, "ping").is_some()
        })
}

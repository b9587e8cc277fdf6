//! The place of one connection among those who are online, for as long as
//! this value lives.

use std::sync::Arc;

use visavis_signal::UserId;
use visavis_xmpp::Jid;
use visavis_xmpp::stanza::StanzaHeader;

use super::account::Account;
use super::delivery::{Delivery, Sender};
use super::directory::{Directory, TooMany};
use super::outbox::Outbox;
use super::presence;
use crate::store::TokenHash;

/// A bound resource. Dropping it takes it out and tells the user's others.
#[derive(Debug)]
pub(super) struct Membership {
    directory: Arc<Directory>,
    sender: Sender,
}

impl Membership {
    /// Enters a connection under its address.
    pub(super) fn enter(
        directory: Arc<Directory>,
        account: Account,
        host: Option<UserId>,
        jid: Jid,
        outbox: Arc<Outbox>,
        session: Option<TokenHash>,
    ) -> Result<Self, TooMany> {
        let name = jid.resource().unwrap_or_default().into();
        directory.bind(account, host, name, Arc::clone(&outbox), session)?;
        Ok(Self {
            directory,
            sender: Sender {
                account,
                host,
                jid,
                outbox,
            },
        })
    }

    /// Delivers a stanza of this connection; gives back what is left to do.
    pub(super) fn deliver(&self, header: &StanzaHeader, raw: &str) -> Delivery {
        self.sender.deliver(&self.directory, header, raw)
    }

    /// Notes that the connection has lost its socket.
    pub(super) fn park(&self) {
        let Sender {
            account, outbox, ..
        } = &self.sender;
        self.directory.park(*account, outbox);
    }

    /// Notes that the client is back, by this session.
    pub(super) fn come_back(&self, session: Option<TokenHash>) {
        let Sender {
            account, outbox, ..
        } = &self.sender;
        self.directory.come_back(*account, outbox, session);
    }

    /// The connection's address.
    pub(super) const fn jid(&self) -> &Jid {
        &self.sender.jid
    }

    /// Queues a stanza for this connection.
    pub(super) fn push(&self, stanza: Arc<str>) {
        self.sender.outbox.push(stanza);
    }

    /// Notes that this connection wants to know when the contact list changes.
    pub(super) fn follow_contacts(&self) {
        let Sender {
            account, outbox, ..
        } = &self.sender;
        self.directory.change(*account, outbox, |resource| {
            resource.follows_contacts = true
        });
    }

    /// Notes whether this connection wants carbons.
    pub(super) fn set_carbons(&self, wanted: bool) {
        let Sender {
            account, outbox, ..
        } = &self.sender;
        self.directory
            .change(*account, outbox, |resource| resource.carbons = wanted);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let Sender {
            account, outbox, ..
        } = &self.sender;
        // The last one takes with it who has to be told.
        let contacts = self.directory.contacts(*account);
        if let Some(before) = self.directory.unbind(*account, outbox) {
            presence::gone(&self.directory, &self.sender, &before, &contacts);
        }
    }
}

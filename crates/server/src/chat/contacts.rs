//! Contact lists and subscriptions (RFC 6121 sections 2 and 3).

use std::sync::Arc;

use visavis_signal::UserId;
use visavis_xmpp::stanza::StanzaError;
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, ns};

use super::account::Account;
use super::connection::{Connection, random_name};
use super::directory::{Contacts, Directory};
use super::presence;
use super::wire::Wire;
use crate::store::{
    Contact, ContactError, Effect, Exchange, Store, StoreError, Subscription, Verb,
};

/// Longest name of a contact or a group, in bytes.
const MAX_NAME: usize = 1023;

/// Most groups of one contact.
const MAX_GROUPS: usize = 16;

/// Random characters in the name of a push.
const PUSH_NAME: usize = 8;

impl From<ContactError> for StanzaError {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Full { .. } => Self::ResourceConstraint,
            ContactError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for StanzaError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a contact list cannot be read or changed");
        Self::InternalServerError
    }
}

impl<W: Wire> Connection<W> {
    /// The contact list, of whose changes the client is told from now on.
    pub(super) async fn contact_list(&mut self) -> Result<Element, StanzaError> {
        let (account, _) = self.login.ok_or(StanzaError::NotAllowed)?;
        if let Some(membership) = &self.membership {
            membership.follow_contacts();
        }
        let Account { application, user } = account;
        let contacts = self
            .chat
            .store
            .read(move |store| store.contacts(application, user))
            .await?;
        let mut list = Element::new(ns::ROSTER, "query");
        for contact in contacts.iter().filter(|contact| contact.listed) {
            list.push(item(account, contact, &self.chat.domain));
        }
        Ok(list)
    }

    /// Puts a contact on the list, changes or removes him.
    pub(super) async fn change_contacts(&mut self, query: &Element) -> Result<(), StanzaError> {
        let (account, _) = self.login.ok_or(StanzaError::NotAllowed)?;
        let mut items = query.children();
        let (Some(item), None) = (items.next(), items.next()) else {
            return Err(StanzaError::BadRequest);
        };
        let contact = self.contact_of(account, item)?;
        let directory = Arc::clone(&self.chat.directory);
        let Account { application, user } = account;
        if item.attribute("subscription") == Some("remove") {
            let exchange = self
                .chat
                .store
                .run(move |store| {
                    let exchange = store.remove_contact(application, user, contact.user)?;
                    refresh(store, &directory, [account, contact])?;
                    Ok::<_, StoreError>(exchange)
                })
                .await?;
            let exchange = exchange.ok_or(StanzaError::ItemNotFound)?;
            self.part(account, contact, &exchange);
            return Ok(());
        }
        let (name, groups) = description(item)?;
        let limit = self.chat.limits.contacts_per_user;
        let changed = self
            .chat
            .store
            .run(move |store| {
                store.put_contact(application, user, contact.user, name, groups, limit)
            })
            .await?;
        self.push(account, &changed);
        Ok(())
    }

    /// Only users of the same application can be contacts.
    fn contact_of(&self, account: Account, item: &Element) -> Result<Account, StanzaError> {
        let jid = item.attribute("jid").ok_or(StanzaError::BadRequest)?;
        let jid: Jid = jid.parse().map_err(|_| StanzaError::JidMalformed)?;
        let contact = jid.local().and_then(Account::parse);
        contact
            .filter(|contact| {
                jid.domain() == self.chat.domain.domain()
                    && contact.application == account.application
                    && *contact != account
            })
            .ok_or(StanzaError::ItemNotFound)
    }

    /// Says to a contact who may see whom.
    pub(super) async fn tell(&mut self, contact: Account, verb: Verb) -> Result<(), StanzaError> {
        let (account, _) = self.login.ok_or(StanzaError::NotAllowed)?;
        let Account { application, user } = account;
        let limit = self.chat.limits.contacts_per_user;
        let directory = Arc::clone(&self.chat.directory);
        let exchange = self
            .chat
            .store
            .run(move |store| {
                let exchange = store.tell_contact(application, user, contact.user, verb, limit)?;
                refresh(store, &directory, [account, contact])?;
                Ok::<_, ContactError>(exchange)
            })
            .await?;
        let Some(Exchange { mine, theirs }) = exchange else {
            return Ok(());
        };
        self.push(account, &mine);
        let Some((theirs, effect)) = theirs else {
            return Ok(());
        };
        match effect {
            Effect::Ignore => return Ok(()),
            Effect::Agree => self.send_word(contact, account, Verb::Subscribed),
            Effect::Deliver => {
                self.send_word(account, contact, verb);
                if theirs.listed {
                    self.push(contact, &theirs);
                }
            }
        }
        match (verb, effect) {
            (Verb::Subscribe, Effect::Agree) => self.show(contact, account, true),
            (Verb::Subscribed, _) => self.show(account, contact, true),
            (Verb::Unsubscribed, _) => self.show(account, contact, false),
            (Verb::Unsubscribe, _) => self.show(contact, account, false),
            (Verb::Subscribe, _) => {}
        }
        Ok(())
    }

    /// Tells both of a removal.
    fn part(&self, account: Account, contact: Account, exchange: &Exchange) {
        let Exchange { mine, theirs } = exchange;
        self.push_item(account, |list| {
            let gone = item(account, mine, &self.chat.domain);
            list.sibling("item")
                .with_attribute("jid", gone.attribute("jid").unwrap_or_default())
                .with_attribute("subscription", "remove")
        });
        let Some((theirs, Effect::Deliver)) = theirs else {
            return;
        };
        if mine.subscription.sees {
            self.send_word(account, contact, Verb::Unsubscribe);
            self.show(contact, account, false);
        }
        if mine.subscription.is_seen {
            self.send_word(account, contact, Verb::Unsubscribed);
            self.show(account, contact, false);
        }
        if theirs.listed {
            self.push(contact, theirs);
        }
    }

    fn show(&self, who: Account, to: Account, visible: bool) {
        presence::show(&self.chat.directory, &self.chat.domain, who, to, visible);
    }

    /// Sends one user's word to the other's available devices.
    fn send_word(&self, from: Account, to: Account, verb: Verb) {
        if let Some(word) = word(from, to, verb, &self.chat.domain) {
            let word: Arc<str> = word.into();
            for resource in self.chat.directory.resources(to) {
                if resource.presence.available().is_some() {
                    resource.outbox.push(Arc::clone(&word));
                }
            }
        }
    }

    /// Tells the devices of a user that follow the list of a change.
    fn push(&self, account: Account, contact: &Contact) {
        self.push_item(account, |_| item(account, contact, &self.chat.domain));
    }

    fn push_item(&self, account: Account, item: impl Fn(&Element) -> Element) {
        let Some(address) = account.address(&self.chat.domain) else {
            return;
        };
        let mut list = Element::new(ns::ROSTER, "query");
        list.push(item(&list));
        for resource in self.chat.directory.resources(account) {
            if let Ok(to) = address.with_resource(&resource.name)
                && resource.follows_contacts
            {
                let push = Element::new(ns::CLIENT, "iq")
                    .with_attribute("type", "set")
                    .with_attribute("id", &random_name(PUSH_NAME))
                    .with_attribute("from", &address.to_string())
                    .with_attribute("to", &to.to_string())
                    .with_child(list.clone());
                resource.outbox.push(push.to_xml().into());
            }
        }
    }

    /// Repeats to a device that has appeared what others have asked its user.
    pub(super) async fn repeat_questions(&mut self) -> Result<(), StanzaError> {
        let (account, _) = self.login.ok_or(StanzaError::NotAllowed)?;
        let Account { application, user } = account;
        let contacts = self
            .chat
            .store
            .read(move |store| store.contacts(application, user))
            .await?;
        let asking = contacts.iter().filter(|found| found.subscription.is_asked);
        for contact in asking {
            let from = Account {
                application,
                user: contact.id,
            };
            if let Some(membership) = &self.membership
                && let Some(word) = word(from, account, Verb::Subscribe, &self.chat.domain)
            {
                membership.push(word.into());
            }
        }
        Ok(())
    }
}

/// Reads again whom accounts see and are seen by.
pub(super) fn refresh(
    store: &Store,
    directory: &Directory,
    accounts: impl IntoIterator<Item = Account>,
) -> Result<(), StoreError> {
    for account in accounts {
        let contacts = store.contacts(account.application, account.user)?;
        let ids = |which: fn(&Subscription) -> bool| -> Arc<[UserId]> {
            let chosen = contacts.iter().filter(|found| which(&found.subscription));
            chosen.map(|contact| contact.id).collect()
        };
        let contacts = Contacts {
            seen: ids(|subscription| subscription.sees),
            seeing: ids(|subscription| subscription.is_seen),
        };
        directory.set_contacts(account, contacts);
    }
    Ok(())
}

/// A contact as an item of a list.
fn item(account: Account, contact: &Contact, domain: &Jid) -> Element {
    let whom = Account {
        user: contact.id,
        ..account
    };
    let jid = whom.address(domain).map(|jid| jid.to_string());
    let mut item = Element::new(ns::ROSTER, "item")
        .with_attribute("jid", &jid.unwrap_or_default())
        .with_attribute("subscription", contact.subscription.name());
    if let Some(name) = &contact.name {
        item.set_attribute("name", name);
    }
    if contact.subscription.asks {
        item.set_attribute("ask", "subscribe");
    }
    for group in &contact.groups {
        item.push(Element::new(ns::ROSTER, "group").with_text(group));
    }
    item
}

/// What an item says of a contact.
fn description(item: &Element) -> Result<(Option<String>, Vec<String>), StanzaError> {
    let name = item.attribute("name").filter(|name| !name.is_empty());
    let mut groups: Vec<String> = Vec::new();
    for group in item
        .children()
        .filter(|child| child.is(ns::ROSTER, "group"))
    {
        let group = group.text();
        if groups.contains(&group) {
            return Err(StanzaError::BadRequest);
        }
        groups.push(group);
    }
    let acceptable = |text: &str| !text.is_empty() && text.len() <= MAX_NAME;
    let fits = groups.len() <= MAX_GROUPS
        && name.is_none_or(acceptable)
        && groups.iter().all(|group| acceptable(group));
    if fits {
        Ok((name.map(str::to_owned), groups))
    } else {
        Err(StanzaError::NotAcceptable)
    }
}

/// A word about presence, from one user to another.
fn word(from: Account, to: Account, verb: Verb, domain: &Jid) -> Option<String> {
    let presence = Element::new(ns::CLIENT, "presence")
        .with_attribute("type", verb.name())
        .with_attribute("from", &from.address(domain)?.to_string())
        .with_attribute("to", &to.address(domain)?.to_string());
    Some(presence.to_xml())
}

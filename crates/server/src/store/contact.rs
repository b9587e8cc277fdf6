//! Contact lists (RFC 6121 section 2), with the subscriptions in them.
//!
//! A contact is a number in the user's own application, whether somebody has
//! it or not: a list tells nothing about who exists.

use visavis_signal::UserId;

use super::subscription::{Effect, Subscription, Verb};
use super::{ApplicationId, Store, StoreError};

/// One contact of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub id: UserId,
    /// Whether the user has put him on the list.
    pub listed: bool,
    /// What the user calls him.
    pub name: Option<String>,
    /// The groups that the user has put him in.
    pub groups: Vec<String>,
    /// What they are to each other.
    pub subscription: Subscription,
}

/// What a word about presence has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The contact, from the side of the user who said it.
    pub mine: Contact,
    /// The user, from the side of the contact, and what that side does. None
    /// if there is no such user.
    pub theirs: Option<(Contact, Effect)>,
}

/// Why a contact list is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The list is full: the user has to remove somebody.
    #[error("the list has {limit} contacts already")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Contact {
    fn new(id: UserId) -> Self {
        Self {
            id,
            listed: false,
            name: None,
            groups: Vec::new(),
            subscription: Subscription::default(),
        }
    }
}

impl Store {
    /// All that is known of a user's contacts, unlisted ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub fn contacts(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<Contact>, StoreError> {
        self.database.contacts(application, user)
    }

    /// Puts a contact on a list of at most `limit`, or changes what is said of
    /// him there; gives him back.
    ///
    /// # Errors
    /// [`ContactError`]: the list is full, or the database fails.
    pub fn put_contact(
        &mut self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
        name: Option<String>,
        groups: Vec<String>,
        limit: usize,
    ) -> Result<Contact, ContactError> {
        self.atomically(|store| {
            let mut changed = store.find_contact(application, user, contact)?;
            if !changed.listed {
                store.refuse_beyond(application, user, limit)?;
            }
            changed.listed = true;
            changed.name = name;
            changed.groups = groups;
            store.write_contact(application, user, &changed)?;
            Ok(changed)
        })
    }

    /// Takes a contact off a list, as if the user had also said that neither
    /// is to see the other. None if he was not there.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_contact(
        &mut self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<Option<Exchange>, StoreError> {
        self.atomically(|store| {
            let removed = store.find_contact(application, user, contact)?;
            if removed == Contact::new(contact) {
                return Ok(None);
            }
            store.write_contact(application, user, &Contact::new(contact))?;
            let mut theirs = None;
            if store.can_meet(application, user, contact)? {
                let mut contact_of = store.find_contact(application, contact, user)?;
                let (after, one) = contact_of.subscription.received(Verb::Unsubscribe);
                let (after, other) = after.received(Verb::Unsubscribed);
                contact_of.subscription = after;
                store.write_contact(application, contact, &contact_of)?;
                let told = [one, other].contains(&Effect::Deliver);
                let effect = if told {
                    Effect::Deliver
                } else {
                    Effect::Ignore
                };
                theirs = Some((contact_of, effect));
            }
            Ok(Some(Exchange {
                mine: removed,
                theirs,
            }))
        })
    }

    /// Notes on both sides what a user says to a contact. None if it means
    /// nothing.
    ///
    /// # Errors
    /// [`ContactError`]: the list is full, or the database fails.
    pub fn tell_contact(
        &mut self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
        verb: Verb,
        limit: usize,
    ) -> Result<Option<Exchange>, ContactError> {
        self.atomically(|store| {
            let mut mine = store.find_contact(application, user, contact)?;
            let Some(after) = mine.subscription.sent(verb) else {
                return Ok(None);
            };
            if !mine.listed && matches!(verb, Verb::Subscribe | Verb::Subscribed) {
                store.refuse_beyond(application, user, limit)?;
                mine.listed = true;
            }
            mine.subscription = after;
            let mut theirs = None;
            if store.can_meet(application, user, contact)? {
                let mut contact_of = store.find_contact(application, contact, user)?;
                let (after, effect) = contact_of.subscription.received(verb);
                contact_of.subscription = after;
                if effect == Effect::Agree {
                    mine.subscription = mine.subscription.received(Verb::Subscribed).0;
                }
                store.write_contact(application, contact, &contact_of)?;
                theirs = Some((contact_of, effect));
            }
            store.write_contact(application, user, &mine)?;
            Ok(Some(Exchange { mine, theirs }))
        })
    }

    fn find_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<Contact, StoreError> {
        let found = self.database.contact(application, user, contact)?;
        Ok(found.unwrap_or_else(|| Contact::new(contact)))
    }

    /// What is nothing any more is not kept.
    fn write_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: &Contact,
    ) -> Result<(), StoreError> {
        if *contact == Contact::new(contact.id) {
            self.database.delete_contact(application, user, contact.id)
        } else {
            self.database.put_contact(application, user, contact)
        }
    }

    fn refuse_beyond(
        &self,
        application: ApplicationId,
        user: UserId,
        limit: usize,
    ) -> Result<(), ContactError> {
        if self.database.listed_contacts(application, user)? < limit {
            Ok(())
        } else {
            Err(ContactError::Full { limit })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::clock::UnixTime;
    use crate::store::{NewApplication, NewUser, PasswordHash, Profile};

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn store() -> (Store, ApplicationId) {
        let mut store = Store::open_in_memory().unwrap();
        let application = store
            .add_application(&NewApplication::default(), UnixTime(0))
            .unwrap()
            .id;
        for id in [ANN, BOB] {
            let new = NewUser {
                id: Some(id),
                login: id.to_string(),
                password: PasswordHash::new("password").unwrap(),
                profile: Profile::new(),
            };
            store.add_user(application, &new, UnixTime(0)).unwrap();
        }
        (store, application)
    }

    #[test]
    fn both_sides_are_kept_and_end_with_either_user() {
        let (mut store, application) = store();
        for (from, to, verb) in [(ANN, BOB, Verb::Subscribe), (BOB, ANN, Verb::Subscribed)] {
            let exchange = store.tell_contact(application, from, to, verb, 9).unwrap();
            let (_, effect) = exchange.unwrap().theirs.unwrap();
            assert_eq!(effect, Effect::Deliver);
        }
        let names = |store: &Store, user| {
            let contacts = store.contacts(application, user).unwrap();
            let names = contacts.iter().map(|contact| contact.subscription.name());
            names.collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&store, ANN), names(&store, BOB)),
            (vec!["to"], vec!["from"])
        );
        store.remove_user(application, BOB).unwrap();
        assert!(store.contacts(application, ANN).unwrap().is_empty());
    }

    #[test]
    fn removing_ends_it_on_both_sides() {
        let (mut store, application) = store();
        store
            .tell_contact(application, ANN, BOB, Verb::Subscribe, 9)
            .unwrap();
        store
            .tell_contact(application, BOB, ANN, Verb::Subscribed, 9)
            .unwrap();
        let exchange = store
            .remove_contact(application, ANN, BOB)
            .unwrap()
            .unwrap();
        assert!(exchange.mine.subscription.sees);
        assert_eq!(exchange.theirs.unwrap().1, Effect::Deliver);
        assert!(store.contacts(application, ANN).unwrap().is_empty());
        let left = store.contacts(application, BOB).unwrap();
        assert_eq!((left.len(), left[0].subscription.name()), (1, "none"));
        assert_eq!(store.remove_contact(application, ANN, BOB).unwrap(), None);
    }

    #[test]
    fn a_list_is_bounded() {
        let (mut store, application) = store();
        let mut put = |contact, limit| {
            store.put_contact(
                application,
                ANN,
                UserId(contact),
                None,
                vec!["a\"b".into()],
                limit,
            )
        };
        put(7, 1).unwrap();
        assert_eq!(put(7, 1).unwrap().groups, ["a\"b"]);
        assert!(matches!(put(8, 1), Err(ContactError::Full { limit: 1 })));
        let asked = store.tell_contact(application, ANN, BOB, Verb::Subscribe, 1);
        assert!(matches!(asked, Err(ContactError::Full { limit: 1 })));
    }
}

//! Contact lists (RFC 6121 section 2), with the subscriptions in them.
//!
//! A contact is a number in the user's own application, whether somebody has
//! it or not: a list tells nothing about who exists.

use rusqlite::{Connection, OptionalExtension, Row};
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

impl From<rusqlite::Error> for ContactError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
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

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let groups: String = row.get("groups")?;
        Ok(Self {
            id: UserId(row.get("contact_id")?),
            listed: row.get("listed")?,
            name: row.get("name")?,
            groups: serde_json::from_str(&groups).unwrap_or_default(),
            subscription: Subscription {
                sees: row.get("sees")?,
                is_seen: row.get("is_seen")?,
                asks: row.get("asks")?,
                is_asked: row.get("is_asked")?,
            },
        })
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
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM contacts WHERE application_id = ?1 AND user_id = ?2
             ORDER BY contact_id",
        )?;
        let contacts = statement.query_map((application.0, user.0), Contact::read)?;
        Ok(contacts.collect::<Result<_, _>>()?)
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
        let transaction = self.connection.transaction()?;
        let mut changed = find(&transaction, application, user, contact)?;
        if !changed.listed {
            refuse_beyond(&transaction, application, user, limit)?;
        }
        changed.listed = true;
        changed.name = name;
        changed.groups = groups;
        write(&transaction, application, user, &changed)?;
        transaction.commit()?;
        Ok(changed)
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
        let transaction = self.connection.transaction()?;
        let removed = find(&transaction, application, user, contact)?;
        if removed == Contact::new(contact) {
            return Ok(None);
        }
        write(&transaction, application, user, &Contact::new(contact))?;
        let theirs = if exists(&transaction, application, contact)? {
            let mut theirs = find(&transaction, application, contact, user)?;
            let (after, one) = theirs.subscription.received(Verb::Unsubscribe);
            let (after, other) = after.received(Verb::Unsubscribed);
            theirs.subscription = after;
            write(&transaction, application, contact, &theirs)?;
            let told = one == Effect::Deliver || other == Effect::Deliver;
            Some((
                theirs,
                if told {
                    Effect::Deliver
                } else {
                    Effect::Ignore
                },
            ))
        } else {
            None
        };
        transaction.commit()?;
        Ok(Some(Exchange {
            mine: removed,
            theirs,
        }))
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
        let transaction = self.connection.transaction()?;
        let mut mine = find(&transaction, application, user, contact)?;
        let Some(after) = mine.subscription.sent(verb) else {
            return Ok(None);
        };
        if !mine.listed && matches!(verb, Verb::Subscribe | Verb::Subscribed) {
            refuse_beyond(&transaction, application, user, limit)?;
            mine.listed = true;
        }
        mine.subscription = after;
        let theirs = if exists(&transaction, application, contact)? {
            let mut theirs = find(&transaction, application, contact, user)?;
            let (after, effect) = theirs.subscription.received(verb);
            theirs.subscription = after;
            if effect == Effect::Agree {
                mine.subscription = mine.subscription.received(Verb::Subscribed).0;
            }
            write(&transaction, application, contact, &theirs)?;
            Some((theirs, effect))
        } else {
            None
        };
        write(&transaction, application, user, &mine)?;
        transaction.commit()?;
        Ok(Some(Exchange { mine, theirs }))
    }
}

fn find(
    connection: &Connection,
    application: ApplicationId,
    user: UserId,
    contact: UserId,
) -> Result<Contact, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT * FROM contacts
             WHERE application_id = ?1 AND user_id = ?2 AND contact_id = ?3",
        )?
        .query_row((application.0, user.0, contact.0), Contact::read)
        .optional()?;
    Ok(found.unwrap_or_else(|| Contact::new(contact)))
}

/// What is nothing any more is not kept.
fn write(
    connection: &Connection,
    application: ApplicationId,
    user: UserId,
    contact: &Contact,
) -> Result<(), StoreError> {
    let key = (application.0, user.0, contact.id.0);
    if *contact == Contact::new(contact.id) {
        connection
            .prepare_cached(
                "DELETE FROM contacts
                 WHERE application_id = ?1 AND user_id = ?2 AND contact_id = ?3",
            )?
            .execute(key)?;
        return Ok(());
    }
    let groups = serde_json::Value::from(contact.groups.as_slice()).to_string();
    let Subscription {
        sees,
        is_seen,
        asks,
        is_asked,
    } = contact.subscription;
    connection
        .prepare_cached("REPLACE INTO contacts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
        .execute((
            key.0,
            key.1,
            key.2,
            contact.listed,
            &contact.name,
            groups,
            sees,
            is_seen,
            asks,
            is_asked,
        ))?;
    Ok(())
}

fn exists(
    connection: &Connection,
    application: ApplicationId,
    user: UserId,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM users WHERE application_id = ?1 AND id = ?2")?
        .exists((application.0, user.0))?)
}

fn refuse_beyond(
    connection: &Connection,
    application: ApplicationId,
    user: UserId,
    limit: usize,
) -> Result<(), ContactError> {
    let listed: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM contacts
             WHERE application_id = ?1 AND user_id = ?2 AND listed",
        )?
        .query_row((application.0, user.0), |row| row.get(0))?;
    if usize::try_from(listed).is_ok_and(|listed| listed < limit) {
        Ok(())
    } else {
        Err(ContactError::Full { limit })
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

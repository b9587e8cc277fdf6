//! Applications: the separate worlds of users that one server hosts.

use std::fmt;

use rand::RngExt;
use subtle::ConstantTimeEq;

use super::{AddApplicationError, Identifier, Store, StoreError};
use crate::clock::UnixTime;

const KEY_BYTES: usize = 8;
const SECRET_BYTES: usize = 20;
const MAX_KEY: usize = 128;
const MAX_SECRET: usize = 256;

/// The number of an application, 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApplicationId(pub u32);

impl fmt::Display for ApplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The authorization secret of an application. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret as it was given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: to be shown once, to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What is wanted of a new application; what is left out is made up.
#[derive(Clone, Debug, Default)]
pub struct NewApplication {
    /// The wanted id.
    pub id: Option<ApplicationId>,
    /// The wanted authorization key.
    pub key: Option<String>,
    /// The wanted authorization secret.
    pub secret: Option<Secret>,
    /// Whether anybody who has the application may create users.
    pub sign_up: bool,
}

/// A stored application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its number.
    pub id: ApplicationId,
    /// Its authorization key: a name, not a secret.
    pub key: String,
    /// Its authorization secret.
    pub secret: Secret,
    /// Whether anybody who has the application may create users.
    pub sign_up: bool,
    /// When it was added.
    pub created_at: UnixTime,
}

impl Application {
    /// Whether `key` is this application's key, in constant time.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.key.as_bytes().ct_eq(key.as_bytes()).into()
    }
}

impl Store {
    /// Adds an application.
    ///
    /// # Errors
    /// When the id is taken, a value is not acceptable, or the database fails.
    pub fn add_application(
        &mut self,
        new: &NewApplication,
        now: UnixTime,
    ) -> Result<Application, AddApplicationError> {
        let key = new.key.clone().unwrap_or_else(|| random_hex(KEY_BYTES));
        let secret = new
            .secret
            .clone()
            .unwrap_or_else(|| Secret(random_hex(SECRET_BYTES)));
        if !is_visible(&key, MAX_KEY) {
            return Err(AddApplicationError::InvalidKey);
        }
        if !is_visible(&secret.0, MAX_SECRET) {
            return Err(AddApplicationError::InvalidSecret);
        }
        self.atomically(|store| {
            let application = Application {
                id: store.free_application_id(new.id)?,
                key,
                secret,
                sign_up: new.sign_up,
                created_at: now,
            };
            store.database.insert_application(&application)?;
            Ok(application)
        })
    }

    fn free_application_id(
        &mut self,
        wanted: Option<ApplicationId>,
    ) -> Result<ApplicationId, AddApplicationError> {
        let kind = Identifier::Application;
        match wanted {
            Some(ApplicationId(0)) => Err(AddApplicationError::IdOutOfRange),
            Some(id) if self.application(id)?.is_some() => Err(AddApplicationError::IdTaken(id)),
            Some(id) => {
                self.database.reserve_identifier(kind, id.0)?;
                Ok(id)
            }
            None => self
                .database
                .next_identifier(kind)?
                .map(ApplicationId)
                .ok_or(AddApplicationError::IdOutOfRange),
        }
    }

    /// The application with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        self.database.application(id)
    }

    /// All applications, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn applications(&self) -> Result<Vec<Application>, StoreError> {
        self.database.applications()
    }

    /// Opens or closes sign-up. `false` when there is no such application.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_sign_up(&mut self, id: ApplicationId, open: bool) -> Result<bool, StoreError> {
        self.database.set_sign_up(id, open)
    }

    /// Removes an application with all its users and sessions. `false` when
    /// there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_application(&mut self, id: ApplicationId) -> Result<bool, StoreError> {
        self.database.delete_application(id)
    }
}

/// `bytes` random bytes in lower-case hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut rng = rand::rng();
    (0..bytes)
        .map(|_| format!("{:02x}", rng.random::<u8>()))
        .collect()
}

fn is_visible(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: UnixTime = UnixTime(1_700_000_000);

    #[test]
    fn what_is_left_out_is_made_up() {
        let mut store = Store::open_in_memory().unwrap();
        let made = store
            .add_application(&NewApplication::default(), NOW)
            .unwrap();
        assert_eq!(made.id, ApplicationId(1));
        assert_eq!(made.key.len(), 2 * KEY_BYTES);
        assert_eq!(made.secret.reveal().len(), 2 * SECRET_BYTES);
        assert!(!made.sign_up);
        assert!(!format!("{made:?}").contains(made.secret.reveal()));
        assert_eq!(store.applications().unwrap().len(), 1);
    }

    #[test]
    fn a_removed_id_is_not_given_to_another() {
        let mut store = Store::open_in_memory().unwrap();
        let wanted = NewApplication {
            id: Some(ApplicationId(4242)),
            ..NewApplication::default()
        };
        store.add_application(&wanted, NOW).unwrap();
        assert!(matches!(
            store.add_application(&wanted, NOW),
            Err(AddApplicationError::IdTaken(ApplicationId(4242)))
        ));
        assert!(store.remove_application(ApplicationId(4242)).unwrap());
        assert!(!store.remove_application(ApplicationId(4242)).unwrap());
        let next = store
            .add_application(&NewApplication::default(), NOW)
            .unwrap();
        assert_eq!(next.id, ApplicationId(4243));
    }

    #[test]
    fn unusable_values_are_refused() {
        let mut store = Store::open_in_memory().unwrap();
        let add = |store: &mut Store, new: NewApplication| store.add_application(&new, NOW);
        assert!(matches!(
            add(
                &mut store,
                NewApplication {
                    key: Some("a b".into()),
                    ..NewApplication::default()
                }
            ),
            Err(AddApplicationError::InvalidKey)
        ));
        assert!(matches!(
            add(
                &mut store,
                NewApplication {
                    secret: Some(Secret::new("")),
                    ..NewApplication::default()
                }
            ),
            Err(AddApplicationError::InvalidSecret)
        ));
        assert!(matches!(
            add(
                &mut store,
                NewApplication {
                    id: Some(ApplicationId(0)),
                    ..NewApplication::default()
                }
            ),
            Err(AddApplicationError::IdOutOfRange)
        ));
    }
}

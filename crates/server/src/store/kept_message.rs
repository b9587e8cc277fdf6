//! Messages for those who are offline (XEP-0160).

use visavis_signal::UserId;

use super::{ApplicationId, Store, StoreError};

/// A message that waits for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMessage {
    /// Its number; later messages have greater ones.
    pub id: i64,
    /// The stanza as it will be sent.
    pub stanza: String,
}

/// Why a message is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// So many wait for this user already.
    #[error("{limit} messages wait for the user already")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Keeps a message for a user, of which at most `limit` wait; gives back its
    /// number. None if there is no such user, or he is a guest: his messages wait
    /// for nobody.
    ///
    /// # Errors
    /// [`KeepError`]: too many wait already, or the database fails.
    pub fn keep_message(
        &mut self,
        application: ApplicationId,
        user: UserId,
        stanza: &str,
        limit: usize,
    ) -> Result<Option<i64>, KeepError> {
        self.atomically(|store| {
            if store.user(application, user)?.is_none() || store.guest(application, user)?.is_some()
            {
                return Ok(None);
            }
            if store.database.count_messages(application, user)? >= limit {
                return Err(KeepError::Full { limit });
            }
            let kept = store.database.insert_message(application, user, stanza)?;
            Ok(Some(kept))
        })
    }

    /// The messages that wait for a user, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn kept_messages(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<KeptMessage>, StoreError> {
        self.database.messages(application, user)
    }

    /// Forgets one message; `false` if it was forgotten before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_message(&mut self, id: i64) -> Result<bool, StoreError> {
        self.database.delete_message(id)
    }

    /// Forgets the messages of a user up to and with one: they were delivered.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_messages(
        &mut self,
        application: ApplicationId,
        user: UserId,
        last: i64,
    ) -> Result<(), StoreError> {
        self.database.delete_messages(application, user, last)
    }
}

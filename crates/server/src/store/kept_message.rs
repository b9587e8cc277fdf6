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
    /// number. None if there is no such user.
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
        let key = (application.0, user.0);
        let waiting: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM kept_messages WHERE application_id = ?1 AND user_id = ?2",
            )
            .and_then(|mut statement| statement.query_row(key, |row| row.get(0)))
            .map_err(StoreError::from)?;
        if usize::try_from(waiting).map_or(true, |waiting| waiting >= limit) {
            return Err(KeepError::Full { limit });
        }
        let kept = self
            .connection
            .prepare_cached(
                "INSERT INTO kept_messages (application_id, user_id, stanza)
                 SELECT application_id, id, ?3 FROM users WHERE application_id = ?1 AND id = ?2",
            )
            .and_then(|mut statement| statement.execute((key.0, key.1, stanza)))
            .map_err(StoreError::from)?;
        Ok((kept > 0).then(|| self.connection.last_insert_rowid()))
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
        let mut statement = self.connection.prepare_cached(
            "SELECT id, stanza FROM kept_messages WHERE application_id = ?1 AND user_id = ?2
             ORDER BY id",
        )?;
        let messages = statement.query_map((application.0, user.0), |row| {
            Ok(KeptMessage {
                id: row.get(0)?,
                stanza: row.get(1)?,
            })
        })?;
        Ok(messages.collect::<Result<_, _>>()?)
    }

    /// Forgets one message; `false` if it was forgotten before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn forget_message(&mut self, id: i64) -> Result<bool, StoreError> {
        let forgotten = self
            .connection
            .prepare_cached("DELETE FROM kept_messages WHERE id = ?1")?
            .execute((id,))?;
        Ok(forgotten > 0)
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
        self.connection
            .prepare_cached(
                "DELETE FROM kept_messages
                 WHERE application_id = ?1 AND user_id = ?2 AND id <= ?3",
            )?
            .execute((application.0, user.0, last))?;
        Ok(())
    }
}

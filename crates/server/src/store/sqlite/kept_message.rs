//! Rows of messages for those who are offline.

use visavis_signal::UserId;

use super::super::database::KeptMessages;
use super::super::{ApplicationId, KeptMessage, StoreError};
use super::Sqlite;

impl KeptMessages for Sqlite {
    fn insert_message(
        &self,
        application: ApplicationId,
        user: UserId,
        stanza: &str,
    ) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO kept_messages (application_id, user_id, stanza) VALUES (?1, ?2, ?3)",
            )?
            .execute((application.0, user.0, stanza))?;
        Ok(self.connection.last_insert_rowid())
    }

    fn count_messages(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<usize, StoreError> {
        let waiting: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM kept_messages WHERE application_id = ?1 AND user_id = ?2",
            )?
            .query_row((application.0, user.0), |row| row.get(0))?;
        Ok(usize::try_from(waiting).unwrap_or(usize::MAX))
    }

    fn messages(
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

    fn delete_message(&self, id: i64) -> Result<bool, StoreError> {
        let forgotten = self
            .connection
            .prepare_cached("DELETE FROM kept_messages WHERE id = ?1")?
            .execute((id,))?;
        Ok(forgotten > 0)
    }

    fn delete_messages(
        &self,
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

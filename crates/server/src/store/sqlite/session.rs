//! Rows of sessions.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row};
use visavis_signal::UserId;

use super::super::database::Sessions;
use super::super::{ApplicationId, Session, StoreError, TokenHash};
use super::Sqlite;
use crate::clock::UnixTime;

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get("id")?,
        application: ApplicationId(row.get("application_id")?),
        user: row.get::<_, Option<u32>>("user_id")?.map(UserId),
        nonce: row.get("nonce")?,
        ts: row.get("ts")?,
        created_at: UnixTime(row.get("created_at")?),
        updated_at: UnixTime(row.get("updated_at")?),
        used_at: UnixTime(row.get("used_at")?),
    })
}

impl Sessions for Sqlite {
    fn insert_session(&self, token: &TokenHash, session: &Session) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO sessions (token_hash, application_id, user_id, nonce, ts,
                                       created_at, updated_at, used_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                token.bytes(),
                session.application.0,
                session.user.map(|user| user.0),
                session.nonce,
                session.ts,
                session.created_at.0,
                session.updated_at.0,
                session.used_at.0,
            ))?;
        Ok(self.connection.last_insert_rowid())
    }

    fn session(&self, token: &TokenHash) -> Result<Option<Session>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT * FROM sessions WHERE token_hash = ?1")?
            .query_row([token.bytes()], read)
            .optional()?)
    }

    fn sessions_of(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<(TokenHash, Session)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM sessions WHERE application_id = ?1 AND user_id = ?2 ORDER BY id",
        )?;
        let rows = statement.query_map((application.0, user.0), |row| {
            Ok((TokenHash::stored(row.get("token_hash")?), read(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn touch_session(&self, token: &TokenHash, now: UnixTime) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE sessions SET used_at = ?2 WHERE token_hash = ?1")?
            .execute((token.bytes(), now.0))?;
        Ok(())
    }

    fn set_session_user(
        &self,
        token: &TokenHash,
        user: Option<UserId>,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE sessions SET user_id = ?2, updated_at = ?3, used_at = ?3
             WHERE token_hash = ?1",
            (token.bytes(), user.map(|user| user.0), now.0),
        )?;
        Ok(changed > 0)
    }

    fn delete_session(&self, token: &TokenHash) -> Result<bool, StoreError> {
        let removed = self.connection.execute(
            "DELETE FROM sessions WHERE token_hash = ?1",
            [token.bytes()],
        )?;
        Ok(removed > 0)
    }

    fn delete_other_sessions(
        &self,
        application: ApplicationId,
        user: UserId,
        except: &TokenHash,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM sessions
             WHERE application_id = ?1 AND user_id = ?2 AND token_hash <> ?3",
            (application.0, user.0, except.bytes()),
        )?;
        Ok(())
    }

    fn purge_sessions(&self, idle: Duration, now: UnixTime) -> Result<usize, StoreError> {
        Ok(self.connection.execute(
            "DELETE FROM sessions WHERE used_at < ?1",
            [now.minus(idle).0],
        )?)
    }
}

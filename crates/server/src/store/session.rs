//! Sessions: who may do what until when.
//!
//! A session belongs to an application, and to a user once somebody has
//! logged in. It is found by the hash of its token only, and ends some time
//! after its last use.

use std::fmt;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};
use visavis_signal::UserId;

use super::application::random_hex;
use super::{ApplicationId, Store, StoreError};
use crate::clock::UnixTime;

const TOKEN_BYTES: usize = 20;

/// Use is written down at most this often, so that reading stays reading.
const USE_GRANULARITY: Duration = Duration::from_secs(60);

/// The bearer token of a session: 40 lower-case hexadecimal digits. Never
/// shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    fn random() -> Self {
        Self(random_hex(TOKEN_BYTES))
    }

    /// Reads a token; `None` when `text` does not have the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 2 * TOKEN_BYTES && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// The token itself: for its owner only.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database knows of the token.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The SHA-256 of a token: enough to find its session, useless for a thief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, for display.
    pub id: i64,
    /// The application it belongs to.
    pub application: ApplicationId,
    /// Who is logged in, if anybody.
    pub user: Option<UserId>,
    /// The nonce it was asked for with.
    pub nonce: i64,
    /// The timestamp it was asked for with.
    pub ts: i64,
    /// When it was made.
    pub created_at: UnixTime,
    /// When its user last changed.
    pub updated_at: UnixTime,
    /// When it was last used, to the minute.
    pub used_at: UnixTime,
}

impl Session {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
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
}

impl Store {
    /// Makes a session with a fresh token.
    ///
    /// # Errors
    /// When the database fails.
    pub fn create_session(
        &mut self,
        application: ApplicationId,
        user: Option<UserId>,
        nonce: i64,
        ts: i64,
        now: UnixTime,
    ) -> Result<(Token, Session), StoreError> {
        let token = Token::random();
        let session = self
            .connection
            .prepare_cached(
                "INSERT INTO sessions (token_hash, application_id, user_id, nonce, ts,
                                       created_at, updated_at, used_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6) RETURNING *",
            )?
            .query_row(
                (
                    token.hash().0,
                    application.0,
                    user.map(|user| user.0),
                    nonce,
                    ts,
                    now.0,
                ),
                Session::read,
            )?;
        if let Some(user) = user {
            self.note_request(application, user, now)?;
        }
        Ok((token, session))
    }

    /// The session of this token, which counts as used. One that was idle
    /// for longer than `idle` is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn use_session(
        &mut self,
        token: &TokenHash,
        idle: Duration,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        let found = self
            .connection
            .prepare_cached("SELECT * FROM sessions WHERE token_hash = ?1")?
            .query_row([token.0], Session::read)
            .optional()?;
        let Some(mut session) = found else {
            return Ok(None);
        };
        if session.used_at.plus(idle) < now {
            self.end_session(token)?;
            return Ok(None);
        }
        if session.used_at.plus(USE_GRANULARITY.min(idle / 2)) <= now {
            self.connection
                .prepare_cached("UPDATE sessions SET used_at = ?2 WHERE token_hash = ?1")?
                .execute((token.0, now.0))?;
            if let Some(user) = session.user {
                self.note_request(session.application, user, now)?;
            }
            session.used_at = now;
        }
        Ok(Some(session))
    }

    /// Whether a session exists. Does not count as use.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_session(&self, token: &TokenHash) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM sessions WHERE token_hash = ?1")?
            .exists([token.0])?)
    }

    /// Logs a user in or out of an existing session. `false` when there is no
    /// such session.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_session_user(
        &mut self,
        token: &TokenHash,
        user: Option<UserId>,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE sessions SET user_id = ?2, updated_at = ?3, used_at = ?3
             WHERE token_hash = ?1",
            (token.0, user.map(|user| user.0), now.0),
        )?;
        Ok(changed > 0)
    }

    /// Ends a session. `false` when there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_session(&self, token: &TokenHash) -> Result<bool, StoreError> {
        let removed = self
            .connection
            .execute("DELETE FROM sessions WHERE token_hash = ?1", [token.0])?;
        Ok(removed > 0)
    }

    /// Ends the sessions of a user, except one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_other_sessions(
        &self,
        application: ApplicationId,
        user: UserId,
        except: &TokenHash,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM sessions
             WHERE application_id = ?1 AND user_id = ?2 AND token_hash <> ?3",
            (application.0, user.0, except.0),
        )?;
        Ok(())
    }

    /// The sessions of a user, oldest first, with the hashes of their tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sessions_of(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<(TokenHash, Session)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM sessions WHERE application_id = ?1 AND user_id = ?2 ORDER BY id",
        )?;
        let rows = statement.query_map((application.0, user.0), |row| {
            Ok((TokenHash(row.get("token_hash")?), Session::read(row)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets sessions that were idle for longer than `idle`; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge_sessions(&self, idle: Duration, now: UnixTime) -> Result<usize, StoreError> {
        Ok(self.connection.execute(
            "DELETE FROM sessions WHERE used_at < ?1",
            [now.minus(idle).0],
        )?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::NewApplication;

    const IDLE: Duration = Duration::from_secs(7200);
    const NOW: UnixTime = UnixTime(1_700_000_000);

    fn later(seconds: u64) -> UnixTime {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn store() -> Store {
        let mut store = Store::open_in_memory().unwrap();
        store
            .add_application(&NewApplication::default(), NOW)
            .unwrap();
        store
    }

    #[test]
    fn a_session_ends_two_hours_after_its_last_use() {
        let mut store = store();
        let (token, made) = store
            .create_session(ApplicationId(1), None, 5, 6, NOW)
            .unwrap();
        let hash = token.hash();
        assert_eq!(store.use_session(&hash, IDLE, NOW).unwrap(), Some(made));
        assert!(
            store
                .use_session(&hash, IDLE, later(7200))
                .unwrap()
                .is_some()
        );
        assert!(
            store
                .use_session(&hash, IDLE, later(14_400))
                .unwrap()
                .is_some()
        );
        assert!(
            store
                .use_session(&hash, IDLE, later(21_601))
                .unwrap()
                .is_none()
        );
        assert!(store.use_session(&hash, IDLE, NOW).unwrap().is_none());
    }

    #[test]
    fn purging_takes_only_what_has_ended() {
        let mut store = store();
        store
            .create_session(ApplicationId(1), None, 1, 1, NOW)
            .unwrap();
        let (kept, _) = store
            .create_session(ApplicationId(1), None, 2, 2, later(100))
            .unwrap();
        assert_eq!(store.purge_sessions(IDLE, later(7250)).unwrap(), 1);
        assert!(store.end_session(&kept.hash()).unwrap());
        assert!(!store.end_session(&kept.hash()).unwrap());
    }

    #[test]
    fn a_token_has_forty_hexadecimal_digits() {
        let token = Token::random();
        assert_eq!(Token::parse(token.reveal()), Some(token.clone()));
        assert_eq!(Token::parse(&token.reveal().to_uppercase()[..39]), None);
        assert_eq!(Token::parse(""), None);
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}

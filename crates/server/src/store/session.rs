//! Sessions: who may do what until when.
//!
//! A session belongs to an application, and to a user once somebody has
//! logged in. It is found by the hash of its token only, and ends some time
//! after its last use.

use std::fmt;
use std::time::Duration;

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
    pub(super) fn random() -> Self {
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

impl TokenHash {
    /// A hash that was stored.
    pub fn stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

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
        let mut session = Session {
            id: 0,
            application,
            user,
            nonce,
            ts,
            created_at: now,
            updated_at: now,
            used_at: now,
        };
        self.atomically(|store| {
            session.id = store.database.insert_session(&token.hash(), &session)?;
            if let Some(user) = user {
                store.database.note_request(application, user, now)?;
            }
            Ok((token, session))
        })
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
        let Some(mut session) = self.database.session(token)? else {
            return Ok(None);
        };
        if session.used_at.plus(idle) < now {
            self.end_session(token)?;
            return Ok(None);
        }
        if session.used_at.plus(USE_GRANULARITY.min(idle / 2)) <= now {
            self.database.touch_session(token, now)?;
            if let Some(user) = session.user {
                self.database.note_request(session.application, user, now)?;
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
        Ok(self.database.session(token)?.is_some())
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
        self.database.set_session_user(token, user, now)
    }

    /// Ends a session. `false` when there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_session(&mut self, token: &TokenHash) -> Result<bool, StoreError> {
        self.database.delete_session(token)
    }

    /// Ends the sessions of a user, except one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_other_sessions(
        &mut self,
        application: ApplicationId,
        user: UserId,
        except: &TokenHash,
    ) -> Result<(), StoreError> {
        self.database
            .delete_other_sessions(application, user, except)
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
        self.database.sessions_of(application, user)
    }

    /// Forgets sessions that were idle for longer than `idle`; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge_sessions(&mut self, idle: Duration, now: UnixTime) -> Result<usize, StoreError> {
        self.database.purge_sessions(idle, now)
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

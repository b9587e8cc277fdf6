//! Accounts on disk: applications, users, sessions, contact lists and kept
//! messages in one SQLite file.
//!
//! [`Store`] is synchronous and is used as it is by the command line;
//! [`StoreThread`] gives it a thread of its own for the server, so that the
//! async side never waits for a disk. Both may have the same file open at the
//! same time (WAL and a busy timeout).
//!
//! Never keeps a password or a token in clear: passwords are Argon2id,
//! tokens SHA-256. An application's secret and the relay's are kept as they
//! are, because HMAC needs them.

mod application;
mod contact;
mod error;
mod field;
mod import;
mod kept_message;
mod migrations;
mod password;
mod search;
mod secret;
mod session;
mod subscription;
mod thread;
mod user;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

pub(crate) use application::random_hex;
pub use application::{Application, ApplicationId, NewApplication, Secret};
pub use contact::{Contact, ContactError, Exchange};
pub use error::{AddApplicationError, AddUserError, OpenError, StoreError, UpdateUserError};
pub use field::{FieldError, FieldProblem, Profile, UserField};
pub use import::{Import, ImportError};
pub use kept_message::{KeepError, KeptMessage};
pub use password::{PasswordError, PasswordHash};
pub use search::{Comparison, Condition, Order, Page, Search};
pub use session::{Session, Token, TokenHash};
pub use subscription::{Effect, Subscription, Verb};
pub use thread::StoreThread;
pub use user::{NewUser, User};

/// The name of the database inside the data folder.
pub const DATABASE_FILE: &str = "visavis.sqlite";

/// How long a statement waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    data_version: i64,
}

impl Store {
    /// Opens the database in `dir`; folder and file are made when missing and
    /// the schema is brought up to date.
    ///
    /// # Errors
    /// [`OpenError`] says whether the folder, the file or its content is in
    /// the way.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let file = dir.join(DATABASE_FILE);
        make_private_folder(dir).map_err(|source| OpenError::Folder {
            path: dir.to_owned(),
            source,
        })?;
        make_private_file(&file).map_err(|source| OpenError::File {
            path: file.clone(),
            source,
        })?;
        Self::prepare(Connection::open(&file).map_err(OpenError::Database)?)
    }

    /// A database that lives and dies with this value, for tests and trials.
    ///
    /// # Errors
    /// As [`Store::open`], without anything about files.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Self::prepare(Connection::open_in_memory().map_err(OpenError::Database)?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, OpenError> {
        connection
            .busy_timeout(BUSY_TIMEOUT)
            .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
            .and_then(|()| connection.pragma_update(None, "synchronous", "NORMAL"))
            .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
            .map_err(OpenError::Database)?;
        migrations::apply(&mut connection)?;
        let mut store = Self {
            connection,
            data_version: 0,
        };
        store.changed_elsewhere().map_err(|error| match error {
            StoreError::Database(source) => OpenError::Database(source),
            StoreError::Stopped => OpenError::Database(rusqlite::Error::InvalidQuery),
        })?;
        Ok(store)
    }

    /// Whether another process has changed the database since the last call.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn changed_elsewhere(&mut self) -> Result<bool, StoreError> {
        let version = self
            .connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))?;
        Ok(std::mem::replace(&mut self.data_version, version) != version)
    }

    /// Succeeds when the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM identifiers", [], |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(())
    }

    /// The next free number of `kind`, which is never given out again.
    fn next_identifier(&self, kind: &str) -> Result<Option<u32>, StoreError> {
        let next: i64 = self.connection.query_row(
            "UPDATE identifiers SET last = last + 1 WHERE kind = ?1 RETURNING last",
            [kind],
            |row| row.get(0),
        )?;
        Ok(u32::try_from(next).ok())
    }

    /// Remembers that `id` was chosen by the operator, so that it is never
    /// given to somebody else later.
    fn reserve_identifier(&self, kind: &str, id: u32) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE identifiers SET last = max(last, ?2) WHERE kind = ?1",
            (kind, id),
        )?;
        Ok(())
    }
}

fn make_private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// SQLite gives its side files the mode of the main file.
fn make_private_file(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

impl OpenError {
    /// The path that has to be put right, when there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Folder { path, .. } | Self::File { path, .. } => Some(path),
            Self::Database(_) | Self::NewerSchema { .. } => None,
        }
    }
}

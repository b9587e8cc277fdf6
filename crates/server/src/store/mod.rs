//! Accounts: applications, users, sessions, contact lists, guests and kept messages,
//! over any [`Database`]. The one that comes with the server is a SQLite file.
//!
//! [`Store`] is synchronous and is used as it is by the command line;
//! [`StoreThread`] gives it a thread of its own for the server, so that the
//! async side never waits for a disk. Both may have the same file open at the
//! same time. A method that has returned without an error has put what it did
//! where a crash does not reach it; one that fails has done nothing.
//!
//! Never keeps a password or a token in clear: passwords are Argon2id,
//! tokens SHA-256. An application's secret and the relay's are kept as they
//! are, because HMAC needs them.

mod application;
mod backup;
mod contact;
mod database;
mod error;
mod field;
mod folder_lock;
mod guest;
mod import;
mod kept_message;
mod password;
mod search;
mod secret;
mod session;
mod sqlite;
mod subscription;
mod thread;
mod user;

use std::fs;
use std::io;
use std::path::Path;

use self::sqlite::Sqlite;

pub(crate) use application::random_hex;
pub use application::{Application, ApplicationId, NewApplication, Secret};
pub use backup::{BackUpError, RestoreError};
pub use contact::{Contact, ContactError, Exchange};
pub use database::{
    Applications, Contacts, Database, Guests, Identifier, KeptMessages, Sessions, UserRow, Users,
    WriteUserError,
};
pub use error::{AddApplicationError, AddUserError, OpenError, StoreError, UpdateUserError};
pub use field::{FieldError, FieldProblem, FieldValue, Profile, UserField};
pub use folder_lock::FolderLock;
pub use guest::{Admitted, Guest, GuestLink, GuestLinkError};
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

/// The accounts in an open database.
#[derive(Debug)]
pub struct Store {
    database: Box<dyn Database>,
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
        Ok(Self::over(Box::new(Sqlite::open(&file)?)))
    }

    /// A database that lives and dies with this value, for tests and trials.
    ///
    /// # Errors
    /// As [`Store::open`], without anything about files.
    pub fn open_in_memory() -> Result<Self, OpenError> {
        Ok(Self::over(Box::new(Sqlite::in_memory()?)))
    }

    /// The accounts in another database, whose schema is up to date.
    pub fn over(database: Box<dyn Database>) -> Self {
        Self { database }
    }

    /// Whether another process has changed the database since the last call.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        self.database.changed_elsewhere()
    }

    /// Succeeds when the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.database.check()
    }

    /// Does all of `work` or, if it fails, nothing. May be nested.
    pub(crate) fn atomically<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.begin()?;
        match work(self) {
            Ok(done) => {
                self.database.commit()?;
                Ok(done)
            }
            Err(error) => {
                self.database.roll_back()?;
                Err(error)
            }
        }
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
            Self::Folder { path, .. } | Self::File { path, .. } | Self::InUse { path } => {
                Some(path)
            }
            Self::Database(_) | Self::NewerSchema { .. } | Self::Foreign | Self::Damaged(_) => None,
        }
    }
}

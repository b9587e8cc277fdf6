//! What can go wrong with stored accounts, by operation.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use visavis_signal::UserId;

use super::application::ApplicationId;
use super::field::{FieldError, UserField};

/// Opening the database. The operator has to act.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made or entered.
    #[error("the data folder {} cannot be used: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database file cannot be made or written.
    #[error("the database {} cannot be written: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another server works with the folder.
    #[error("the data folder {} is in use: stop the other server, or choose another folder", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The database refuses: damaged, locked, or no database at all.
    #[error("the database cannot be opened: {0}")]
    Database(#[source] StoreError),
    /// The file is a database, but not one of ours.
    #[error("the file is no database of visavis")]
    Foreign,
    /// The file has lost something.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The file was written by a newer release.
    #[error("the database has schema {found}, this release knows {known}: use a newer release")]
    NewerSchema {
        /// The schema of the file.
        found: usize,
        /// The newest schema of this release.
        known: usize,
    },
}

/// The database failed in the middle of its work. The operator has to act.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database reports a failure, such as a full disk.
    #[error("the database failed: {0}")]
    Database(#[source] Arc<dyn Error + Send + Sync>),
    /// The thread that owns the database has ended.
    #[error("the database has been closed")]
    Stopped,
}

/// Adding an application. The operator has to choose differently.
#[derive(Debug, thiserror::Error)]
pub enum AddApplicationError {
    /// Another application has this id.
    #[error("application {0} exists already")]
    IdTaken(ApplicationId),
    /// Ids run from 1 to 4294967295, and the last has been used.
    #[error("an application id is a number from 1 to 4294967295")]
    IdOutOfRange,
    /// Keys are 1 to 128 visible ASCII characters.
    #[error("an application key has 1 to 128 visible ASCII characters")]
    InvalidKey,
    /// Secrets are 1 to 256 visible ASCII characters.
    #[error("an application secret has 1 to 256 visible ASCII characters")]
    InvalidSecret,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adding a user. Whoever chose the data has to choose differently.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    /// There is no such application.
    #[error("there is no application {0}")]
    NoSuchApplication(ApplicationId),
    /// Another user of the application has this id.
    #[error("user {0} exists already")]
    IdTaken(UserId),
    /// Ids run from 1 to 4294967295, and the last has been used.
    #[error("a user id is a number from 1 to 4294967295")]
    IdOutOfRange,
    /// Another user of the application has this login, email or external id.
    #[error("{} has already been taken", .0.column())]
    Taken(UserField),
    /// A field is not acceptable.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changing a user.
#[derive(Debug, thiserror::Error)]
pub enum UpdateUserError {
    /// There is no such user in this application.
    #[error("there is no such user")]
    NoSuchUser,
    /// Another user of the application has this login, email or external id.
    #[error("{} has already been taken", .0.column())]
    Taken(UserField),
    /// A field is not acceptable.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

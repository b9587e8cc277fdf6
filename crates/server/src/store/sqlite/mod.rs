//! The store's database in one SQLite file.
//!
//! A commit waits for the disk (`synchronous = FULL`): what was answered with
//! success survives the machine, too.

mod application;
mod contact;
mod guest;
mod kept_message;
mod migrations;
mod search;
mod session;
mod user;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::database::{Database, Identifier};
use super::field::FieldValue;
use super::{OpenError, StoreError};

/// How long a statement waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An open file, or a database in memory.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    /// What `PRAGMA data_version` said last.
    data_version: Cell<i64>,
    /// Open transactions, each within the one before.
    depth: usize,
}

impl Sqlite {
    /// Opens a file and brings its schema up to date.
    pub(super) fn open(file: &Path) -> Result<Self, OpenError> {
        Self::prepare(Connection::open(file)?)
    }

    pub(super) fn in_memory() -> Result<Self, OpenError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// Whether a file is a sound database of ours that this release can read.
    /// Changes nothing.
    pub(super) fn inspect(file: &Path) -> Result<(), OpenError> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrations::check(&connection)?;
        let verdict: String =
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        match verdict.as_str() {
            "ok" => Ok(()),
            _ => Err(OpenError::Damaged(verdict)),
        }
    }

    fn prepare(mut connection: Connection) -> Result<Self, OpenError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrations::apply(&mut connection)?;
        let data_version = Cell::new(data_version(&connection)?);
        Ok(Self {
            connection,
            data_version,
            depth: 0,
        })
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

impl Database for Sqlite {
    fn check(&self) -> Result<(), StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM identifiers", [], |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(())
    }

    fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        let version = data_version(&self.connection)?;
        Ok(self.data_version.replace(version) != version)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let sql = match self.depth {
            0 => "BEGIN IMMEDIATE",
            _ => "SAVEPOINT inner",
        };
        self.connection.prepare_cached(sql)?.execute([])?;
        self.depth += 1;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let sql = match self.depth {
            1 => "COMMIT",
            _ => "RELEASE inner",
        };
        let committed = self.connection.prepare_cached(sql)?.execute([]);
        if let Err(error) = committed {
            // Whatever stood in the way: nobody commits it later by accident.
            self.roll_back()?;
            return Err(error.into());
        }
        self.depth -= 1;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), StoreError> {
        self.depth = self.depth.saturating_sub(1);
        match self.depth {
            // A failure may have rolled it back already.
            0 if self.connection.is_autocommit() => {}
            0 => self.connection.execute_batch("ROLLBACK")?,
            _ => self
                .connection
                .execute_batch("ROLLBACK TO inner; RELEASE inner")?,
        }
        Ok(())
    }

    fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        // Another process may be the first: what is stored counts.
        self.connection.execute(
            "INSERT OR IGNORE INTO secrets (name, value) VALUES (?1, ?2)",
            (name, fresh),
        )?;
        let stored = self
            .connection
            .query_row("SELECT value FROM secrets WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(stored.unwrap_or_else(|| fresh.to_vec()))
    }

    fn next_identifier(&self, kind: Identifier) -> Result<Option<u32>, StoreError> {
        let next: i64 = self.connection.query_row(
            "UPDATE identifiers SET last = last + 1 WHERE kind = ?1 RETURNING last",
            [name(kind)],
            |row| row.get(0),
        )?;
        Ok(u32::try_from(next).ok())
    }

    fn reserve_identifier(&self, kind: Identifier, id: u32) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE identifiers SET last = max(last, ?2) WHERE kind = ?1",
            (name(kind), id),
        )?;
        Ok(())
    }

    fn back_up(&self, file: &Path) -> Result<(), StoreError> {
        self.connection
            .execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
        Ok(())
    }
}

fn name(kind: Identifier) -> &'static str {
    match kind {
        Identifier::Application => "application",
        Identifier::User => "user",
    }
}

impl ToSql for FieldValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Empty => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(StoreError::from(error))
    }
}

//! The schema, as the list of steps that made it.
//!
//! Forward only: a step that has been released is never edited. The number of
//! steps applied is kept in SQLite's `user_version`.

use rusqlite::{Connection, TransactionBehavior};

use super::super::OpenError;

const MIGRATIONS: &[&str] = &[
    // 1: applications, users, sessions
    "CREATE TABLE applications (
        id          INTEGER PRIMARY KEY,
        key         TEXT    NOT NULL,
        secret      TEXT    NOT NULL,
        sign_up     INTEGER NOT NULL DEFAULT 0,
        created_at  INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE users (
        application_id   INTEGER NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
        id               INTEGER NOT NULL,
        login            TEXT    NOT NULL,
        password         TEXT    NOT NULL,
        full_name        TEXT,
        email            TEXT,
        phone            TEXT,
        website          TEXT,
        external_user_id TEXT,
        facebook_id      TEXT,
        twitter_id       TEXT,
        blob_id          INTEGER,
        custom_data      TEXT,
        user_tags        TEXT,
        created_at       INTEGER NOT NULL,
        updated_at       INTEGER NOT NULL,
        last_request_at  INTEGER,
        PRIMARY KEY (application_id, id)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX users_login ON users(application_id, login);
    CREATE UNIQUE INDEX users_email ON users(application_id, email) WHERE email IS NOT NULL;
    CREATE UNIQUE INDEX users_external ON users(application_id, external_user_id)
        WHERE external_user_id IS NOT NULL;
    CREATE UNIQUE INDEX users_facebook ON users(application_id, facebook_id)
        WHERE facebook_id IS NOT NULL;
    CREATE UNIQUE INDEX users_twitter ON users(application_id, twitter_id)
        WHERE twitter_id IS NOT NULL;
    CREATE TABLE identifiers (
        kind  TEXT    PRIMARY KEY,
        last  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO identifiers VALUES ('application', 0), ('user', 0);
    CREATE TABLE sessions (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        token_hash      BLOB    NOT NULL UNIQUE,
        application_id  INTEGER NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
        user_id         INTEGER,
        nonce           INTEGER NOT NULL,
        ts              INTEGER NOT NULL,
        created_at      INTEGER NOT NULL,
        updated_at      INTEGER NOT NULL,
        used_at         INTEGER NOT NULL,
        FOREIGN KEY (application_id, user_id) REFERENCES users(application_id, id)
            ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX sessions_user ON sessions(application_id, user_id);
    CREATE INDEX sessions_used ON sessions(used_at);",
    // 2: secrets of the server itself
    "CREATE TABLE secrets (
        name   TEXT PRIMARY KEY,
        value  BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;",
    // 3: contact lists, and messages for those who are offline
    "CREATE TABLE contacts (
        application_id  INTEGER NOT NULL,
        user_id         INTEGER NOT NULL,
        contact_id      INTEGER NOT NULL,
        listed          INTEGER NOT NULL,
        name            TEXT,
        groups          TEXT    NOT NULL,
        sees            INTEGER NOT NULL,
        is_seen         INTEGER NOT NULL,
        asks            INTEGER NOT NULL,
        is_asked        INTEGER NOT NULL,
        PRIMARY KEY (application_id, user_id, contact_id),
        FOREIGN KEY (application_id, user_id) REFERENCES users(application_id, id)
            ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER contacts_end AFTER DELETE ON users BEGIN
        DELETE FROM contacts WHERE application_id = old.application_id AND contact_id = old.id;
    END;
    CREATE TABLE kept_messages (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        application_id  INTEGER NOT NULL,
        user_id         INTEGER NOT NULL,
        stanza          TEXT    NOT NULL,
        FOREIGN KEY (application_id, user_id) REFERENCES users(application_id, id)
            ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX kept_messages_user ON kept_messages(application_id, user_id);",
    // 4: links for guests, and the guests, who end with them
    "CREATE TABLE guest_links (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        token_hash      BLOB    NOT NULL UNIQUE,
        application_id  INTEGER NOT NULL,
        host_id         INTEGER NOT NULL,
        uses_left       INTEGER NOT NULL,
        created_at      INTEGER NOT NULL,
        expires_at      INTEGER NOT NULL,
        FOREIGN KEY (application_id, host_id) REFERENCES users(application_id, id)
            ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX guest_links_host ON guest_links(application_id, host_id);
    CREATE INDEX guest_links_end ON guest_links(expires_at);
    CREATE TABLE guests (
        application_id  INTEGER NOT NULL,
        user_id         INTEGER NOT NULL,
        link_id         INTEGER NOT NULL REFERENCES guest_links(id),
        PRIMARY KEY (application_id, user_id),
        FOREIGN KEY (application_id, user_id) REFERENCES users(application_id, id)
            ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX guests_link ON guests(link_id);
    CREATE TRIGGER guests_end BEFORE DELETE ON guest_links BEGIN
        DELETE FROM users WHERE (application_id, id) IN
            (SELECT application_id, user_id FROM guests WHERE link_id = old.id);
    END;",
];

/// Brings the database to the newest schema.
///
/// Safe against a second process doing the same: the version is read again
/// under the write lock.
pub(super) fn apply(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for step in &MIGRATIONS[found..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", to_pragma(MIGRATIONS.len()))?;
    Ok(transaction.commit()?)
}

/// Succeeds when a database is one of ours, of this release or an older one.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    match version(connection)? {
        0 => Err(OpenError::Foreign),
        _ => Ok(()),
    }
}

/// How many steps have been applied.
fn version(connection: &Connection) -> Result<usize, OpenError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let known = MIGRATIONS.len();
    if found > known {
        return Err(OpenError::NewerSchema { found, known });
    }
    Ok(found)
}

/// SQLite's integers are signed.
fn to_pragma(version: usize) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn applying_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection).unwrap();
        apply(&mut connection).unwrap();
        let version: usize = connection
            .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .unwrap()
            .try_into()
            .unwrap();
        assert_eq!(version, MIGRATIONS.len());
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(
            apply(&mut connection),
            Err(OpenError::NewerSchema { found: 999, .. })
        ));
    }
}

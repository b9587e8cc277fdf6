//! Rows of guest links and guests.

use rusqlite::{OptionalExtension, Row};
use visavis_signal::UserId;

use super::super::database::Guests;
use super::super::{ApplicationId, Guest, GuestLink, StoreError, TokenHash};
use super::Sqlite;
use crate::clock::UnixTime;

fn read(row: &Row<'_>) -> rusqlite::Result<GuestLink> {
    Ok(GuestLink {
        id: row.get("id")?,
        application: ApplicationId(row.get("application_id")?),
        host: UserId(row.get("host_id")?),
        uses_left: row.get("uses_left")?,
        created_at: UnixTime(row.get("created_at")?),
        expires_at: UnixTime(row.get("expires_at")?),
    })
}

impl Guests for Sqlite {
    fn insert_guest_link(&self, token: &TokenHash, link: &GuestLink) -> Result<i64, StoreError> {
        self.connection.execute(
            "INSERT INTO guest_links (token_hash, application_id, host_id, uses_left,
                                      created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                token.bytes(),
                link.application.0,
                link.host.0,
                link.uses_left,
                link.created_at.0,
                link.expires_at.0,
            ),
        )?;
        Ok(self.connection.last_insert_rowid())
    }

    fn guest_link(&self, token: &TokenHash) -> Result<Option<GuestLink>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM guest_links WHERE token_hash = ?1")?;
        Ok(statement.query_row([token.bytes()], read).optional()?)
    }

    fn guest_links(
        &self,
        application: ApplicationId,
        host: UserId,
    ) -> Result<Vec<GuestLink>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM guest_links WHERE application_id = ?1 AND host_id = ?2 ORDER BY id",
        )?;
        let rows = statement.query_map((application.0, host.0), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn delete_guest_link(&self, id: i64) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM guest_links WHERE id = ?1", [id])?;
        Ok(())
    }

    fn guests_by(&self, link: i64) -> Result<Vec<UserId>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT user_id FROM guests WHERE link_id = ?1 ORDER BY user_id")?;
        let rows = statement.query_map([link], |row| row.get(0).map(UserId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn insert_guest(
        &self,
        application: ApplicationId,
        user: UserId,
        link: i64,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO guests (application_id, user_id, link_id) VALUES (?1, ?2, ?3)",
            (application.0, user.0, link),
        )?;
        self.connection.execute(
            "UPDATE guest_links SET uses_left = uses_left - 1 WHERE id = ?1",
            [link],
        )?;
        Ok(())
    }

    fn guest(&self, application: ApplicationId, user: UserId) -> Result<Option<Guest>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT host_id, expires_at FROM guests JOIN guest_links ON id = link_id
             WHERE guests.application_id = ?1 AND user_id = ?2",
        )?;
        let read = |row: &Row<'_>| {
            Ok(Guest {
                host: UserId(row.get(0)?),
                expires_at: UnixTime(row.get(1)?),
            })
        };
        Ok(statement
            .query_row((application.0, user.0), read)
            .optional()?)
    }

    fn has_ended_guest_links(&self, now: UnixTime) -> Result<bool, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM guest_links WHERE expires_at <= ?1)")?;
        Ok(statement.query_row([now.0], |row| row.get(0))?)
    }

    fn purge_guest_links(&self, now: UnixTime) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM guest_links WHERE expires_at <= ?1", [now.0])?;
        Ok(())
    }
}

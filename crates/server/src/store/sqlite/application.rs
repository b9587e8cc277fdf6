//! Rows of applications.

use rusqlite::{OptionalExtension, Row};

use super::super::database::Applications;
use super::super::{Application, ApplicationId, Secret, StoreError};
use super::Sqlite;
use crate::clock::UnixTime;

fn read(row: &Row<'_>) -> rusqlite::Result<Application> {
    Ok(Application {
        id: ApplicationId(row.get("id")?),
        key: row.get("key")?,
        secret: Secret::new(row.get::<_, String>("secret")?),
        sign_up: row.get("sign_up")?,
        created_at: UnixTime(row.get("created_at")?),
    })
}

impl Applications for Sqlite {
    fn insert_application(&self, new: &Application) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO applications (id, key, secret, sign_up, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                new.id.0,
                &new.key,
                new.secret.reveal(),
                new.sign_up,
                new.created_at.0,
            ),
        )?;
        Ok(())
    }

    fn application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT * FROM applications WHERE id = ?1")?
            .query_row([id.0], read)
            .optional()?)
    }

    fn applications(&self) -> Result<Vec<Application>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM applications ORDER BY id")?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn set_sign_up(&self, id: ApplicationId, open: bool) -> Result<bool, StoreError> {
        let changed = self.connection.execute(
            "UPDATE applications SET sign_up = ?2 WHERE id = ?1",
            (id.0, open),
        )?;
        Ok(changed > 0)
    }

    fn delete_application(&self, id: ApplicationId) -> Result<bool, StoreError> {
        let removed = self
            .connection
            .execute("DELETE FROM applications WHERE id = ?1", [id.0])?;
        Ok(removed > 0)
    }
}

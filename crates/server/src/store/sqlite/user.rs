//! Rows of users.

use rusqlite::types::ToSql;
use rusqlite::{ErrorCode, OptionalExtension, Row, params_from_iter};
use visavis_signal::UserId;

use super::super::database::{UserRow, Users, WriteUserError};
use super::super::field::{FieldValue, UserField};
use super::super::{ApplicationId, Page, PasswordHash, Search, StoreError, User};
use super::{Sqlite, search};
use crate::clock::UnixTime;

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get("id")?),
        application: ApplicationId(row.get("application_id")?),
        login: row.get("login")?,
        full_name: row.get("full_name")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        website: row.get("website")?,
        external_user_id: row.get("external_user_id")?,
        facebook_id: row.get("facebook_id")?,
        twitter_id: row.get("twitter_id")?,
        blob_id: row.get("blob_id")?,
        custom_data: row.get("custom_data")?,
        tags: row.get("user_tags")?,
        created_at: UnixTime(row.get("created_at")?),
        updated_at: UnixTime(row.get("updated_at")?),
        last_request_at: row.get::<_, Option<i64>>("last_request_at")?.map(UnixTime),
    })
}

impl Users for Sqlite {
    fn insert_user(&self, row: &UserRow<'_>) -> Result<User, WriteUserError> {
        let mut columns = vec![
            "application_id",
            "id",
            "password",
            "created_at",
            "updated_at",
        ];
        let password = row.password.as_str();
        let mut values: Vec<&dyn ToSql> = vec![
            &row.application.0,
            &row.id.0,
            &password,
            &row.created_at.0,
            &row.created_at.0,
        ];
        for (field, value) in row.fields {
            columns.push(field.column());
            values.push(value);
        }
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!(
            "INSERT INTO users ({}) VALUES ({marks}) RETURNING *",
            columns.join(", ")
        );
        self.connection
            .query_row(&sql, values.as_slice(), read)
            .map_err(refusal)
    }

    fn update_user(
        &self,
        application: ApplicationId,
        id: UserId,
        fields: &[(UserField, FieldValue)],
        password: Option<&PasswordHash>,
        now: UnixTime,
    ) -> Result<Option<User>, WriteUserError> {
        let mut assignments = vec!["updated_at = ?".to_owned()];
        let mut values: Vec<&dyn ToSql> = vec![&now.0];
        for (field, value) in fields {
            assignments.push(format!("{} = ?", field.column()));
            values.push(value);
        }
        let password = password.map(PasswordHash::as_str);
        if let Some(password) = &password {
            assignments.push("password = ?".to_owned());
            values.push(password);
        }
        values.extend([&application.0 as &dyn ToSql, &id.0]);
        let sql = format!(
            "UPDATE users SET {} WHERE application_id = ? AND id = ? RETURNING *",
            assignments.join(", ")
        );
        self.connection
            .query_row(&sql, params_from_iter(values), read)
            .optional()
            .map_err(refusal)
    }

    fn user(&self, application: ApplicationId, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT * FROM users WHERE application_id = ?1 AND id = ?2")?
            .query_row((application.0, id.0), read)
            .optional()?)
    }

    fn user_by(
        &self,
        application: ApplicationId,
        field: UserField,
        value: &str,
    ) -> Result<Option<User>, StoreError> {
        let sql = format!(
            "SELECT * FROM users WHERE application_id = ?1 AND {} = ?2 ORDER BY id LIMIT 1",
            field.column()
        );
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row((application.0, value), read)
            .optional()?)
    }

    fn password_of(
        &self,
        application: ApplicationId,
        id: UserId,
    ) -> Result<Option<PasswordHash>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT password FROM users WHERE application_id = ?1 AND id = ?2")?
            .query_row((application.0, id.0), |row| row.get(0))
            .optional()?
            .map(PasswordHash::stored))
    }

    fn note_request(
        &self,
        application: ApplicationId,
        id: UserId,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE users SET last_request_at = ?3 WHERE application_id = ?1 AND id = ?2",
            )?
            .execute((application.0, id.0, now.0))?;
        Ok(())
    }

    fn search_users(
        &self,
        application: ApplicationId,
        wanted: &Search,
    ) -> Result<Page, StoreError> {
        Ok(search::run(&self.connection, application, wanted)?)
    }

    fn delete_user(&self, application: ApplicationId, id: UserId) -> Result<bool, StoreError> {
        let removed = self.connection.execute(
            "DELETE FROM users WHERE application_id = ?1 AND id = ?2",
            (application.0, id.0),
        )?;
        Ok(removed > 0)
    }
}

/// Which unique field a failed statement ran into, if that was it.
fn refusal(error: rusqlite::Error) -> WriteUserError {
    let taken = match &error {
        rusqlite::Error::SqliteFailure(failure, Some(message))
            if failure.code == ErrorCode::ConstraintViolation =>
        {
            // "UNIQUE constraint failed: users.application_id, users.login"
            let column = message.rsplit_once("users.");
            column.and_then(|(_, column)| UserField::named(column))
        }
        _ => None,
    };
    taken.map_or_else(
        || WriteUserError::Store(error.into()),
        WriteUserError::Taken,
    )
}

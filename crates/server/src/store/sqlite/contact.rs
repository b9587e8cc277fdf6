//! Rows of contact lists.

use rusqlite::{OptionalExtension, Row};
use visavis_signal::UserId;

use super::super::database::Contacts;
use super::super::{ApplicationId, Contact, StoreError, Subscription};
use super::Sqlite;

fn read(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let groups: String = row.get("groups")?;
    Ok(Contact {
        id: UserId(row.get("contact_id")?),
        listed: row.get("listed")?,
        name: row.get("name")?,
        groups: serde_json::from_str(&groups).unwrap_or_default(),
        subscription: Subscription {
            sees: row.get("sees")?,
            is_seen: row.get("is_seen")?,
            asks: row.get("asks")?,
            is_asked: row.get("is_asked")?,
        },
    })
}

impl Contacts for Sqlite {
    fn contacts(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<Contact>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM contacts WHERE application_id = ?1 AND user_id = ?2
             ORDER BY contact_id",
        )?;
        let contacts = statement.query_map((application.0, user.0), read)?;
        Ok(contacts.collect::<Result<_, _>>()?)
    }

    fn contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<Option<Contact>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT * FROM contacts
                 WHERE application_id = ?1 AND user_id = ?2 AND contact_id = ?3",
            )?
            .query_row((application.0, user.0, contact.0), read)
            .optional()?)
    }

    fn listed_contacts(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<usize, StoreError> {
        let listed: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM contacts
                 WHERE application_id = ?1 AND user_id = ?2 AND listed",
            )?
            .query_row((application.0, user.0), |row| row.get(0))?;
        Ok(usize::try_from(listed).unwrap_or(usize::MAX))
    }

    fn put_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: &Contact,
    ) -> Result<(), StoreError> {
        let groups = serde_json::Value::from(contact.groups.as_slice()).to_string();
        let Subscription {
            sees,
            is_seen,
            asks,
            is_asked,
        } = contact.subscription;
        self.connection
            .prepare_cached(
                "REPLACE INTO contacts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                application.0,
                user.0,
                contact.id.0,
                contact.listed,
                &contact.name,
                groups,
                sees,
                is_seen,
                asks,
                is_asked,
            ))?;
        Ok(())
    }

    fn delete_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM contacts
                 WHERE application_id = ?1 AND user_id = ?2 AND contact_id = ?3",
            )?
            .execute((application.0, user.0, contact.0))?;
        Ok(())
    }
}

//! Users: adding, finding, changing, removing.

use rusqlite::types::Value;
use rusqlite::{ErrorCode, OptionalExtension, Row, params_from_iter};
use visavis_signal::UserId;

use super::field::{Profile, UserField};
use super::{AddUserError, ApplicationId, PasswordHash, Store, StoreError, UpdateUserError};
use crate::clock::UnixTime;

/// What is wanted of a new user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The wanted id; left out, the next free one.
    pub id: Option<UserId>,
    /// The wanted login.
    pub login: String,
    /// The hashed password.
    pub password: PasswordHash,
    /// Further fields.
    pub profile: Profile,
}

/// A stored user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number, unique in the application.
    pub id: UserId,
    /// The application.
    pub application: ApplicationId,
    /// What the user logs in with.
    pub login: String,
    /// A name for people.
    pub full_name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The web site.
    pub website: Option<String>,
    /// The app's own number or name for the user.
    pub external_user_id: Option<String>,
    /// The id with Facebook.
    pub facebook_id: Option<String>,
    /// The id with Twitter.
    pub twitter_id: Option<String>,
    /// A number that means something to the app.
    pub blob_id: Option<i64>,
    /// Text that means something to the app.
    pub custom_data: Option<String>,
    /// Words separated by commas.
    pub tags: Option<String>,
    /// When the user was added.
    pub created_at: UnixTime,
    /// When a field last changed.
    pub updated_at: UnixTime,
    /// The last use of a session, to the minute.
    pub last_request_at: Option<UnixTime>,
}

impl User {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
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
}

impl Store {
    /// Adds a user to an application.
    ///
    /// # Errors
    /// When the application is missing, an id, login, email or external id is
    /// taken, a field is not acceptable, or the database fails.
    pub fn add_user(
        &mut self,
        application: ApplicationId,
        new: &NewUser,
        now: UnixTime,
    ) -> Result<User, AddUserError> {
        if self.application(application)?.is_none() {
            return Err(AddUserError::NoSuchApplication(application));
        }
        let mut columns = vec!["login"];
        let mut values = vec![UserField::Login.admit(Some(&new.login))?];
        for (field, value) in &new.profile {
            if *field != UserField::Login {
                columns.push(field.column());
                values.push(field.admit(value.as_deref())?);
            }
        }
        let id = match new.id {
            Some(UserId(0)) => return Err(AddUserError::IdOutOfRange),
            Some(id) => {
                self.reserve_identifier("user", id.0)?;
                id
            }
            None => UserId(
                self.next_identifier("user")?
                    .ok_or(AddUserError::IdOutOfRange)?,
            ),
        };
        columns.extend([
            "application_id",
            "id",
            "password",
            "created_at",
            "updated_at",
        ]);
        values.extend([
            Value::from(application.0),
            Value::from(id.0),
            Value::from(new.password.as_str().to_owned()),
            Value::from(now.0),
            Value::from(now.0),
        ]);
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!(
            "INSERT INTO users ({}) VALUES ({marks}) RETURNING *",
            columns.join(", ")
        );
        self.connection
            .query_row(&sql, params_from_iter(values), User::read)
            .map_err(|error| match conflict(&error) {
                Some(UserField::Id) => AddUserError::IdTaken(id),
                Some(field) => AddUserError::Taken(field),
                None => error.into(),
            })
    }

    /// Changes fields of a user, and the password if one is given.
    ///
    /// # Errors
    /// When the user is missing, a value is taken or not acceptable, or the
    /// database fails.
    pub fn update_user(
        &mut self,
        application: ApplicationId,
        id: UserId,
        changes: &Profile,
        password: Option<&PasswordHash>,
        now: UnixTime,
    ) -> Result<User, UpdateUserError> {
        let mut assignments = vec!["updated_at = ?".to_owned()];
        let mut values = vec![Value::from(now.0)];
        for (field, value) in changes {
            values.push(field.admit(value.as_deref())?);
            assignments.push(format!("{} = ?", field.column()));
        }
        if let Some(password) = password {
            values.push(Value::from(password.as_str().to_owned()));
            assignments.push("password = ?".to_owned());
        }
        values.extend([Value::from(application.0), Value::from(id.0)]);
        let sql = format!(
            "UPDATE users SET {} WHERE application_id = ? AND id = ? RETURNING *",
            assignments.join(", ")
        );
        self.connection
            .query_row(&sql, params_from_iter(values), User::read)
            .optional()
            .map_err(|error| match conflict(&error) {
                Some(field) => UpdateUserError::Taken(field),
                None => error.into(),
            })?
            .ok_or(UpdateUserError::NoSuchUser)
    }

    /// The user with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn user(&self, application: ApplicationId, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT * FROM users WHERE application_id = ?1 AND id = ?2")?
            .query_row((application.0, id.0), User::read)
            .optional()?)
    }

    /// The first user, by id, whose `field` is exactly `value`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn user_by(
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
            .query_row((application.0, value), User::read)
            .optional()?)
    }

    /// The password of a user, hashed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn password_of(
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

    /// Removes a user with all sessions. `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_user(&self, application: ApplicationId, id: UserId) -> Result<bool, StoreError> {
        let removed = self.connection.execute(
            "DELETE FROM users WHERE application_id = ?1 AND id = ?2",
            (application.0, id.0),
        )?;
        Ok(removed > 0)
    }

    pub(super) fn note_request(
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
}

/// Which unique field a failed statement ran into.
fn conflict(error: &rusqlite::Error) -> Option<UserField> {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = error else {
        return None;
    };
    if failure.code != ErrorCode::ConstraintViolation {
        return None;
    }
    // "UNIQUE constraint failed: users.application_id, users.login"
    let column = message.rsplit_once("users.")?.1;
    UserField::named(column)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{FieldError, FieldProblem, NewApplication};

    const NOW: UnixTime = UnixTime(1_700_000_000);
    const APP: ApplicationId = ApplicationId(1);

    fn store() -> Store {
        let mut store = Store::open_in_memory().unwrap();
        for _ in 0..2 {
            store
                .add_application(&NewApplication::default(), NOW)
                .unwrap();
        }
        store
    }

    fn new(id: Option<u32>, login: &str, profile: &[(UserField, &str)]) -> NewUser {
        NewUser {
            id: id.map(UserId),
            login: login.into(),
            password: PasswordHash::stored("x".into()),
            profile: profile
                .iter()
                .map(|(field, value)| (*field, Some((*value).to_owned())))
                .collect(),
        }
    }

    #[test]
    fn logins_and_ids_are_unique_in_their_application_only() {
        let mut store = store();
        store.add_user(APP, &new(Some(101), "a", &[]), NOW).unwrap();
        assert!(matches!(
            store.add_user(APP, &new(Some(101), "b", &[]), NOW),
            Err(AddUserError::IdTaken(UserId(101)))
        ));
        assert!(matches!(
            store.add_user(APP, &new(None, "a", &[]), NOW),
            Err(AddUserError::Taken(UserField::Login))
        ));
        store
            .add_user(ApplicationId(2), &new(Some(101), "a", &[]), NOW)
            .unwrap();
        assert!(matches!(
            store.add_user(ApplicationId(9), &new(None, "a", &[]), NOW),
            Err(AddUserError::NoSuchApplication(ApplicationId(9)))
        ));
    }

    #[test]
    fn a_removed_id_is_not_given_to_another() {
        let mut store = store();
        store.add_user(APP, &new(Some(7), "a", &[]), NOW).unwrap();
        assert!(store.remove_user(APP, UserId(7)).unwrap());
        let next = store.add_user(APP, &new(None, "b", &[]), NOW).unwrap();
        assert_eq!(next.id, UserId(8));
    }

    #[test]
    fn fields_are_checked_and_brought_into_form() {
        let mut store = store();
        let user = store
            .add_user(
                APP,
                &new(
                    None,
                    " ann ",
                    &[(UserField::Tags, "x, y,,"), (UserField::FullName, " ")],
                ),
                NOW,
            )
            .unwrap();
        assert_eq!(user.login, "ann");
        assert_eq!(user.tags.as_deref(), Some("x,y"));
        assert_eq!(user.full_name, None);
        for (field, value, problem) in [
            (UserField::Email, "nobody", FieldProblem::NotAnAddress),
            (UserField::BlobId, "seven", FieldProblem::NotANumber),
            (
                UserField::FullName,
                "a\u{0}b",
                FieldProblem::ControlCharacter,
            ),
            (UserField::CreatedAt, "1", FieldProblem::ReadOnly),
            (UserField::Id, "1", FieldProblem::ReadOnly),
        ] {
            let error = store
                .add_user(APP, &new(None, "bob", &[(field, value)]), NOW)
                .unwrap_err();
            assert!(
                matches!(error, AddUserError::Field(found) if found == FieldError { field, problem }),
                "{field:?}: {error}"
            );
        }
    }

    #[test]
    fn an_update_touches_what_it_names() {
        let mut store = store();
        let user = store
            .add_user(APP, &new(None, "ann", &[(UserField::Phone, "1")]), NOW)
            .unwrap();
        store.add_user(APP, &new(None, "bob", &[]), NOW).unwrap();
        let changes = Profile::from([
            (UserField::Phone, None),
            (UserField::FullName, Some("Ann".into())),
        ]);
        let later = UnixTime(NOW.0 + 5);
        let changed = store
            .update_user(APP, user.id, &changes, None, later)
            .unwrap();
        assert_eq!(changed.phone, None);
        assert_eq!(changed.full_name.as_deref(), Some("Ann"));
        assert_eq!((changed.created_at, changed.updated_at), (NOW, later));
        let taken = Profile::from([(UserField::Login, Some("bob".into()))]);
        assert!(matches!(
            store.update_user(APP, user.id, &taken, None, later),
            Err(UpdateUserError::Taken(UserField::Login))
        ));
        assert!(matches!(
            store.update_user(ApplicationId(2), user.id, &changes, None, later),
            Err(UpdateUserError::NoSuchUser)
        ));
    }
}

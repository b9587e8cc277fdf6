//! Users: adding, finding, changing, removing.

use visavis_signal::UserId;

use super::field::{FieldError, FieldValue, Profile, UserField};
use super::{
    AddUserError, ApplicationId, Identifier, PasswordHash, Store, StoreError, UpdateUserError,
    UserRow, WriteUserError,
};
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
        let mut profile = new.profile.clone();
        profile.insert(UserField::Login, Some(new.login.clone()));
        self.atomically(|store| {
            if store.application(application)?.is_none() {
                return Err(AddUserError::NoSuchApplication(application));
            }
            let fields = admit(&profile)?;
            let id = store.free_user_id(new.id)?;
            let row = UserRow {
                application,
                id,
                fields: &fields,
                password: &new.password,
                created_at: now,
            };
            store
                .database
                .insert_user(&row)
                .map_err(|error| match error {
                    WriteUserError::Taken(UserField::Id) => AddUserError::IdTaken(id),
                    WriteUserError::Taken(field) => AddUserError::Taken(field),
                    WriteUserError::Store(error) => error.into(),
                })
        })
    }

    fn free_user_id(&mut self, wanted: Option<UserId>) -> Result<UserId, AddUserError> {
        match wanted {
            Some(UserId(0)) => Err(AddUserError::IdOutOfRange),
            Some(id) => {
                self.database.reserve_identifier(Identifier::User, id.0)?;
                Ok(id)
            }
            None => self
                .database
                .next_identifier(Identifier::User)?
                .map(UserId)
                .ok_or(AddUserError::IdOutOfRange),
        }
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
        let fields = admit(changes)?;
        let changed = self
            .database
            .update_user(application, id, &fields, password, now)
            .map_err(|error| match error {
                WriteUserError::Taken(field) => UpdateUserError::Taken(field),
                WriteUserError::Store(error) => error.into(),
            })?;
        changed.ok_or(UpdateUserError::NoSuchUser)
    }

    /// The user with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub fn user(&self, application: ApplicationId, id: UserId) -> Result<Option<User>, StoreError> {
        self.database.user(application, id)
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
        self.database.user_by(application, field, value)
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
        self.database.password_of(application, id)
    }

    /// Removes a user with all sessions. `false` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn remove_user(
        &mut self,
        application: ApplicationId,
        id: UserId,
    ) -> Result<bool, StoreError> {
        self.database.delete_user(application, id)
    }
}

/// Every field with its value in the form in which it is kept.
fn admit(profile: &Profile) -> Result<Vec<(UserField, FieldValue)>, FieldError> {
    let fields = profile.iter();
    fields
        .map(|(field, value)| Ok((*field, field.admit(value.as_deref())?)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{FieldProblem, NewApplication};

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

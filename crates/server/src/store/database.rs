//! What the store asks of a database: rows in, rows out.
//!
//! What the rows mean (who may have which login, what a subscription becomes,
//! how many messages wait) is the store's own and stands above these traits,
//! so that another database has to bring nothing but storage. Every method
//! takes effect at once, or with the transaction that is open.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use visavis_signal::UserId;

use super::field::{FieldValue, UserField};
use super::{
    Application, ApplicationId, Contact, Guest, GuestLink, KeptMessage, Page, PasswordHash, Search,
    Session, StoreError, TokenHash, User,
};
use crate::clock::UnixTime;

/// A place where accounts are kept.
///
/// An error means that the database failed and that nothing of the call was
/// done. Calls come one at a time.
pub trait Database:
    Applications + Users + Sessions + Contacts + Guests + KeptMessages + fmt::Debug + Send
{
    /// Succeeds when the database answers.
    fn check(&self) -> Result<(), StoreError>;

    /// Whether somebody else has changed something since the last call.
    fn changed_elsewhere(&self) -> Result<bool, StoreError>;

    /// Opens a transaction, or one within the one that is open.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Ends the innermost transaction. With the outermost one everything is
    /// where a crash, also of the machine, does not reach it.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Ends the innermost transaction as if it had never been opened.
    fn roll_back(&mut self) -> Result<(), StoreError>;

    /// The secret of this name; `fresh` if there was none.
    fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// The next free number, which is never given out again; `None` after the
    /// last.
    fn next_identifier(&self, kind: Identifier) -> Result<Option<u32>, StoreError>;

    /// Remembers that `id` was chosen by somebody else, so that it is never
    /// given out later.
    fn reserve_identifier(&self, kind: Identifier, id: u32) -> Result<(), StoreError>;

    /// Writes a copy of everything, as it is at one moment, to a new file.
    fn back_up(&self, file: &Path) -> Result<(), StoreError>;
}

/// What numbers are given out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// Applications.
    Application,
    /// Users, of all applications together.
    User,
}

/// Applications by id.
pub trait Applications {
    /// Adds one under an id that is free.
    fn insert_application(&self, application: &Application) -> Result<(), StoreError>;
    /// The one with this id.
    fn application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError>;
    /// All, by id.
    fn applications(&self) -> Result<Vec<Application>, StoreError>;
    /// Opens or closes sign-up; whether there is such an application.
    fn set_sign_up(&self, id: ApplicationId, open: bool) -> Result<bool, StoreError>;
    /// Removes one with all that belongs to it; whether there was one.
    fn delete_application(&self, id: ApplicationId) -> Result<bool, StoreError>;
}

/// A row for a new user.
#[derive(Clone, Debug)]
pub struct UserRow<'a> {
    /// The application.
    pub application: ApplicationId,
    /// The number.
    pub id: UserId,
    /// The fields that are set.
    pub fields: &'a [(UserField, FieldValue)],
    /// The hashed password.
    pub password: &'a PasswordHash,
    /// Also when it last changed.
    pub created_at: UnixTime,
}

/// Why a user is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteUserError {
    /// Another user of the application has the same there.
    #[error("{} has already been taken", .0.column())]
    Taken(UserField),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Users by application and id. Logins, emails and the ids of other systems
/// are unique in an application.
pub trait Users {
    /// Adds a user of an application that exists.
    fn insert_user(&self, row: &UserRow<'_>) -> Result<User, WriteUserError>;
    /// Changes fields, and the password if one is given; `None` when there is
    /// no such user.
    fn update_user(
        &self,
        application: ApplicationId,
        id: UserId,
        fields: &[(UserField, FieldValue)],
        password: Option<&PasswordHash>,
        now: UnixTime,
    ) -> Result<Option<User>, WriteUserError>;
    /// The one with this id.
    fn user(&self, application: ApplicationId, id: UserId) -> Result<Option<User>, StoreError>;
    /// The first, by id, whose field is exactly `value`.
    fn user_by(
        &self,
        application: ApplicationId,
        field: UserField,
        value: &str,
    ) -> Result<Option<User>, StoreError>;
    /// The hashed password.
    fn password_of(
        &self,
        application: ApplicationId,
        id: UserId,
    ) -> Result<Option<PasswordHash>, StoreError>;
    /// Notes the last use of a session.
    fn note_request(
        &self,
        application: ApplicationId,
        id: UserId,
        now: UnixTime,
    ) -> Result<(), StoreError>;
    /// One page of those who are nobody's guests and meet all conditions, each of which is complete.
    fn search_users(&self, application: ApplicationId, search: &Search)
    -> Result<Page, StoreError>;
    /// Removes one with sessions, contacts (also on the lists of others) and
    /// kept messages; whether there was one.
    fn delete_user(&self, application: ApplicationId, id: UserId) -> Result<bool, StoreError>;
}

/// Sessions by the hash of their token.
pub trait Sessions {
    /// Adds one and gives it a number, which replaces the one in `session`.
    fn insert_session(&self, token: &TokenHash, session: &Session) -> Result<i64, StoreError>;
    /// The one of this token.
    fn session(&self, token: &TokenHash) -> Result<Option<Session>, StoreError>;
    /// Those of a user, oldest first.
    fn sessions_of(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<(TokenHash, Session)>, StoreError>;
    /// Notes its use.
    fn touch_session(&self, token: &TokenHash, now: UnixTime) -> Result<(), StoreError>;
    /// Changes its user, which counts as use; whether there is such a session.
    fn set_session_user(
        &self,
        token: &TokenHash,
        user: Option<UserId>,
        now: UnixTime,
    ) -> Result<bool, StoreError>;
    /// Removes one; whether there was one.
    fn delete_session(&self, token: &TokenHash) -> Result<bool, StoreError>;
    /// Removes those of a user, except one.
    fn delete_other_sessions(
        &self,
        application: ApplicationId,
        user: UserId,
        except: &TokenHash,
    ) -> Result<(), StoreError>;
    /// Removes those last used longer than `idle` ago; says how many.
    fn purge_sessions(&self, idle: Duration, now: UnixTime) -> Result<usize, StoreError>;
}

/// Contact lists, by the user whose list it is.
pub trait Contacts {
    /// All of a user's contacts, by id.
    fn contacts(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<Contact>, StoreError>;
    /// One of them.
    fn contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<Option<Contact>, StoreError>;
    /// How many are on the list.
    fn listed_contacts(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<usize, StoreError>;
    /// Adds one, or replaces what is known of him.
    fn put_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: &Contact,
    ) -> Result<(), StoreError>;
    /// Removes one, if he is there.
    fn delete_contact(
        &self,
        application: ApplicationId,
        user: UserId,
        contact: UserId,
    ) -> Result<(), StoreError>;
}

/// Links for guests by the hash of their token, and those who came by them.
pub trait Guests {
    /// Adds a link and gives it a number, which replaces the one in `link`.
    fn insert_guest_link(&self, token: &TokenHash, link: &GuestLink) -> Result<i64, StoreError>;
    /// The link of this token.
    fn guest_link(&self, token: &TokenHash) -> Result<Option<GuestLink>, StoreError>;
    /// Those of a host, oldest first.
    fn guest_links(
        &self,
        application: ApplicationId,
        host: UserId,
    ) -> Result<Vec<GuestLink>, StoreError>;
    /// Removes a link with the users who came by it.
    fn delete_guest_link(&self, id: i64) -> Result<(), StoreError>;
    /// Those who came by a link, by id.
    fn guests_by(&self, link: i64) -> Result<Vec<UserId>, StoreError>;
    /// Makes a user a guest by a link, which has one use less then.
    fn insert_guest(
        &self,
        application: ApplicationId,
        user: UserId,
        link: i64,
    ) -> Result<(), StoreError>;
    /// What makes a user a guest, if he is one.
    fn guest(&self, application: ApplicationId, user: UserId) -> Result<Option<Guest>, StoreError>;
    /// Whether there are links that have ended.
    fn has_ended_guest_links(&self, now: UnixTime) -> Result<bool, StoreError>;
    /// Removes links that have ended, each with the users who came by it.
    fn purge_guest_links(&self, now: UnixTime) -> Result<(), StoreError>;
}

/// Messages that wait for their users.
pub trait KeptMessages {
    /// Adds one after all others of its user and says its number.
    fn insert_message(
        &self,
        application: ApplicationId,
        user: UserId,
        stanza: &str,
    ) -> Result<i64, StoreError>;
    /// How many wait for a user.
    fn count_messages(&self, application: ApplicationId, user: UserId)
    -> Result<usize, StoreError>;
    /// Those that wait for a user, oldest first.
    fn messages(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Vec<KeptMessage>, StoreError>;
    /// Removes one; whether it was there.
    fn delete_message(&self, id: i64) -> Result<bool, StoreError>;
    /// Removes those of a user up to and with one.
    fn delete_messages(
        &self,
        application: ApplicationId,
        user: UserId,
        last: i64,
    ) -> Result<(), StoreError>;
}

//! Guests: people without an account of their own, let in by a link.
//!
//! A guest is a user who can talk with one other, the host, and who is seen by
//! nobody else. He has no password, and ends with the link that he came by.

use std::time::Duration;

use visavis_signal::UserId;

use super::application::random_hex;
use super::{
    AddUserError, ApplicationId, NewUser, PasswordHash, Profile, Session, Store, StoreError, Token,
    TokenHash, User, UserField,
};
use crate::clock::UnixTime;

/// Random bytes in the login of a guest, which nobody logs in with.
const LOGIN_BYTES: usize = 16;

/// A link by which guests come to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestLink {
    /// Its number, for its owner.
    pub id: i64,
    /// The application.
    pub application: ApplicationId,
    /// Whom guests come to.
    pub host: UserId,
    /// How many more may come.
    pub uses_left: u32,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends, with all who came by it.
    pub expires_at: UnixTime,
}

/// What makes a user a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The only one whom he can talk with.
    pub host: UserId,
    /// When he ends.
    pub expires_at: UnixTime,
}

/// A guest who has come in.
#[derive(Debug)]
pub struct Admitted {
    /// The token of his session.
    pub token: Token,
    /// His session.
    pub session: Session,
    /// The guest.
    pub user: User,
    /// The one he came to.
    pub host: User,
    /// When he ends.
    pub expires_at: UnixTime,
}

/// Why a link is not made.
#[derive(Debug, thiserror::Error)]
pub enum GuestLinkError {
    /// The host has too many already and has to revoke one.
    #[error("there are {limit} guest links already")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a link for `uses` guests that lives for `life`. A host has at most
    /// `limit` at a time.
    ///
    /// # Errors
    /// [`GuestLinkError`]: there are too many, or the database fails.
    pub fn create_guest_link(
        &mut self,
        (application, host): (ApplicationId, UserId),
        uses: u32,
        life: Duration,
        limit: usize,
        now: UnixTime,
    ) -> Result<(Token, GuestLink), GuestLinkError> {
        let token = Token::random();
        let mut link = GuestLink {
            id: 0,
            application,
            host,
            uses_left: uses,
            created_at: now,
            expires_at: now.plus(life),
        };
        self.atomically(|store| {
            if store.database.guest_links(application, host)?.len() >= limit {
                return Err(GuestLinkError::TooMany { limit });
            }
            link.id = store.database.insert_guest_link(&token.hash(), &link)?;
            Ok((token, link))
        })
    }

    /// The links of a host, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn guest_links(
        &self,
        application: ApplicationId,
        host: UserId,
    ) -> Result<Vec<GuestLink>, StoreError> {
        self.database.guest_links(application, host)
    }

    /// Ends a link of a host and removes the guests who came by it; says who
    /// they were. None if he has no such link.
    ///
    /// # Errors
    /// When the database fails.
    pub fn revoke_guest_link(
        &mut self,
        application: ApplicationId,
        host: UserId,
        id: i64,
    ) -> Result<Option<Vec<UserId>>, StoreError> {
        self.atomically(|store| {
            let links = store.database.guest_links(application, host)?;
            if !links.iter().any(|link| link.id == id) {
                return Ok(None);
            }
            let guests = store.database.guests_by(id)?;
            store.database.delete_guest_link(id)?;
            Ok(Some(guests))
        })
    }

    /// The link of this token, if guests may still come by it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn open_guest_link(
        &self,
        token: &TokenHash,
        now: UnixTime,
    ) -> Result<Option<GuestLink>, StoreError> {
        let link = self.database.guest_link(token)?;
        Ok(link.filter(|link| link.uses_left > 0 && link.expires_at > now))
    }

    /// Lets a guest in. None if the link is unknown, has ended or is used up.
    ///
    /// # Errors
    /// When the name is not acceptable, or the database fails.
    pub fn admit_guest(
        &mut self,
        token: &TokenHash,
        name: Option<&str>,
        now: UnixTime,
    ) -> Result<Option<Admitted>, AddUserError> {
        self.atomically(|store| {
            let Some(link) = store.open_guest_link(token, now)? else {
                return Ok(None);
            };
            let application = link.application;
            let Some(host) = store.user(application, link.host)? else {
                return Ok(None);
            };
            let name = name.map(|name| (UserField::FullName, Some(name.to_owned())));
            let new = NewUser {
                id: None,
                login: format!("guest-{}", random_hex(LOGIN_BYTES)),
                password: PasswordHash::of_nobody(),
                profile: name.into_iter().collect::<Profile>(),
            };
            let user = store.add_user(application, &new, now)?;
            store.database.insert_guest(application, user.id, link.id)?;
            let (token, session) = store.create_session(application, Some(user.id), 0, 0, now)?;
            Ok(Some(Admitted {
                token,
                session,
                user,
                host,
                expires_at: link.expires_at,
            }))
        })
    }

    /// Whether a user is a guest, and whose.
    ///
    /// # Errors
    /// When the database fails.
    pub fn guest(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<Guest>, StoreError> {
        self.database.guest(application, user)
    }

    /// Whether `viewer`, or somebody who is not logged in, may know of a user
    /// and talk with him: guests and their hosts know of each other, and nobody
    /// else knows of guests or is known to them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_seen_by(
        &self,
        application: ApplicationId,
        user: UserId,
        viewer: Option<UserId>,
    ) -> Result<bool, StoreError> {
        if viewer == Some(user) {
            return Ok(true);
        }
        if let Some(guest) = self.guest(application, user)? {
            return Ok(viewer == Some(guest.host));
        }
        let viewer = match viewer {
            Some(viewer) => self.guest(application, viewer)?,
            None => None,
        };
        Ok(viewer.is_none_or(|guest| guest.host == user))
    }

    /// Whether there is a user, and another may know of him.
    pub(super) fn can_meet(
        &self,
        application: ApplicationId,
        user: UserId,
        other: UserId,
    ) -> Result<bool, StoreError> {
        Ok(self.user(application, other)?.is_some()
            && self.is_seen_by(application, other, Some(user))?)
    }

    /// Whether links have ended whose guests are still there.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_ended_guest_links(&self, now: UnixTime) -> Result<bool, StoreError> {
        self.database.has_ended_guest_links(now)
    }

    /// Removes links that have ended, with the guests who came by them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn purge_guest_links(&mut self, now: UnixTime) -> Result<(), StoreError> {
        self.database.purge_guest_links(now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::NewApplication;

    const NOW: UnixTime = UnixTime(1_700_000_000);
    const HOUR: Duration = Duration::from_secs(3600);
    const APP: ApplicationId = ApplicationId(1);
    const HOST: UserId = UserId(101);
    const OTHER: UserId = UserId(102);

    fn store() -> Store {
        let mut store = Store::open_in_memory().unwrap();
        store
            .add_application(&NewApplication::default(), NOW)
            .unwrap();
        for (id, login) in [(HOST, "host"), (OTHER, "other")] {
            let new = NewUser {
                id: Some(id),
                login: login.into(),
                password: PasswordHash::of_nobody(),
                profile: Profile::new(),
            };
            store.add_user(APP, &new, NOW).unwrap();
        }
        store
    }

    fn link(store: &mut Store, uses: u32) -> (TokenHash, GuestLink) {
        let made = store.create_guest_link((APP, HOST), uses, HOUR, 2, NOW);
        let (token, link) = made.unwrap();
        (token.hash(), link)
    }

    fn admit(store: &mut Store, token: &TokenHash, now: UnixTime) -> Option<UserId> {
        let admitted = store.admit_guest(token, Some("Gast"), now).unwrap();
        admitted.map(|admitted| admitted.user.id)
    }

    #[test]
    fn a_link_lets_in_as_many_as_it_says_and_for_as_long() {
        let mut store = store();
        let (token, made) = link(&mut store, 2);
        let first = admit(&mut store, &token, NOW).unwrap();
        let guest = store.guest(APP, first).unwrap().unwrap();
        assert_eq!((guest.host, guest.expires_at), (HOST, made.expires_at));
        assert!(admit(&mut store, &token, NOW.plus(HOUR)).is_none(), "ended");
        assert!(admit(&mut store, &token, NOW).is_some());
        assert!(admit(&mut store, &token, NOW).is_none(), "used up");
        assert!(!store.has_ended_guest_links(NOW).unwrap());
        let later = NOW.plus(HOUR);
        assert!(store.has_ended_guest_links(later).unwrap());
        store.purge_guest_links(later).unwrap();
        assert_eq!(store.user(APP, first).unwrap(), None);
        assert!(store.user(APP, HOST).unwrap().is_some());
        assert!(store.guest_links(APP, HOST).unwrap().is_empty());
    }

    #[test]
    fn guests_end_with_their_link_and_with_their_host() {
        let mut store = store();
        let (token, made) = link(&mut store, 1);
        let guest = admit(&mut store, &token, NOW).unwrap();
        assert_eq!(store.revoke_guest_link(APP, OTHER, made.id).unwrap(), None);
        let revoked = store.revoke_guest_link(APP, HOST, made.id).unwrap();
        assert_eq!(revoked, Some(vec![guest]));
        assert_eq!(store.user(APP, guest).unwrap(), None);

        let (token, _) = link(&mut store, 1);
        let guest = admit(&mut store, &token, NOW).unwrap();
        assert!(store.remove_user(APP, HOST).unwrap());
        assert_eq!(store.user(APP, guest).unwrap(), None);
        assert!(store.sessions_of(APP, guest).unwrap().is_empty());
    }

    #[test]
    fn guests_and_hosts_know_of_each_other_and_nobody_else() {
        let mut store = store();
        let (token, _) = link(&mut store, 2);
        let guest = admit(&mut store, &token, NOW).unwrap();
        let second = admit(&mut store, &token, NOW).unwrap();
        let sees = |viewer, user| store.is_seen_by(APP, user, viewer).unwrap();
        assert!(sees(Some(HOST), guest) && sees(Some(guest), HOST) && sees(Some(guest), guest));
        for (viewer, user) in [
            (Some(OTHER), guest),
            (Some(guest), OTHER),
            (Some(second), guest),
            (None, guest),
        ] {
            assert!(!sees(viewer, user), "{viewer:?} {user}");
        }
        assert!(sees(Some(OTHER), HOST) && sees(None, HOST));
    }

    #[test]
    fn links_are_bounded() {
        let mut store = store();
        link(&mut store, 1);
        link(&mut store, 1);
        let third = store.create_guest_link((APP, HOST), 1, HOUR, 2, NOW);
        assert!(matches!(third, Err(GuestLinkError::TooMany { limit: 2 })));
    }
}

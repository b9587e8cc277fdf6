//! Who is online: every bound resource of every account, and the way to it.
//!
//! Plain data behind locks that are held for lookups only. Nothing here
//! ever crosses from one application to another: everything is found by
//! [`Account`], which has the application in it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use visavis_signal::UserId;
use visavis_xmpp::Jid;

use super::account::Account;
use super::outbox::{End, Outbox};
use crate::store::{ApplicationId, TokenHash};

/// All accounts with a connection.
#[derive(Debug)]
pub(crate) struct Directory {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    max_per_account: usize,
}

type Shard = HashMap<Account, Online>;

/// Accounts are spread over so many locks, so that those who route messages at
/// the same time seldom wait for each other.
const SHARDS: usize = 16;

/// An account with its connections, in the order they were bound.
#[derive(Debug, Default)]
struct Online {
    resources: Vec<Resource>,
    contacts: Contacts,
    /// Of a guest: the only one who reaches him.
    host: Option<UserId>,
}

/// Whose presence an account is told, and who is told its own. Known as long
/// as it is online.
#[derive(Clone, Debug, Default)]
pub(super) struct Contacts {
    pub(super) seen: Arc<[UserId]>,
    pub(super) seeing: Arc<[UserId]>,
}

/// One bound connection.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) name: Arc<str>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) carbons: bool,
    pub(super) presence: Presence,
    /// It has asked for the contact list, so it is told of changes.
    pub(super) follows_contacts: bool,
    /// Those whom it has told that it is there although they do not see it.
    pub(super) directed: Arc<[Jid]>,
    /// Its socket is gone and its client may come back.
    parked: bool,
    session: Option<TokenHash>,
}

/// What a resource has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Nothing yet: it is bound, so it gets messages.
    Unknown,
    /// Available; the last presence stanza, stamped and without a `to`.
    Available(Arc<str>),
    /// Available, and wants nothing that is not addressed to it by its full
    /// name (RFC 6121 section 4.7.2.3: its priority is negative).
    Aside(Arc<str>),
    /// It wants nothing that is not addressed to it by its full name.
    Unavailable,
}

impl Presence {
    /// The stanza of a device that is available.
    pub(super) const fn available(&self) -> Option<&Arc<str>> {
        match self {
            Self::Available(stanza) | Self::Aside(stanza) => Some(stanza),
            Self::Unknown | Self::Unavailable => None,
        }
    }
}

/// A bound connection, for the operator.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// Its name.
    pub(crate) resource: Arc<str>,
    /// Whether its client is there.
    pub(crate) connected: bool,
    /// The session that it was opened with, if it was by token.
    pub(crate) session: Option<TokenHash>,
}

/// How many are online.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Census {
    /// Accounts.
    pub(crate) users: usize,
    /// Bound connections.
    pub(crate) connected: usize,
    /// Bound connections that wait for their client.
    pub(crate) waiting: usize,
    /// Bytes that wait for all of them.
    pub(crate) outbox_bytes: usize,
}

/// Too many connections of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Resource {
    /// Whether it gets what is sent to the account as a whole.
    pub(super) fn is_reached(&self) -> bool {
        matches!(self.presence, Presence::Unknown | Presence::Available(_))
    }
}

impl Directory {
    pub(crate) fn new(max_per_account: usize) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            max_per_account: max_per_account.max(1),
        }
    }

    /// The accounts among which this one is.
    fn lock(&self, account: Account) -> MutexGuard<'_, Shard> {
        let shard = self.hasher.hash_one(account) as usize % SHARDS;
        lock(&self.shards[shard])
    }

    /// Enters a connection. One that has the same name ends with a conflict;
    /// where there are too many, one that only waits for its client gives way.
    pub(super) fn bind(
        &self,
        account: Account,
        host: Option<UserId>,
        name: Arc<str>,
        outbox: Arc<Outbox>,
        session: Option<TokenHash>,
    ) -> Result<(), TooMany> {
        let mut accounts = self.lock(account);
        let online = accounts.entry(account).or_default();
        online.host = host;
        let resources = &mut online.resources;
        if let Some(old) = resources.iter().position(|old| old.name == name) {
            resources.remove(old).outbox.end(End::Conflict);
        }
        if resources.len() >= self.max_per_account {
            let parked = resources.iter().position(|old| old.parked);
            let oldest = parked.ok_or(TooMany)?;
            resources.remove(oldest).outbox.end(End::Conflict);
        }
        // Most have one device.
        resources.reserve_exact(1);
        resources.push(Resource {
            name,
            outbox,
            carbons: false,
            presence: Presence::Unknown,
            follows_contacts: false,
            directed: Arc::default(),
            parked: false,
            session,
        });
        Ok(())
    }

    /// Takes a connection out again; gives it back unless another has taken
    /// its place.
    pub(super) fn unbind(&self, account: Account, outbox: &Arc<Outbox>) -> Option<Resource> {
        let mut accounts = self.lock(account);
        let resources = &mut accounts.get_mut(&account)?.resources;
        let index = resources
            .iter()
            .position(|resource| Arc::ptr_eq(&resource.outbox, outbox))?;
        let resource = resources.remove(index);
        if resources.is_empty() {
            accounts.remove(&account);
        }
        Some(resource)
    }

    /// Notes that a connection has lost its socket.
    pub(super) fn park(&self, account: Account, outbox: &Arc<Outbox>) {
        self.change(account, outbox, |resource| resource.parked = true);
    }

    /// Notes that the client of a connection is back, by this session.
    pub(super) fn come_back(
        &self,
        account: Account,
        outbox: &Arc<Outbox>,
        session: Option<TokenHash>,
    ) {
        self.change(account, outbox, |resource| {
            resource.parked = false;
            resource.session = session;
        });
    }

    /// Changes what is known of a connection; gives back what was.
    pub(super) fn change(
        &self,
        account: Account,
        outbox: &Arc<Outbox>,
        change: impl FnOnce(&mut Resource),
    ) -> Option<Resource> {
        let mut accounts = self.lock(account);
        let resource = accounts
            .get_mut(&account)?
            .resources
            .iter_mut()
            .find(|resource| Arc::ptr_eq(&resource.outbox, outbox))?;
        let before = resource.clone();
        change(resource);
        Some(before)
    }

    /// The connections of an account, in the order they were bound.
    pub(super) fn resources(&self, account: Account) -> Vec<Resource> {
        self.pick(account, |resource| Some(resource.clone()))
    }

    /// What `pick` makes of the connections of an account, in the order they
    /// were bound.
    pub(super) fn pick<T>(
        &self,
        account: Account,
        pick: impl FnMut(&Resource) -> Option<T>,
    ) -> Vec<T> {
        let accounts = self.lock(account);
        let resources = accounts.get(&account).map(|online| online.resources.iter());
        resources.into_iter().flatten().filter_map(pick).collect()
    }

    /// The contacts of an account that is online.
    pub(super) fn contacts(&self, account: Account) -> Contacts {
        let accounts = self.lock(account);
        accounts
            .get(&account)
            .map(|online| online.contacts.clone())
            .unwrap_or_default()
    }

    /// Notes the contacts of an account, if it is online.
    pub(super) fn set_contacts(&self, account: Account, contacts: Contacts) {
        if let Some(online) = self.lock(account).get_mut(&account) {
            online.contacts = contacts;
        }
    }

    /// The host of an account that is online and a guest's.
    pub(super) fn host(&self, account: Account) -> Option<UserId> {
        self.lock(account).get(&account)?.host
    }

    /// The guests who are online.
    pub(crate) fn guests(&self) -> Vec<(ApplicationId, UserId)> {
        let mut guests = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let online = shard.iter().filter(|(_, online)| online.host.is_some());
            guests.extend(online.map(|(account, _)| (account.application, account.user)));
        }
        guests
    }

    /// The way to the connection of this name.
    pub(super) fn outbox(&self, account: Account, name: &str) -> Option<Arc<Outbox>> {
        let accounts = self.lock(account);
        let resources = &accounts.get(&account)?.resources;
        let resource = resources.iter().find(|resource| &*resource.name == name)?;
        Some(Arc::clone(&resource.outbox))
    }

    /// Ends the connections that were opened with a session.
    pub(crate) fn end_session(&self, session: &TokenHash) {
        self.end_where(|_, resource| resource.session.as_ref() == Some(session));
    }

    /// Ends all connections of a user.
    pub(crate) fn end_user(&self, application: ApplicationId, user: UserId) {
        let ended = Account { application, user };
        self.end_where(|account, _| *account == ended);
    }

    /// Ends the connections of a user except those of one session.
    pub(crate) fn end_others(&self, application: ApplicationId, user: UserId, kept: &TokenHash) {
        let ended = Account { application, user };
        self.end_where(|account, resource| {
            *account == ended && resource.session.as_ref() != Some(kept)
        });
    }

    /// Ends all connections of an application.
    pub(crate) fn end_application(&self, application: ApplicationId) {
        self.end_where(|account, _| account.application == application);
    }

    /// Ends the connection of this name; `false` if there is none.
    pub(crate) fn end_stream(&self, application: ApplicationId, user: UserId, name: &str) -> bool {
        let found = self.outbox(Account { application, user }, name);
        if let Some(outbox) = &found {
            outbox.end(End::Revoked);
        }
        found.is_some()
    }

    /// The connections of a user, in the order they were bound.
    pub(crate) fn streams(&self, application: ApplicationId, user: UserId) -> Vec<Stream> {
        self.pick(Account { application, user }, |resource| {
            Some(Stream {
                resource: Arc::clone(&resource.name),
                connected: !resource.parked,
                session: resource.session,
            })
        })
    }

    fn end_where(&self, ends: impl Fn(&Account, &Resource) -> bool) {
        for shard in &self.shards {
            for (account, online) in lock(shard).iter() {
                for resource in online
                    .resources
                    .iter()
                    .filter(|resource| ends(account, resource))
                {
                    resource.outbox.end(End::Revoked);
                }
            }
        }
    }

    /// How many are online.
    pub(crate) fn census(&self) -> Census {
        let mut census = Census::default();
        for shard in &self.shards {
            let accounts = lock(shard);
            census.users += accounts.len();
            for resource in accounts.values().flat_map(|online| &online.resources) {
                census.connected += usize::from(!resource.parked);
                census.waiting += usize::from(resource.parked);
                census.outbox_bytes += resource.outbox.waiting();
            }
        }
        census
    }

    /// Every account that is online, with the sessions it came by.
    pub(crate) fn online(&self) -> Vec<(ApplicationId, UserId, Vec<TokenHash>)> {
        let sessions = |(account, online): (&Account, &Online)| {
            let sessions = online
                .resources
                .iter()
                .filter_map(|found| found.session)
                .collect();
            (account.application, account.user, sessions)
        };
        self.shards
            .iter()
            .flat_map(|shard| lock(shard).iter().map(sessions).collect::<Vec<_>>())
            .collect()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chat::outbox::{Outgoing, outbox};
    use crate::config::Limits;

    const ANN: Account = Account {
        application: ApplicationId(1),
        user: UserId(101),
    };
    const TWIN: Account = Account {
        application: ApplicationId(2),
        user: UserId(101),
    };

    fn bind(directory: &Directory, account: Account, name: &str) -> (Arc<Outbox>, Outgoing) {
        let (outbox, outgoing) = outbox(&Limits::default());
        directory
            .bind(account, None, name.into(), Arc::clone(&outbox), None)
            .unwrap();
        (outbox, outgoing)
    }

    #[tokio::test]
    async fn the_old_connection_of_a_name_gives_way() {
        let directory = Directory::new(1);
        let (old, old_outgoing) = bind(&directory, ANN, "phone");
        let (new, _new_outgoing) = bind(&directory, ANN, "phone");
        assert_eq!(old_outgoing.end().wait().await, End::Conflict);
        assert!(directory.unbind(ANN, &old).is_none());
        assert_eq!(directory.resources(ANN).len(), 1);
        assert!(directory.unbind(ANN, &new).is_some());
        assert!(directory.online().is_empty());
    }

    #[test]
    fn connections_of_one_account_are_bounded() {
        let directory = Directory::new(2);
        let _kept = (bind(&directory, ANN, "a"), bind(&directory, ANN, "b"));
        let (outbox, _outgoing) = outbox(&Limits::default());
        let third = directory.bind(ANN, None, "c".into(), outbox, None);
        assert_eq!(third, Err(TooMany));
        bind(&directory, TWIN, "a");
    }

    #[tokio::test]
    async fn a_connection_without_a_client_gives_way_to_one_that_has_one() {
        let directory = Directory::new(2);
        let (_kept, _kept_outgoing) = bind(&directory, ANN, "a");
        let (parked, parked_outgoing) = bind(&directory, ANN, "b");
        directory.park(ANN, &parked);
        let _new = bind(&directory, ANN, "c");
        assert_eq!(parked_outgoing.end().wait().await, End::Conflict);
        let names = directory.resources(ANN).into_iter().map(|found| found.name);
        assert_eq!(names.collect::<Vec<_>>(), ["a".into(), "c".into()]);
    }

    #[tokio::test]
    async fn the_same_number_elsewhere_is_somebody_else() {
        let directory = Directory::new(4);
        let (_ann, ann) = bind(&directory, ANN, "x");
        let (twin, twins) = bind(&directory, TWIN, "x");
        directory.end_user(ApplicationId(1), UserId(101));
        assert_eq!(ann.end().wait().await, End::Revoked);
        twin.end(End::TooSlow);
        assert_eq!(twins.end().wait().await, End::TooSlow);
    }
}

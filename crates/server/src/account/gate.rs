//! The gate: who somebody is, by password or by token.
//!
//! REST and chat both come through here, so that one count of failures covers
//! both. Passwords are hashed on a bounded number of workers with a bounded
//! queue; a token costs one look into the database and never a hash.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task;
use visavis_signal::UserId;

use super::backoff::{Account, Attempt, BackOff};
use crate::clock::UnixTime;
use crate::config::Limits;
use crate::metrics::{LoginCounts, Method, Outcome};
use crate::store::{
    ApplicationId, PasswordError, PasswordHash, StoreError, StoreThread, Token, User, UserField,
};

/// Advice to somebody turned away because too many others are waiting.
const QUEUE_FULL_PAUSE: Duration = Duration::from_secs(2);

/// What is remembered of a name that nobody has, in characters.
const MAX_NAME: usize = 64;

/// Passes people in. One for the whole server.
#[derive(Debug)]
pub(crate) struct Gate {
    store: StoreThread,
    back_off: Mutex<BackOff>,
    workers: Arc<Semaphore>,
    places: Arc<Semaphore>,
    password_workers: usize,
    password_places: usize,
    session_idle: Duration,
    logins: LoginCounts,
    /// Verified in place of the password of a user that does not exist, so
    /// that both take the same time.
    nobody: PasswordHash,
}

/// How somebody says who he is.
#[derive(Debug)]
pub(crate) enum Claim {
    Id(UserId),
    Login(String),
    Email(String),
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Wrong name, password or token. Nothing says which.
    Wrong,
    /// Too many wrong ones; again after this.
    TooMany(Duration),
    /// Too many people at once; again after this.
    Busy(Duration),
    /// The database or the hashing failed; the cause is in the log.
    Failed,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a login failed");
        Self::Failed
    }
}

impl Gate {
    pub(crate) fn new(
        store: StoreThread,
        limits: &Limits,
        logins: LoginCounts,
    ) -> Result<Self, PasswordError> {
        let workers = limits.password_workers.max(1);
        let places = workers + limits.password_queue;
        Ok(Self {
            store,
            back_off: Mutex::new(BackOff::new(limits)),
            workers: Arc::new(Semaphore::new(workers)),
            places: Arc::new(Semaphore::new(places)),
            password_workers: workers,
            password_places: places,
            session_idle: limits.session_idle,
            logins,
            nobody: PasswordHash::new("nobody's password")?,
        })
    }

    /// Lets in whoever knows the password.
    pub(crate) async fn by_password(
        &self,
        application: ApplicationId,
        claim: Claim,
        password: String,
        address: IpAddr,
    ) -> Result<User, Refusal> {
        let result = self
            .check_password(application, claim, password, address)
            .await;
        let user = result.as_ref().ok().map(|user| user.id);
        self.note(
            Method::Password,
            application,
            user,
            address,
            result.as_ref().err(),
        );
        result
    }

    async fn check_password(
        &self,
        application: ApplicationId,
        claim: Claim,
        password: String,
        address: IpAddr,
    ) -> Result<User, Refusal> {
        let name = match &claim {
            Claim::Id(id) => id.to_string(),
            Claim::Login(name) | Claim::Email(name) => name.chars().take(MAX_NAME).collect(),
        };
        let found = self
            .store
            .read(move |store| {
                let user = match &claim {
                    Claim::Id(id) => store.user(application, *id)?,
                    Claim::Login(name) => store.user_by(application, UserField::Login, name)?,
                    Claim::Email(name) => store.user_by(application, UserField::Email, name)?,
                };
                let Some(user) = user else {
                    return Ok(None);
                };
                let hash = store.password_of(application, user.id)?;
                Ok::<_, StoreError>(hash.map(|hash| (user, hash)))
            })
            .await?;
        let account = found
            .as_ref()
            .map_or(Account::Unknown(name), |(user, _)| Account::User(user.id.0));
        let attempt = Attempt::new(application, account, address);
        let (user, hash) = match found {
            Some((user, hash)) => (Some(user), hash),
            None => (None, self.nobody.clone()),
        };
        let fits = self.verify(&attempt, hash, password).await?;
        match user.filter(|_| fits) {
            Some(user) => {
                self.failures().succeeded(&attempt);
                Ok(user)
            }
            None => {
                self.failures().failed(attempt, Instant::now());
                Err(Refusal::Wrong)
            }
        }
    }

    /// Lets in whoever has a live session of this user.
    pub(crate) async fn by_token(
        &self,
        application: ApplicationId,
        user: UserId,
        token: &Token,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        let result = self.check_token(application, user, token, address).await;
        self.note(
            Method::Token,
            application,
            Some(user),
            address,
            result.as_ref().err(),
        );
        result
    }

    async fn check_token(
        &self,
        application: ApplicationId,
        user: UserId,
        token: &Token,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        let attempt = Attempt::new(application, Account::User(user.0), address);
        self.check_back_off(&attempt)?;
        let (hash, idle) = (token.hash(), self.session_idle);
        let found = self
            .store
            .run(move |store| {
                let session = store.use_session(&hash, idle, UnixTime::now())?;
                Ok::<_, StoreError>(session.is_some_and(|found| {
                    found.application == application && found.user == Some(user)
                }))
            })
            .await?;
        if found {
            Ok(())
        } else {
            self.failures().failed(attempt, Instant::now());
            Err(Refusal::Wrong)
        }
    }

    /// Hashes a new password on a worker.
    pub(crate) async fn hash(
        &self,
        password: String,
    ) -> Result<Result<PasswordHash, PasswordError>, Refusal> {
        self.on_worker(move || PasswordHash::new(&password), || Ok(()))
            .await
    }

    async fn verify(
        &self,
        attempt: &Attempt,
        hash: PasswordHash,
        password: String,
    ) -> Result<bool, Refusal> {
        self.check_back_off(attempt)?;
        // Checked once more when a worker is free: a hundred guesses sent at
        // once have all passed the first check.
        self.on_worker(
            move || hash.verify(&password),
            || self.check_back_off(attempt),
        )
        .await
    }

    async fn on_worker<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        check: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<T, Refusal> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Refusal::Busy(QUEUE_FULL_PAUSE));
        };
        let worker = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|_| Refusal::Failed)?;
        check()?;
        // The permit goes along: a login that is abandoned still hashes.
        task::spawn_blocking(move || {
            let result = work();
            drop(worker);
            result
        })
        .await
        .map_err(|error| {
            tracing::error!(%error, "hashing a password failed");
            Refusal::Failed
        })
    }

    /// Passwords being hashed.
    pub(crate) fn hashing(&self) -> usize {
        self.password_workers - self.workers.available_permits()
    }

    /// Passwords that wait to be hashed.
    pub(crate) fn waiting(&self) -> usize {
        let taken = self.password_places - self.places.available_permits();
        taken.saturating_sub(self.hashing())
    }

    /// Counts an attempt and logs it.
    fn note(
        &self,
        method: Method,
        application: ApplicationId,
        user: Option<UserId>,
        address: IpAddr,
        refusal: Option<&Refusal>,
    ) {
        let outcome = match refusal {
            None => Outcome::Granted,
            Some(Refusal::Wrong) => Outcome::Wrong,
            Some(Refusal::TooMany(_)) => Outcome::BackOff,
            Some(Refusal::Busy(_)) => Outcome::Busy,
            Some(Refusal::Failed) => Outcome::Failed,
        };
        self.logins.count(method, outcome);
        let (application, user) = (application.0, user.map(|user| user.0));
        match refusal {
            None => tracing::info!(?method, application, user, %address, "logged in"),
            Some(_) => {
                tracing::info!(?method, application, user, %address, ?outcome, "not let in");
            }
        }
    }

    fn check_back_off(&self, attempt: &Attempt) -> Result<(), Refusal> {
        match self.failures().wait(attempt, Instant::now()) {
            Some(wait) => Err(Refusal::TooMany(wait)),
            None => Ok(()),
        }
    }

    fn failures(&self) -> MutexGuard<'_, BackOff> {
        self.back_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

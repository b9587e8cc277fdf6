//! Watches for accounts that were removed behind the server's back.
//!
//! The command line writes the database directly, whether or not the server
//! runs. When it has, everybody online is looked up again. Sessions that have
//! run out are cleared away here too, and so are guests.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};

use crate::chat::Directory;
use crate::clock::UnixTime;
use crate::store::{Store, StoreError, StoreThread};
use crate::tasks::Tasks;

/// How soon a removal takes effect.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Rounds of watching between two clearings.
const PURGE_EVERY: u32 = 600;

/// Watches until the server ends.
pub(crate) async fn watch(
    store: StoreThread,
    directory: Arc<Directory>,
    session_idle: Duration,
    tasks: Tasks,
) {
    let mut ticks = time::interval(WATCH_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0;
    loop {
        tokio::select! {
            () = tasks.ending() => return,
            _ = ticks.tick() => {}
        }
        let result = async {
            end_guests(&store).await?;
            check(&store, &directory).await
        };
        let result = result.await;
        if let Err(error) = result {
            tracing::error!(%error, "the database could not be watched");
        }
        if round == 0 {
            purge(&store, session_idle).await;
        }
        round = (round + 1) % PURGE_EVERY;
    }
}

async fn check(store: &StoreThread, directory: &Arc<Directory>) -> Result<(), StoreError> {
    let directory = Arc::clone(directory);
    store
        .read(move |store| {
            if store.changed_elsewhere()? {
                end_removed(store, &directory)?;
            }
            for (application, guest) in directory.guests() {
                // They end with their links and with their hosts.
                if store.user(application, guest)?.is_none() {
                    directory.end_user(application, guest);
                }
            }
            Ok(())
        })
        .await
}

/// Removes the guests of links that have ended.
async fn end_guests(store: &StoreThread) -> Result<(), StoreError> {
    let now = UnixTime::now();
    if store
        .read(move |store| store.has_ended_guest_links(now))
        .await?
    {
        store.run(move |store| store.purge_guest_links(now)).await?;
    }
    Ok(())
}

fn end_removed(store: &Store, directory: &Directory) -> Result<(), StoreError> {
    for (application, user, sessions) in directory.online() {
        if store.user(application, user)?.is_none() {
            directory.end_user(application, user);
            continue;
        }
        for session in sessions {
            if !store.has_session(&session)? {
                directory.end_session(&session);
            }
        }
    }
    Ok(())
}

async fn purge(store: &StoreThread, session_idle: Duration) {
    let purged = store
        .run(move |store| store.purge_sessions(session_idle, UnixTime::now()))
        .await;
    match purged {
        Ok(0) => {}
        Ok(sessions) => tracing::debug!(sessions, "cleared away sessions that had run out"),
        Err(error) => tracing::error!(%error, "sessions could not be cleared away"),
    }
}

//! Streams that their clients can come back to (XEP-0198 section 5), and how
//! one connection takes a stream over from another.
//!
//! The stream stays with the task of the connection it was made on, whether
//! that has noticed the loss of its socket or not, until somebody with its
//! name and of the same user claims it.

use std::collections::HashMap;
use std::future;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::time;
use visavis_xmpp::server::Resumable;

use super::account::Account;
use super::membership::Membership;
use super::outbox::Outgoing;
use super::{Chat, kept};

/// The streams that can be claimed, by name.
#[derive(Debug, Default)]
pub(crate) struct Resumptions {
    streams: Mutex<HashMap<String, mpsc::Sender<Claim>>>,
}

/// Everything that makes a stream, without its socket.
#[derive(Debug)]
pub(super) struct Held {
    /// What was sent and counted.
    pub(super) stream: Box<Resumable>,
    /// Its place among those who are online.
    pub(super) membership: Membership,
    /// What others have for it.
    pub(super) outgoing: Outgoing,
    /// The right to be claimed again.
    pub(super) claims: Claims,
}

/// Somebody wants a stream.
#[derive(Debug)]
pub(super) struct Claim {
    /// Who.
    pub(super) account: Account,
    /// Where to hand it. Dropped if it is not his, or not to be had.
    pub(super) hand_over: oneshot::Sender<Held>,
}

/// The claims to one stream, for as long as it can be claimed.
#[derive(Debug)]
pub(super) struct Claims {
    registry: Arc<Resumptions>,
    name: String,
    queue: mpsc::Receiver<Claim>,
    first: Option<Claim>,
}

impl Resumptions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Claim>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a stream be claimed by its name.
    pub(super) fn register(self: &Arc<Self>, name: String) -> Claims {
        let (claim, queue) = mpsc::channel(1);
        self.lock().insert(name.clone(), claim);
        Claims {
            registry: Arc::clone(self),
            name,
            queue,
            first: None,
        }
    }

    /// Takes a stream over, if it is there and its user's.
    pub(super) async fn claim(&self, name: &str, account: Account) -> Option<Held> {
        let owner = self.lock().get(name).cloned()?;
        let (hand_over, held) = oneshot::channel();
        let claim = Claim { account, hand_over };
        owner.send(claim).await.ok()?;
        held.await.ok()
    }
}

impl Claims {
    /// Resolves when there is a claim. May be dropped and called again.
    async fn wait(&mut self) {
        if self.first.is_none() {
            self.first = self.queue.recv().await;
        }
    }

    /// The next claim. May be dropped and called again.
    async fn next(&mut self) -> Option<Claim> {
        self.wait().await;
        self.first.take()
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.name);
    }
}

/// Resolves when there is a claim to a stream, if it can be claimed at all.
pub(super) async fn claimed(claims: &mut Option<Claims>) {
    match claims {
        Some(claims) => claims.wait().await,
        None => future::pending().await,
    }
}

/// The next claim to a stream, if it can be claimed at all.
pub(super) async fn next_claim(claims: &mut Option<Claims>) -> Claim {
    if let Some(claims) = claims
        && let Some(claim) = claims.next().await
    {
        return claim;
    }
    future::pending().await
}

/// Keeps a stream without a socket until its client comes back, or until its
/// time is up.
pub(super) async fn park(chat: &Chat, account: Account, mut held: Held) {
    held.membership.park();
    let mut ending = held.outgoing.end();
    let expiry = time::sleep(chat.limits.resume_time);
    tokio::pin!(expiry);
    loop {
        let claim = tokio::select! {
            () = chat.tasks.closing() => break,
            end = ending.wait() => {
                chat.note_end(end);
                break;
            }
            () = &mut expiry => break,
            claim = held.claims.next() => claim,
        };
        let Some(claim) = claim else { break };
        if claim.account == account {
            match claim.hand_over.send(held) {
                Ok(()) => return,
                // Whoever claimed it has gone.
                Err(back) => held = back,
            }
        }
    }
    let Held {
        stream,
        membership,
        mut outgoing,
        ..
    } = held;
    // Nothing more is queued for it from here on.
    drop(membership);
    let unacked = stream.unacked().map(Arc::from);
    let stanzas = unacked.chain(iter::from_fn(|| outgoing.take())).collect();
    kept::save_texts(chat, account, stanzas).await;
}

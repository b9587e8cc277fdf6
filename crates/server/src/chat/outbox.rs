//! What waits to be sent to one connection, and the word that it has to end.
//!
//! Bounded in stanzas and bytes. Pushing never waits: a reader too slow to
//! keep the queue within its bounds is disconnected, so that neither memory
//! nor other users suffer from it.

use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::config::Limits;

/// An idle connection keeps no more room than this, in stanzas.
const KEPT_ROOM: usize = 8;

/// Why the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Another connection of the user took the resource.
    Conflict,
    /// The client reads more slowly than others write to it.
    TooSlow,
    /// The session, the user or the application is gone.
    Revoked,
}

/// The side that others push to.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    max_stanzas: usize,
    max_bytes: usize,
}

/// What waits, and who waits for it. All that a connection waits for here is
/// waited for in one task, so that there is one to be woken.
#[derive(Debug, Default)]
struct Waiting {
    stanzas: VecDeque<Arc<str>>,
    bytes: usize,
    end: Option<End>,
    task: Option<Waker>,
}

/// The side of the connection itself.
#[derive(Debug)]
pub(crate) struct Outgoing(Arc<Outbox>);

/// A queue for one connection.
pub(crate) fn outbox(limits: &Limits) -> (Arc<Outbox>, Outgoing) {
    let outbox = Arc::new(Outbox {
        waiting: Mutex::default(),
        max_stanzas: limits.outbound_stanzas.max(1),
        max_bytes: limits.outbound_bytes,
    });
    (Arc::clone(&outbox), Outgoing(outbox))
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a stanza, or ends the connection if there is no room.
    pub(crate) fn push(&self, stanza: Arc<str>) {
        let mut waiting = self.lock();
        // A single stanza may be larger than the bound: it has passed the
        // limit for frames.
        let too_much = !waiting.stanzas.is_empty() && waiting.bytes + stanza.len() > self.max_bytes;
        if too_much || waiting.stanzas.len() == self.max_stanzas {
            waiting.end.get_or_insert(End::TooSlow);
        } else {
            waiting.bytes += stanza.len();
            waiting.stanzas.push_back(stanza);
        }
        wake(waiting);
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().bytes
    }

    /// Tells the connection to end. The first reason counts.
    pub(crate) fn end(&self, why: End) {
        let mut waiting = self.lock();
        waiting.end.get_or_insert(why);
        wake(waiting);
    }

    fn wait<T>(
        &self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut Waiting) -> Option<T>,
    ) -> Poll<T> {
        let mut waiting = self.lock();
        if let Some(taken) = take(&mut waiting) {
            return Poll::Ready(taken);
        }
        match &mut waiting.task {
            Some(task) => task.clone_from(context.waker()),
            task @ None => *task = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// Wakes whoever waits, without the lock.
fn wake(mut waiting: MutexGuard<'_, Waiting>) {
    let task = waiting.task.take();
    drop(waiting);
    if let Some(task) = task {
        task.wake();
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Arc<str>> {
        let stanza = self.stanzas.pop_front()?;
        self.bytes -= stanza.len();
        if self.stanzas.is_empty() && self.stanzas.capacity() > KEPT_ROOM {
            self.stanzas = VecDeque::new();
        }
        Some(stanza)
    }
}

impl Outgoing {
    /// The next stanza to send. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Arc<str> {
        future::poll_fn(|context| self.0.wait(context, Waiting::take)).await
    }

    /// The next stanza, if one is waiting.
    pub(crate) fn take(&mut self) -> Option<Arc<str>> {
        self.0.lock().take()
    }

    /// A watch on the end, to be awaited beside everything else.
    pub(crate) fn end(&self) -> Ending {
        Ending(Arc::clone(&self.0))
    }
}

/// Waits for the word that the connection has to end.
#[derive(Debug)]
pub(crate) struct Ending(Arc<Outbox>);

impl Ending {
    /// Why the connection has to end, if it has to.
    pub(crate) fn reason(&self) -> Option<End> {
        self.0.lock().end
    }

    /// Resolves when the connection has to end. May be dropped and called
    /// again.
    pub(crate) async fn wait(&mut self) -> End {
        future::poll_fn(|context| self.0.wait(context, |waiting| waiting.end)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(stanzas: usize, bytes: usize) -> (Arc<Outbox>, Outgoing) {
        outbox(&Limits {
            outbound_stanzas: stanzas,
            outbound_bytes: bytes,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn order_is_kept_and_room_comes_back() {
        let (outbox, mut outgoing) = small(2, 4);
        for round in 0..10 {
            let stanza: Arc<str> = format!("{round:02}").into();
            outbox.push(Arc::clone(&stanza));
            assert_eq!(outgoing.next().await, stanza);
        }
        assert_eq!(outgoing.take(), None);
        assert_eq!(outgoing.0.lock().bytes, 0);
    }

    #[tokio::test]
    async fn too_many_stanzas_or_bytes_end_the_connection() {
        for (stanzas, bytes) in [(2, 1000), (1000, 7)] {
            let (outbox, outgoing) = small(stanzas, bytes);
            for _ in 0..3 {
                outbox.push("abc".into());
            }
            outbox.end(End::Conflict);
            assert_eq!(outgoing.end().wait().await, End::TooSlow);
        }
    }

    #[tokio::test]
    async fn one_large_stanza_passes() {
        let (outbox, mut outgoing) = small(4, 2);
        outbox.push("abc".into());
        assert_eq!(&*outgoing.next().await, "abc");
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let (outbox, mut outgoing) = small(4, 100);
        let mut ending = outgoing.end();
        let waiting = tokio::spawn(async move {
            let stanza = outgoing.next().await;
            (stanza, ending.wait().await)
        });
        tokio::task::yield_now().await;
        outbox.push("abc".into());
        tokio::task::yield_now().await;
        outbox.end(End::Revoked);
        let woken = waiting.await.expect("it ends");
        assert_eq!((&*woken.0, woken.1), ("abc", End::Revoked));
    }
}

//! What waits to be sent to one connection, and the word that it has to end.
//!
//! Bounded in stanzas and bytes. Pushing never waits: a reader too slow to
//! keep the queue within its bounds is disconnected, so that neither memory
//! nor other users suffer from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, watch};

use crate::config::Limits;

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
    queue: mpsc::Sender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
    max_bytes: usize,
    end: watch::Sender<Option<End>>,
}

/// The side of the connection itself.
#[derive(Debug)]
pub(crate) struct Outgoing {
    queue: mpsc::Receiver<Arc<str>>,
    waiting: Arc<AtomicUsize>,
    end: watch::Receiver<Option<End>>,
}

/// A queue for one connection.
pub(crate) fn outbox(limits: &Limits) -> (Arc<Outbox>, Outgoing) {
    let (push, queue) = mpsc::channel(limits.outbound_stanzas.max(1));
    let (end, ended) = watch::channel(None);
    let waiting = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox {
        queue: push,
        waiting: Arc::clone(&waiting),
        max_bytes: limits.outbound_bytes,
        end,
    };
    let outgoing = Outgoing {
        queue,
        waiting,
        end: ended,
    };
    (Arc::new(outbox), outgoing)
}

impl Outbox {
    /// Queues a stanza, or ends the connection if there is no room.
    pub(crate) fn push(&self, stanza: Arc<str>) {
        let size = stanza.len();
        let waiting = self.waiting.fetch_add(size, Ordering::Relaxed) + size;
        // A single stanza may be larger than the bound: it has passed the
        // limit for frames.
        let too_much = waiting > self.max_bytes && waiting > size;
        if too_much || self.queue.try_send(stanza).is_err() {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.end(End::TooSlow);
        }
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Tells the connection to end. The first reason counts.
    pub(crate) fn end(&self, why: End) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(why);
            first
        });
    }
}

impl Outgoing {
    /// The next stanza to send.
    pub(crate) async fn next(&mut self) -> Option<Arc<str>> {
        let stanza = self.queue.recv().await?;
        self.waiting.fetch_sub(stanza.len(), Ordering::Relaxed);
        Some(stanza)
    }

    /// The next stanza, if one is waiting.
    pub(crate) fn take(&mut self) -> Option<Arc<str>> {
        let stanza = self.queue.try_recv().ok()?;
        self.waiting.fetch_sub(stanza.len(), Ordering::Relaxed);
        Some(stanza)
    }

    /// A watch on the end, to be awaited beside everything else.
    pub(crate) fn end(&self) -> Ending {
        Ending(self.end.clone())
    }
}

/// Waits for the word that the connection has to end.
#[derive(Clone, Debug)]
pub(crate) struct Ending(watch::Receiver<Option<End>>);

impl Ending {
    /// Why the connection has to end, if it has to.
    pub(crate) fn reason(&self) -> Option<End> {
        *self.0.borrow()
    }

    /// Resolves when the connection has to end.
    pub(crate) async fn wait(&mut self) -> End {
        // `None` when nobody is left who could say so.
        let end = self.0.wait_for(Option::is_some).await.ok().map(|end| *end);
        match end {
            Some(end) => end.unwrap_or(End::Revoked),
            None => std::future::pending().await,
        }
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
            assert_eq!(outgoing.next().await, Some(stanza));
        }
        assert_eq!(outgoing.take(), None);
        assert_eq!(outgoing.waiting.load(Ordering::Relaxed), 0);
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
        assert_eq!(outgoing.next().await.as_deref(), Some("abc"));
    }
}

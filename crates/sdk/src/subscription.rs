//! Any number of independent listeners to one stream of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How many events may wait for a slow subscriber before statistics are left
/// out; everything else always arrives.
const PATIENCE: usize = 64;

/// One subscriber's view: every event from the moment of subscribing on.
#[derive(Debug)]
pub struct Subscription<E> {
    events: UnboundedReceiver<E>,
    waiting: Arc<AtomicUsize>,
}

impl<E> Subscription<E> {
    /// The next event; `None` once the client is gone.
    pub async fn recv(&mut self) -> Option<E> {
        let event = self.events.recv().await;
        if event.is_some() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        event
    }

    /// The next event for callers outside asynchronous code.
    ///
    /// # Panics
    /// When called from within an asynchronous context.
    pub fn blocking_recv(&mut self) -> Option<E> {
        let event = self.events.blocking_recv();
        if event.is_some() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        event
    }
}

/// The sending side: whom to tell.
#[derive(Debug)]
pub(crate) struct Subscribers<E> {
    list: Vec<Subscriber<E>>,
}

#[derive(Debug)]
struct Subscriber<E> {
    events: UnboundedSender<E>,
    waiting: Arc<AtomicUsize>,
}

impl<E> Default for Subscribers<E> {
    fn default() -> Self {
        Self { list: Vec::new() }
    }
}

impl<E: Clone> Subscribers<E> {
    pub(crate) fn subscribe(&mut self) -> Subscription<E> {
        let (sender, events) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        self.list.push(Subscriber {
            events: sender,
            waiting: Arc::clone(&waiting),
        });
        Subscription { events, waiting }
    }

    /// Tells everybody; who is gone is forgotten.
    pub(crate) fn publish(&mut self, event: &E) {
        self.list
            .retain(|subscriber| subscriber.tell(event.clone()));
    }

    /// Tells everybody who keeps up.
    pub(crate) fn publish_droppable(&mut self, event: &E) {
        self.list.retain(|subscriber| {
            subscriber.waiting.load(Ordering::Relaxed) >= PATIENCE || subscriber.tell(event.clone())
        });
    }
}

impl<E> Subscriber<E> {
    fn tell(&self, event: E) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.events.send(event).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Subscribers};

    #[test]
    fn a_late_subscriber_sees_what_comes_after() {
        let mut subscribers = Subscribers::default();
        let mut early = subscribers.subscribe();
        subscribers.publish(&1);
        let mut late = subscribers.subscribe();
        subscribers.publish(&2);
        assert_eq!(
            (early.blocking_recv(), early.blocking_recv()),
            (Some(1), Some(2))
        );
        assert_eq!(late.blocking_recv(), Some(2));
    }

    #[test]
    fn only_statistics_are_left_out_for_a_slow_subscriber() {
        let mut subscribers = Subscribers::default();
        let mut slow = subscribers.subscribe();
        for _ in 0..PATIENCE * 2 {
            subscribers.publish_droppable(&"stats");
        }
        subscribers.publish(&"closed");
        let mut seen = Vec::new();
        drop(subscribers);
        while let Some(event) = slow.blocking_recv() {
            seen.push(event);
        }
        assert_eq!(seen.len(), PATIENCE + 1);
        assert_eq!(seen.last(), Some(&"closed"));
    }
}

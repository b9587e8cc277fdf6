//! The renderers of one track, added and removed at any time by any thread.
//!
//! No lock is held while a renderer works except its own, so that a renderer may
//! add or remove renderers, itself included.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::RendererId;

struct Entry<R: ?Sized> {
    id: RendererId,
    renderer: Arc<Mutex<R>>,
}

impl<R: ?Sized> Clone for Entry<R> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            renderer: Arc::clone(&self.renderer),
        }
    }
}

struct State<R: ?Sized> {
    next_id: u64,
    /// Replaced as a whole on change, so that rendering works on a snapshot.
    entries: Arc<[Entry<R>]>,
}

/// An ordered set of renderers of kind `R`.
pub(crate) struct Renderers<R: ?Sized> {
    state: Mutex<State<R>>,
}

impl<R: ?Sized> Default for Renderers<R> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                next_id: 0,
                entries: Arc::new([]),
            }),
        }
    }
}

impl<R: ?Sized> Renderers<R> {
    pub(crate) fn add(&self, renderer: Arc<Mutex<R>>) -> RendererId {
        let mut state = self.lock();
        let id = RendererId(state.next_id);
        state.next_id += 1;
        let added = Entry { id, renderer };
        state.entries = state.entries.iter().cloned().chain([added]).collect();
        id
    }

    /// False when there is no such renderer. A call into it that already began
    /// in another thread still finishes.
    pub(crate) fn remove(&self, id: RendererId) -> bool {
        let removed = {
            let mut state = self.lock();
            let kept: Arc<[_]> = state
                .entries
                .iter()
                .filter(|e| e.id != id)
                .cloned()
                .collect();
            std::mem::replace(&mut state.entries, kept)
        };
        // Dropped here, outside the lock: dropping a renderer runs the app's code.
        removed.iter().any(|entry| entry.id == id)
    }

    pub(crate) fn clear(&self) {
        let removed = std::mem::replace(&mut self.lock().entries, Arc::new([]));
        drop(removed);
    }

    pub(crate) fn ids(&self) -> Vec<RendererId> {
        self.lock().entries.iter().map(|entry| entry.id).collect()
    }

    pub(crate) fn for_each(&self, mut visit: impl FnMut(&mut R)) {
        let entries = Arc::clone(&self.lock().entries);
        for entry in entries.iter() {
            visit(
                &mut entry
                    .renderer
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Calls = Renderers<dyn FnMut(u32) + Send>;

    #[test]
    fn each_renderer_is_called_in_order_until_removed() {
        let renderers = Calls::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = |name: &'static str| {
            let seen = Arc::clone(&seen);
            Arc::new(Mutex::new(move |n| {
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((name, n));
            }))
        };
        let first = renderers.add(into("first"));
        let second = renderers.add(into("second"));
        assert_eq!(renderers.ids(), [first, second]);
        renderers.for_each(|call| call(1));
        assert!(renderers.remove(first));
        assert!(!renderers.remove(first));
        renderers.for_each(|call| call(2));
        renderers.clear();
        renderers.for_each(|call| call(3));
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(*seen, [("first", 1), ("second", 1), ("second", 2)]);
    }

    #[test]
    fn a_renderer_may_remove_itself() {
        let renderers = Arc::new(Calls::default());
        let inner = Arc::clone(&renderers);
        let id = Arc::new(Mutex::new(None));
        let own = Arc::clone(&id);
        let added = renderers.add(Arc::new(Mutex::new(move |_| {
            let id = *own.lock().unwrap_or_else(PoisonError::into_inner);
            assert!(id.is_some_and(|id| inner.remove(id)));
        })));
        *id.lock().unwrap_or_else(PoisonError::into_inner) = Some(added);
        renderers.for_each(|call| call(1));
        assert!(renderers.ids().is_empty());
    }
}

//! What views share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::pixels::Pixels;

/// Memory kept for views to come.
const KEPT: usize = 4;

/// The memory that views draw in. The views of an app share one context, so that a view
/// that is initialized takes over what another one released; clones are the same context.
#[derive(Debug, Clone, Default)]
pub struct RenderContext {
    pool: Arc<Mutex<Pool>>,
}

#[derive(Debug, Default)]
struct Pool {
    free: Vec<Pixels>,
    taken: usize,
}

impl RenderContext {
    /// Takes no memory before a view draws.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many views are initialized with it and not released.
    #[must_use]
    pub fn views(&self) -> usize {
        self.lock().taken
    }

    pub(super) fn canvas(&self) -> Canvas {
        let mut pool = self.lock();
        pool.taken += 1;
        Canvas {
            pixels: pool.free.pop().unwrap_or_default(),
            context: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one view draws in; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) pixels: Pixels,
    context: RenderContext,
}

impl Drop for Canvas {
    fn drop(&mut self) {
        let pixels = std::mem::take(&mut self.pixels);
        let mut pool = self.context.lock();
        pool.taken -= 1;
        if pool.free.len() < KEPT {
            pool.free.push(pixels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Size;

    #[test]
    fn what_was_released_is_taken_over() {
        let context = RenderContext::new();
        let mut canvas = context.canvas();
        canvas.pixels.resize(Size::new(64, 48));
        let memory = canvas.pixels.data().as_ptr();
        assert_eq!(context.views(), 1);
        drop(canvas);
        assert_eq!(context.views(), 0);
        let next = context.canvas();
        assert_eq!(next.pixels.data().as_ptr(), memory);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let context = RenderContext::new();
        let canvases: Vec<_> = (0..KEPT + 3).map(|_| context.canvas()).collect();
        assert_eq!(context.views(), KEPT + 3);
        drop(canvases);
        assert_eq!(context.views(), 0);
        assert_eq!(context.lock().free.len(), KEPT);
    }
}

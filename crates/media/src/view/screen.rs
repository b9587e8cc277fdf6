//! A screen in memory, with surfaces that lie over each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::geometry::{Rect, Size};
use super::pixels::Pixels;
use super::surface::{Surface, SurfaceGone};

/// Pixels in memory, for apps that show them by means of their own and for tests; clones
/// are the same screen. Views draw on its [`Pane`]s.
#[derive(Debug, Clone)]
pub struct Screen {
    panes: Arc<Mutex<Panes>>,
}

/// A part of a [`Screen`] that one view draws on. Clones are the same pane: one goes to
/// the view, the others move it. It is gone when it is closed or its last clone dropped.
#[derive(Debug, Clone)]
pub struct Pane {
    inner: Arc<Handle>,
}

#[derive(Debug)]
struct Panes {
    size: Size,
    next_id: u64,
    /// From the lowest to the uppermost.
    panes: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    id: u64,
    area: Rect,
    pixels: Pixels,
}

#[derive(Debug)]
struct Handle {
    panes: Arc<Mutex<Panes>>,
    id: u64,
}

impl Screen {
    /// Black, without panes.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let panes = Panes {
            size,
            next_id: 0,
            panes: Vec::new(),
        };
        Self {
            panes: Arc::new(Mutex::new(panes)),
        }
    }

    /// A new pane above all others; it may reach beyond the right and the lower edge.
    /// Nothing is seen of it before its view draws.
    #[must_use = "a pane without a handle is gone"]
    pub fn pane(&self, area: Rect) -> Pane {
        let mut panes = lock(&self.panes);
        let id = panes.next_id;
        panes.next_id += 1;
        panes.panes.push(Layer {
            id,
            area,
            pixels: Pixels::default(),
        });
        let handle = Handle {
            panes: Arc::clone(&self.panes),
            id,
        };
        Pane {
            inner: Arc::new(handle),
        }
    }

    /// What is to be seen now: the panes over each other, and black where there is none.
    #[must_use]
    pub fn pixels(&self) -> Pixels {
        let panes = lock(&self.panes);
        let mut pixels = Pixels::new(panes.size);
        for pane in &panes.panes {
            pixels.lay(&pane.pixels, pane.area);
        }
        pixels
    }
}

impl Pane {
    /// Moves it or changes its size; after that its view has to
    /// [`request_layout`](super::VideoView::request_layout).
    pub fn place(&self, area: Rect) {
        self.inner.with(|panes, index| panes[index].area = area);
    }

    /// Lays it over all others.
    pub fn raise(&self) {
        self.inner
            .with(|panes, index| panes[index..].rotate_left(1));
    }

    /// Takes it from the screen: its view is released when it draws next.
    pub fn close(&self) {
        self.inner.with(|panes, index| drop(panes.remove(index)));
    }
}

impl Surface for Pane {
    fn size(&self) -> Result<Size, SurfaceGone> {
        self.inner
            .with(|panes, index| panes[index].area.size())
            .ok_or(SurfaceGone)
    }

    fn show(&mut self, pixels: &Pixels) -> Result<(), SurfaceGone> {
        self.inner
            .with(|panes, index| panes[index].pixels.copy_from(pixels))
            .ok_or(SurfaceGone)
    }
}

impl Handle {
    /// Does something to the pane at its place; nothing when it is closed.
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Layer>, usize) -> T) -> Option<T> {
        let mut panes = lock(&self.panes);
        let index = panes.panes.iter().position(|pane| pane.id == self.id)?;
        Some(act(&mut panes.panes, index))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.with(|panes, index| drop(panes.remove(index)));
    }
}

fn lock(panes: &Mutex<Panes>) -> MutexGuard<'_, Panes> {
    panes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn show(pane: &Pane, color: u32) {
        let mut pixels = Pixels::new(pane.size().unwrap());
        pixels.rows_mut().for_each(|row| row.fill(color));
        pane.clone().show(&pixels).unwrap();
    }

    #[test]
    fn upper_panes_cover_lower_ones() {
        let screen = Screen::new(Size::new(4, 1));
        let lower = screen.pane(Rect::new(0, 0, 3, 1));
        let mut upper = screen.pane(Rect::new(2, 0, 9, 9));
        assert_eq!(screen.pixels().data(), [0, 0, 0, 0]);
        show(&upper, 2);
        show(&lower, 1);
        assert_eq!(screen.pixels().data(), [1, 1, 2, 2]);
        lower.raise();
        assert_eq!(screen.pixels().data(), [1, 1, 1, 2]);
        upper.raise();
        upper.place(Rect::new(1, 0, 1, 1));
        assert_eq!(screen.pixels().data(), [1, 2, 1, 0]);
        upper.close();
        assert_eq!(screen.pixels().data(), [1, 1, 1, 0]);
        assert_eq!(upper.size(), Err(SurfaceGone));
        assert_eq!(upper.show(&Pixels::default()), Err(SurfaceGone));
    }

    #[test]
    fn a_pane_lives_as_long_as_its_clones() {
        let screen = Screen::new(Size::new(1, 1));
        let pane = screen.pane(Rect::new(0, 0, 1, 1));
        show(&pane, 7);
        drop(pane.clone());
        assert_eq!(screen.pixels().data(), [7]);
        drop(pane);
        assert_eq!(screen.pixels().data(), [0]);
    }
}

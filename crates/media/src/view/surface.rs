//! What views draw on.

use super::geometry::Size;
use super::pixels::Pixels;

/// Something that pixels can be shown on: a window, a part of a [`Screen`](super::Screen).
///
/// It belongs to one view, which calls it from the thread of its track or from whoever
/// calls the view, one call at a time. It must not call the view itself, and should be
/// quick: what takes long costs pictures.
pub trait Surface: Send {
    /// Its size now, in pixels; empty while nothing can be seen of it.
    ///
    /// # Errors
    /// When the surface is gone for good: its view is released.
    fn size(&self) -> Result<Size, SurfaceGone>;

    /// Shows a picture of the size that [`size`](Self::size) said just before. If it
    /// changed meanwhile, the surface shows what it can until the app calls
    /// [`VideoView::request_layout`](super::VideoView::request_layout).
    ///
    /// # Errors
    /// As for [`size`](Self::size).
    fn show(&mut self, pixels: &Pixels) -> Result<(), SurfaceGone>;
}

/// The surface does not exist any more. Nobody has to act: its view releases itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the surface is gone")]
pub struct SurfaceGone;

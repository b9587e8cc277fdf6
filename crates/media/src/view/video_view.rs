//! One view: a renderer with a life cycle.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::context::{Canvas, RenderContext};
use super::geometry::{Placement, Scaling, Size};
use super::paint::paint;
use super::surface::{Surface, SurfaceGone};
use crate::frame::VideoFrame;
use crate::render::VideoRenderer;

/// Why a view could not be initialized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The app initialized it before, or its surface did by appearing: the app has to call
    /// [`VideoView::release`] first, or nothing at all.
    #[error("the view is initialized already; release it first")]
    AlreadyInitialized,
}

/// Shows the pictures of a track on a [`Surface`]; clones are the same view, so that one
/// can be given to [`VideoTrack::add_renderer`](crate::VideoTrack::add_renderer).
///
/// See the [module](crate::view) for its life cycle.
#[derive(Clone)]
pub struct VideoView {
    state: Arc<Mutex<State>>,
}

struct State {
    /// For when the surface initializes the view.
    context: RenderContext,
    surface: Option<Box<dyn Surface>>,
    mirror: bool,
    scaling: Scaling,
    /// While the view is initialized.
    drawing: Option<Drawing>,
}

struct Drawing {
    canvas: Canvas,
    last: Option<VideoFrame>,
}

impl VideoView {
    /// A view without a surface, not initialized, [`Scaling::Balanced`] and not mirrored.
    /// Its surface will initialize it with `context`.
    #[must_use]
    pub fn new(context: &RenderContext) -> Self {
        let state = State {
            context: context.clone(),
            surface: None,
            mirror: false,
            scaling: Scaling::default(),
            drawing: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Gets ready to draw, before the surface appears or after [`release`](Self::release).
    ///
    /// # Errors
    /// [`ViewError::AlreadyInitialized`] when the view is initialized and was not released.
    pub fn init(&self, context: &RenderContext) -> Result<(), ViewError> {
        let mut state = self.lock();
        if state.drawing.is_some() {
            return Err(ViewError::AlreadyInitialized);
        }
        state.initialize(context);
        Ok(())
    }

    /// Stops drawing and gives the memory back. When it returns, nothing is being drawn,
    /// and nothing will be before the view is initialized again; what the surface shows
    /// stays there. Harmless when the view is not initialized.
    pub fn release(&self) {
        self.lock().drawing = None;
    }

    /// Whether the view is initialized and not released.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.lock().drawing.is_some()
    }

    /// Gives the view something to draw on. Initializes it, unless the app did; a picture
    /// that came meanwhile is drawn at once. A surface it had before goes first.
    pub fn surface_appeared(&self, surface: impl Surface + 'static) {
        let gone = {
            let mut state = self.lock();
            let before = state.lose_surface();
            state.surface = Some(Box::new(surface));
            if state.drawing.is_none() {
                let context = state.context.clone();
                state.initialize(&context);
            }
            [before, state.draw()]
        };
        // Dropped here, outside the lock: dropping a surface may run the app's code.
        drop(gone);
    }

    /// Takes its surface from the view and releases it, if there was one.
    pub fn surface_gone(&self) {
        let gone = self.lock().lose_surface();
        drop(gone);
    }

    /// Shows pictures as in a mirror, as people expect to see themselves, or not.
    pub fn set_mirror(&self, mirror: bool) {
        self.change(|state| state.mirror = mirror);
    }

    /// How pictures fill a surface of other proportions.
    pub fn set_scaling(&self, scaling: Scaling) {
        self.change(|state| state.scaling = scaling);
    }

    /// Draws the last picture again, when the surface changed: another size, or its pixels
    /// were lost.
    pub fn request_layout(&self) {
        self.change(|_| {});
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let gone = {
            let mut state = self.lock();
            change(&mut state);
            state.draw()
        };
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VideoRenderer for VideoView {
    /// Draws a picture; ignores it when the view is not initialized.
    fn render(&mut self, frame: &VideoFrame) {
        self.change(|state| {
            if let Some(drawing) = &mut state.drawing {
                drawing.last = Some(frame.clone());
            }
        });
    }
}

impl State {
    fn initialize(&mut self, context: &RenderContext) {
        self.drawing = Some(Drawing {
            canvas: context.canvas(),
            last: None,
        });
    }

    /// Draws the last picture, if there is one and something to draw on. Hands back a
    /// surface that turned out to be gone.
    #[must_use]
    fn draw(&mut self) -> Option<Box<dyn Surface>> {
        let (Some(drawing), Some(surface)) = (&mut self.drawing, &mut self.surface) else {
            return None;
        };
        match drawing.draw(surface.as_mut(), self.scaling, self.mirror) {
            Ok(()) => None,
            Err(SurfaceGone) => self.lose_surface(),
        }
    }

    #[must_use]
    fn lose_surface(&mut self) -> Option<Box<dyn Surface>> {
        let surface = self.surface.take()?;
        self.drawing = None;
        Some(surface)
    }
}

impl Drawing {
    fn draw(
        &mut self,
        surface: &mut dyn Surface,
        scaling: Scaling,
        mirror: bool,
    ) -> Result<(), SurfaceGone> {
        let Some(frame) = &self.last else {
            return Ok(());
        };
        let picture = Size::new(frame.width(), frame.height());
        let size = surface.size()?;
        let Some(placement) = Placement::of(picture, size, scaling) else {
            return Ok(());
        };
        let pixels = &mut self.canvas.pixels;
        pixels.resize(size);
        paint(frame, &placement, mirror, pixels);
        surface.show(pixels)
    }
}

impl std::fmt::Debug for VideoView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("VideoView")
            .field("initialized", &state.drawing.is_some())
            .field("has_surface", &state.surface.is_some())
            .field("scaling", &state.scaling)
            .field("mirror", &state.mirror)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::view::{Pixels, Rect, Screen};
    use std::time::Duration;

    const SIZE: Size = Size::new(32, 16);
    const WHITE: u32 = 0x00ff_ffff;

    fn picture(luma: u8) -> VideoFrame {
        VideoFrame::filled(32, 16, [luma, 128, 128], Duration::ZERO).unwrap()
    }

    fn white() -> VideoFrame {
        picture(235)
    }

    /// Black and white side by side.
    fn halves() -> VideoFrame {
        let mut data = picture(16).data().to_vec();
        data.chunks_exact_mut(32)
            .take(16)
            .for_each(|row| row[16..].fill(235));
        VideoFrame::new(32, 16, data, Duration::ZERO).unwrap()
    }

    fn shown(screen: &Screen) -> Option<u32> {
        screen.pixels().at(0, 0)
    }

    /// A screen of one pane, and a view that the pane initialized.
    fn stage() -> (Screen, crate::view::Pane, VideoView) {
        let screen = Screen::new(SIZE);
        let pane = screen.pane(Rect::whole(SIZE));
        let view = VideoView::new(&RenderContext::new());
        view.surface_appeared(pane.clone());
        (screen, pane, view)
    }

    #[test]
    fn a_surface_initializes_its_view_and_releases_it() {
        let context = RenderContext::new();
        let screen = Screen::new(SIZE);
        let mut view = VideoView::new(&context);
        view.render(&white());
        assert!(!view.is_initialized());
        view.surface_appeared(screen.pane(Rect::whole(SIZE)));
        assert!(view.is_initialized());
        assert_eq!(context.views(), 1);
        // What came before the view was initialized is not kept.
        assert_eq!(shown(&screen), Some(0));
        view.render(&white());
        assert_eq!(shown(&screen), Some(WHITE));
        view.surface_gone();
        assert!(!view.is_initialized());
        assert_eq!(context.views(), 0);
        view.surface_appeared(screen.pane(Rect::whole(SIZE)));
        view.render(&white());
        assert_eq!(shown(&screen), Some(WHITE));
    }

    #[test]
    fn to_initialize_twice_is_an_error_until_it_is_released() {
        let context = RenderContext::new();
        let view = VideoView::new(&context);
        for _ in 0..2 {
            assert_eq!(view.init(&context), Ok(()));
            assert_eq!(view.init(&context), Err(ViewError::AlreadyInitialized));
            assert_eq!(context.views(), 1);
            view.release();
            view.release();
            assert_eq!(context.views(), 0);
        }
        let (_screen, _pane, by_its_surface) = stage();
        assert_eq!(
            by_its_surface.init(&context),
            Err(ViewError::AlreadyInitialized)
        );
    }

    #[test]
    fn an_app_may_initialize_before_the_surface_appears() {
        let [own, other] = [RenderContext::new(), RenderContext::new()];
        let screen = Screen::new(SIZE);
        let mut view = VideoView::new(&own);
        view.init(&other).unwrap();
        view.render(&white());
        view.surface_appeared(screen.pane(Rect::whole(SIZE)));
        assert_eq!((own.views(), other.views()), (0, 1));
        assert_eq!(shown(&screen), Some(WHITE));
    }

    #[test]
    fn nothing_is_drawn_between_release_and_init() {
        let (screen, _pane, mut view) = stage();
        view.render(&picture(16));
        view.release();
        view.render(&white());
        view.set_mirror(true);
        view.request_layout();
        assert_eq!(shown(&screen), Some(0));
        view.init(&RenderContext::new()).unwrap();
        view.request_layout();
        assert_eq!(shown(&screen), Some(0));
        view.render(&white());
        assert_eq!(shown(&screen), Some(WHITE));
    }

    #[test]
    fn a_still_picture_follows_the_settings() {
        let (screen, pane, mut view) = stage();
        view.render(&halves());
        let at = |x, y| screen.pixels().at(x, y).unwrap();
        assert_eq!((at(0, 0), at(31, 0)), (0, WHITE));
        view.set_mirror(true);
        assert_eq!((at(0, 0), at(31, 0)), (WHITE, 0));
        pane.place(Rect::new(0, 0, 10, 16));
        view.set_scaling(Scaling::Fit);
        assert_eq!((at(0, 4), at(0, 5)), (0, WHITE));
        view.set_scaling(Scaling::Fill);
        assert_eq!((at(0, 0), at(9, 15)), (WHITE, 0));
    }

    #[test]
    fn another_size_is_drawn_on_request() {
        let (screen, pane, mut view) = stage();
        view.render(&white());
        pane.place(Rect::new(0, 0, 64, 64));
        pane.place(Rect::new(8, 8, 8, 4));
        view.request_layout();
        let pixels = screen.pixels();
        let white = |pixel: &&u32| **pixel == WHITE;
        assert_eq!(pixels.data().iter().filter(white).count(), 8 * 4);
        pane.place(Rect::new(0, 0, 0, 4));
        view.request_layout();
        view.render(&picture(16));
        assert!(view.is_initialized());
    }

    #[test]
    fn a_closed_pane_releases_its_view() {
        let (_screen, pane, mut view) = stage();
        pane.close();
        assert!(view.is_initialized());
        view.render(&white());
        assert!(!view.is_initialized());
    }

    #[test]
    fn a_second_surface_takes_over() {
        let (screen, _pane, mut view) = stage();
        let other = Screen::new(SIZE);
        view.surface_appeared(other.pane(Rect::whole(SIZE)));
        view.render(&white());
        assert_eq!((shown(&screen), shown(&other)), (Some(0), Some(WHITE)));
    }

    /// Grows each time it is asked, and calls its view when it is dropped.
    struct Restless {
        asked: std::cell::Cell<u32>,
        view: VideoView,
    }

    impl Surface for Restless {
        fn size(&self) -> Result<Size, SurfaceGone> {
            self.asked.set(self.asked.get() + 1);
            Ok(Size::new(self.asked.get(), 9))
        }

        fn show(&mut self, pixels: &Pixels) -> Result<(), SurfaceGone> {
            assert_eq!(pixels.size(), Size::new(self.asked.get(), 9));
            if self.asked.get() > 3 {
                return Err(SurfaceGone);
            }
            Ok(())
        }
    }

    impl Drop for Restless {
        fn drop(&mut self) {
            assert!(!self.view.is_initialized());
        }
    }

    #[test]
    fn surfaces_may_change_at_any_time_and_call_their_view_when_dropped() {
        let mut view = VideoView::new(&RenderContext::new());
        for _ in 0..2 {
            view.surface_appeared(Restless {
                asked: std::cell::Cell::new(0),
                view: view.clone(),
            });
            for _ in 0..4 {
                assert!(view.is_initialized());
                view.render(&white());
            }
            assert!(!view.is_initialized());
        }
    }
}

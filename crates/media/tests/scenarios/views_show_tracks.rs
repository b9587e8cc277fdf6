//! Views show what tracks carry, over each other, for as long as they are initialized.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use crate::stage::{picture, pushed, received, rendered};
use visavis_media::codec::{Vp8Config, Vp8Encoder};
use visavis_media::render::to_rgb;
use visavis_media::view::{
    Pixels, Rect, RenderContext, Scaling, Screen, Size, Surface, SurfaceGone, VideoView,
};
use visavis_media::{RemoteVideo, VideoFrame};

const SIZE: Size = Size::new(320, 180);

/// What a picture of this size looks like on a surface of the same size.
fn as_shown(frame: &VideoFrame) -> Vec<u32> {
    let colors = to_rgb(frame);
    let pixels = colors.chunks_exact(3);
    pixels
        .map(|rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]]))
        .collect()
}

/// Tells the test what it is to show.
struct Window(Sender<Pixels>);

impl Surface for Window {
    fn size(&self) -> Result<Size, SurfaceGone> {
        Ok(SIZE)
    }

    fn show(&mut self, pixels: &Pixels) -> Result<(), SurfaceGone> {
        self.0.send(pixels.clone()).map_err(|_| SurfaceGone)
    }
}

#[test]
fn a_view_shows_its_track_until_it_is_removed() {
    let (video, pusher) = pushed();
    let (window, shown) = channel();
    let view = VideoView::new(&RenderContext::new());
    view.surface_appeared(Window(window));
    let renderer = video.track().add_renderer(view.clone());
    // Renderers are called in their order: when this one is, the view was.
    let seen = rendered(&video.track());
    for counter in [3, 4] {
        pusher.push(picture(counter));
        seen.next();
        assert_eq!(
            shown.try_recv().unwrap().data(),
            as_shown(&picture(counter))
        );
    }
    video.track().remove_renderer(renderer);
    pusher.push(picture(5));
    seen.next();
    assert!(shown.try_recv().is_err());
    assert!(view.is_initialized());
}

#[test]
fn a_track_that_is_switched_off_is_black_in_its_view() {
    let (video, pusher) = pushed();
    let screen = Screen::new(SIZE);
    let view = VideoView::new(&RenderContext::new());
    view.surface_appeared(screen.pane(Rect::whole(SIZE)));
    video.track().add_renderer(view);
    let seen = rendered(&video.track());
    pusher.push(picture(1));
    seen.next();
    assert_eq!(screen.pixels().data(), as_shown(&picture(1)));
    video.track().set_enabled(false);
    let black = seen.next();
    assert_eq!(screen.pixels().data(), as_shown(&black));
    assert!(screen.pixels().data().iter().all(|&pixel| pixel == 0));
}

#[test]
fn the_own_picture_lies_over_that_of_the_peer() {
    let context = RenderContext::new();
    let screen = Screen::new(SIZE);
    let corner = Rect::new(220, 120, 80, 45);
    let [remote_view, local_view] = [Rect::whole(SIZE), corner].map(|area| {
        let view = VideoView::new(&context);
        view.surface_appeared(screen.pane(area));
        view
    });
    local_view.set_mirror(true);
    local_view.set_scaling(Scaling::Fill);
    assert_eq!(context.views(), 2);

    let (local, pusher) = pushed();
    local.track().add_renderer(local_view.clone());
    let own_view = rendered(&local.track());
    let remote = RemoteVideo::start().unwrap();
    remote.track().add_renderer(remote_view);
    let seen = rendered(&remote.track());

    let mut encoder = Vp8Encoder::new(&Vp8Config::default(), 320, 180).unwrap();
    let encoded = encoder.encode(&picture(9), Instant::now(), false);
    remote.push(received(&encoded.unwrap().unwrap(), true));
    let of_peer = as_shown(&seen.next());
    let white = VideoFrame::filled(320, 180, [235, 128, 128], Duration::ZERO);
    pusher.push(white.unwrap());
    own_view.next();

    let inside = |x: u32, y: u32| {
        (corner.x..corner.x + corner.width).contains(&x)
            && (corner.y..corner.y + corner.height).contains(&y)
    };
    let pixels = screen.pixels();
    for (index, &pixel) in pixels.data().iter().enumerate() {
        let (x, y) = (index as u32 % SIZE.width, index as u32 / SIZE.width);
        let expected = if inside(x, y) {
            0x00ff_ffff
        } else {
            of_peer[index]
        };
        assert_eq!(pixel, expected, "at {x}, {y}");
    }

    // The surface goes with its view, and what was below is seen again.
    local_view.surface_gone();
    assert_eq!(screen.pixels().data(), of_peer);
    assert_eq!(context.views(), 1);
}

/// Tells the test that it draws, and gives it every chance to release meanwhile.
struct Slow {
    drawing: Arc<AtomicBool>,
    began: Sender<()>,
}

impl Surface for Slow {
    fn size(&self) -> Result<Size, SurfaceGone> {
        Ok(SIZE)
    }

    fn show(&mut self, _: &Pixels) -> Result<(), SurfaceGone> {
        self.drawing.store(true, Ordering::SeqCst);
        let _ = self.began.send(());
        std::thread::yield_now();
        self.drawing.store(false, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_view_that_is_released_while_it_draws_draws_nothing_more() {
    let (video, pusher) = pushed();
    for counter in 0..20 {
        let drawing = Arc::new(AtomicBool::new(false));
        let (tell, began) = channel();
        let view = VideoView::new(&RenderContext::new());
        view.surface_appeared(Slow {
            drawing: Arc::clone(&drawing),
            began: tell,
        });
        video.track().add_renderer(view.clone());
        let seen = rendered(&video.track());
        pusher.push(picture(counter));
        began.recv().unwrap();
        view.release();
        assert!(!drawing.load(Ordering::SeqCst));
        seen.next();
        pusher.push(picture(counter + 1));
        seen.next();
        assert!(began.try_recv().is_err());
        video.track().clean_up();
    }
}

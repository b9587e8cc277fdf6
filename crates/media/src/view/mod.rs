//! Pictures on a screen, drawn by the processor. The home of `QBRTCSurfaceView`.
//!
//! A [`VideoView`] is a renderer: add a clone of it to a track, and it draws the pictures
//! of that track on its [`Surface`], scaled, perhaps mirrored, in the colors of BT.601.
//! A surface is anything that takes pixels: a window of the app's own, or a [`Pane`] of a
//! [`Screen`] in memory. Any number of views may be on one screen and overlap.
//!
//! | There | Here |
//! |---|---|
//! | `QBRTCSurfaceView` | [`VideoView`] |
//! | `EglBase`, `getEglBaseContext()` | [`RenderContext`] |
//! | `init(context, null)`, `release()` | [`VideoView::init`], [`VideoView::release`] |
//! | `surfaceCreated`, `surfaceDestroyed` | [`VideoView::surface_appeared`], [`VideoView::surface_gone`] |
//! | `setMirror`, `setScalingType`, `requestLayout` | [`VideoView::set_mirror`], [`VideoView::set_scaling`], [`VideoView::request_layout`] |
//! | `SCALE_ASPECT_FIT`, `_FILL`, `_BALANCED` | [`Scaling::Fit`], [`Scaling::Fill`], [`Scaling::Balanced`] |
//! | `videoTrack.addRenderer(view)`, `removeRenderer` | [`VideoTrack::add_renderer`], [`VideoTrack::remove_renderer`] |
//!
//! # Life cycle
//!
//! ```text
//!                 init, or its surface appears
//!               ┌──────────────────────────────┐
//!               │                              ▼
//!      ┌─────────────────┐            ┌─────────────────┐
//!      │ not initialized │            │   initialized   │──┐ pictures are drawn while
//!      └─────────────────┘            └─────────────────┘◄─┘ there is a surface
//!               ▲                              │
//!               └──────────────────────────────┘
//!                release, or its surface is gone
//! ```
//!
//! Release a view when its track is no longer valid: at the latest on
//! `CallEvent::ConnectionClosed`. No picture is drawn after that, and the memory is free
//! for other views. To initialize an initialized view is an error of the app.
//!
//! ```
//! use std::time::Duration;
//! use visavis_media::view::{Rect, RenderContext, Scaling, Screen, Size, VideoView};
//! use visavis_media::{VideoFrame, VideoRenderer};
//!
//! let context = RenderContext::new();
//! let screen = Screen::new(Size::new(640, 360));
//!
//! let remote_view = VideoView::new(&context);
//! remote_view.surface_appeared(screen.pane(Rect::whole(Size::new(640, 360))));
//! let local_view = VideoView::new(&context);
//! local_view.surface_appeared(screen.pane(Rect::new(500, 260, 120, 80)));
//! local_view.set_mirror(true);
//! local_view.set_scaling(Scaling::Fill);
//!
//! // In an app: `track.add_renderer(remote_view.clone())`.
//! let white = VideoFrame::filled(320, 180, [235, 128, 128], Duration::ZERO)?;
//! remote_view.clone().render(&white);
//! assert_eq!(screen.pixels().at(0, 0), Some(0x00ff_ffff));
//!
//! remote_view.release();
//! # Ok::<(), visavis_media::FrameError>(())
//! ```
//!
//! [`VideoTrack::add_renderer`]: crate::VideoTrack::add_renderer
//! [`VideoTrack::remove_renderer`]: crate::VideoTrack::remove_renderer

mod context;
mod geometry;
mod paint;
mod pixels;
mod screen;
mod surface;
mod video_view;

pub use context::RenderContext;
pub use geometry::{Placement, Rect, Scaling, Size};
pub use pixels::Pixels;
pub use screen::{Pane, Screen};
pub use surface::{Surface, SurfaceGone};
pub use video_view::{VideoView, ViewError};

//! A camera that is on before a call begins, as for a preview.
//!
//! It paints the test pattern at its own pace; a call that begins gets the
//! picture that is there and every one that follows.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use visavis::LocalMedia;
use visavis::media::source::{FramePusher, Pushed, PushedVideo, Sweep, TestPattern};
use visavis::media::{FrameError, FrameRate, Next, VideoFormat, VideoFrame, VideoSource};

/// How long the camera may take to notice that it was closed.
const WAIT: Duration = Duration::from_millis(50);

/// Size and pace of pictures, written `1280x720@30`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PictureFormat {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) fps: u32,
}

impl PictureFormat {
    /// 720p at 30 pictures a second.
    pub(crate) const HD: &'static str = "1280x720@30";
}

impl FromStr for PictureFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (size, fps) = text.split_once('@')?;
            let (width, height) = size.split_once('x')?;
            Some(Self {
                width: width.parse().ok()?,
                height: height.parse().ok()?,
                fps: fps.parse().ok()?,
            })
        };
        parse().ok_or("a format is written WxH@FPS, for example 1280x720@30")
    }
}

impl std::fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}@{}", self.width, self.height, self.fps)
    }
}

impl From<PictureFormat> for VideoFormat {
    fn from(format: PictureFormat) -> Self {
        Self {
            width: format.width,
            height: format.height,
            fps: FrameRate::whole(format.fps),
        }
    }
}

/// An open camera; dropping it closes it.
pub(crate) struct Camera {
    format: VideoFormat,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    closing: AtomicBool,
    view: Mutex<View>,
}

#[derive(Default)]
struct View {
    newest: Option<VideoFrame>,
    calls: Vec<FramePusher>,
}

impl Camera {
    /// Opens it.
    pub(crate) fn open(format: PictureFormat) -> Result<Self, FrameError> {
        let mut pattern = TestPattern::new(format.into())?;
        let shared = Arc::new(Shared::default());
        let filming = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            while !filming.closing.load(Ordering::Relaxed) {
                if let Next::Frame(frame) = pattern.next_frame(WAIT) {
                    filming.view().show(&frame);
                }
            }
        });
        Ok(Self {
            format: format.into(),
            shared,
            thread: Some(thread),
        })
    }

    /// Its pictures, and sound, for calls.
    pub(crate) fn media(&self) -> LocalMedia {
        let (format, shared) = (self.format, Arc::clone(&self.shared));
        LocalMedia::none()
            .with_video(move || {
                let (source, pusher) = PushedVideo::new(format);
                shared.view().begin(pusher);
                Ok::<_, Infallible>(source)
            })
            .with_audio(|| Ok::<_, Infallible>(Sweep::new()))
    }
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn begin(&mut self, call: FramePusher) {
        if let Some(frame) = &self.newest {
            call.push(frame.clone());
        }
        self.calls.push(call);
    }

    fn show(&mut self, frame: &VideoFrame) {
        self.calls
            .retain(|call| call.push(frame.clone()) != Pushed::Closed);
        self.newest = Some(frame.clone());
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked films no longer, which is what is wanted.
            let _ = thread.join();
        }
    }
}

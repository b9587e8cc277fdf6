//! What we send: where picture and sound come from.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use visavis_media::source::{AudioSource, VideoSource};

/// Why a source could not be opened, in the source's own words.
pub type SourceError = Box<dyn Error + Send + Sync>;

type OpenVideo = dyn Fn() -> Result<Box<dyn VideoSource>, SourceError> + Send + Sync;
type OpenAudio = dyn Fn() -> Result<Box<dyn AudioSource>, SourceError> + Send + Sync;

/// The sources of a client's calls. A source is opened when a call starts or
/// is accepted, never while it rings, and closed with the call.
///
/// Without a source nothing of that kind is sent; the other side's picture
/// and sound still arrive.
#[derive(Clone, Default)]
pub struct LocalMedia {
    video: Option<Arc<OpenVideo>>,
    audio: Option<Arc<OpenAudio>>,
}

impl LocalMedia {
    /// Sends nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sends the pictures of the source that `open` gives.
    #[must_use]
    pub fn with_video<S, E>(
        mut self,
        open: impl Fn() -> Result<S, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: VideoSource + 'static,
        E: Into<SourceError>,
    {
        self.video = Some(Arc::new(move || {
            open()
                .map(|s| Box::new(s) as Box<dyn VideoSource>)
                .map_err(Into::into)
        }));
        self
    }

    /// Sends the sound of the source that `open` gives.
    #[must_use]
    pub fn with_audio<S, E>(
        mut self,
        open: impl Fn() -> Result<S, E> + Send + Sync + 'static,
    ) -> Self
    where
        S: AudioSource + 'static,
        E: Into<SourceError>,
    {
        self.audio = Some(Arc::new(move || {
            open()
                .map(|s| Box::new(s) as Box<dyn AudioSource>)
                .map_err(Into::into)
        }));
        self
    }

    pub(crate) fn open_video(&self) -> Result<Option<Box<dyn VideoSource>>, SourceError> {
        self.video.as_ref().map(|open| open()).transpose()
    }

    pub(crate) fn open_audio(&self) -> Result<Option<Box<dyn AudioSource>>, SourceError> {
        self.audio.as_ref().map(|open| open()).transpose()
    }
}

impl fmt::Debug for LocalMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalMedia")
            .field("video", &self.video.is_some())
            .field("audio", &self.audio.is_some())
            .finish()
    }
}

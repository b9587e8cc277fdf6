//! Our own tracks in one session: opened once, encoded once, fed to any
//! number of peers.

use std::sync::Weak;

use visavis_media::source::{AudioSource, VideoSource};
use visavis_media::{AudioEncoding, AudioTrack, LocalAudio, LocalVideo, VideoEncoding, VideoTrack};
use visavis_signal::{CallType, SessionId};

use super::Engine;
use crate::config::CallConfig;
use crate::local_media::{LocalMedia, SourceError};

/// The open sources of one session.
pub(crate) struct LocalTracks {
    pub(super) video: Option<LocalVideo>,
    pub(super) audio: Option<LocalAudio>,
}

impl LocalTracks {
    pub(super) fn open(
        media: &LocalMedia,
        call_type: CallType,
        config: &CallConfig,
    ) -> Result<Self, SourceError> {
        let audio = match media.open_audio()? {
            Some(source) => Some(LocalAudio::start(source, AudioEncoding::default())?),
            None => None,
        };
        let video = match call_type {
            CallType::Video => Self::open_video(media, config)?,
            CallType::Audio => None,
        };
        Ok(Self { video, audio })
    }

    pub(super) fn open_video(
        media: &LocalMedia,
        config: &CallConfig,
    ) -> Result<Option<LocalVideo>, SourceError> {
        let Some(source) = media.open_video()? else {
            return Ok(None);
        };
        let encoding = VideoEncoding {
            max_bitrate: u32::try_from(config.max_video_bitrate).unwrap_or(u32::MAX),
            ..VideoEncoding::default()
        };
        Ok(Some(LocalVideo::start(source, encoding)?))
    }

    /// Adds pictures to what is sent.
    pub(super) fn add_video(
        &mut self,
        video: LocalVideo,
        engine: &Weak<Engine>,
        session: &SessionId,
    ) -> VideoTrack {
        let track = video.track();
        self.video = Some(video);
        self.follow(engine, session);
        track
    }

    pub(super) const fn take_video(&mut self) -> Option<LocalVideo> {
        self.video.take()
    }

    pub(super) const fn has_video(&self) -> bool {
        self.video.is_some()
    }

    /// From now on the others in this session are told when a track is switched.
    pub(super) fn follow(&self, engine: &Weak<Engine>, session: &SessionId) {
        let teller = || {
            let (engine, session) = (engine.clone(), session.clone());
            move |_| {
                if let Some(engine) = engine.upgrade() {
                    // A call that is over has nobody to tell.
                    let _ = engine.tell_media(&session);
                }
            }
        };
        if let Some(track) = self.audio_track() {
            track.watch_enabled(teller());
        }
        if let Some(track) = self.video_track() {
            track.watch_enabled(teller());
        }
    }

    pub(crate) fn switch_video(&self, source: Box<dyn VideoSource>) -> bool {
        let video = self.video.as_ref();
        video.map(|video| video.switch_source(source)).is_some()
    }

    pub(crate) fn switch_audio(&self, source: Box<dyn AudioSource>) -> bool {
        let audio = self.audio.as_ref();
        audio.map(|audio| audio.switch_source(source)).is_some()
    }

    pub(super) fn audio_is_on(&self) -> bool {
        self.audio_track().is_some_and(|track| track.is_enabled())
    }

    pub(super) fn video_is_on(&self) -> bool {
        self.video_track().is_some_and(|track| track.is_enabled())
    }

    pub(crate) fn video_track(&self) -> Option<VideoTrack> {
        self.video.as_ref().map(LocalVideo::track)
    }

    pub(crate) fn audio_track(&self) -> Option<AudioTrack> {
        self.audio.as_ref().map(LocalAudio::track)
    }
}

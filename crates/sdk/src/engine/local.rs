//! Our own tracks in one session: opened once, encoded once, fed to any
//! number of peers.

use visavis_media::{AudioEncoding, AudioTrack, LocalAudio, LocalVideo, VideoEncoding, VideoTrack};
use visavis_signal::CallType;

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
        let video = match (call_type, media.open_video()?) {
            (CallType::Video, Some(source)) => {
                let encoding = VideoEncoding {
                    max_bitrate: u32::try_from(config.max_video_bitrate).unwrap_or(u32::MAX),
                    ..VideoEncoding::default()
                };
                Some(LocalVideo::start(source, encoding)?)
            }
            _ => None,
        };
        Ok(Self { video, audio })
    }

    pub(crate) fn video_track(&self) -> Option<VideoTrack> {
        self.video.as_ref().map(LocalVideo::track)
    }

    pub(crate) fn audio_track(&self) -> Option<AudioTrack> {
        self.audio.as_ref().map(LocalAudio::track)
    }
}

//! Sources as the command line names them.

use visavis::media::source::{
    AtEnd, AudioSource, Sweep, TestPattern, Tone, VideoSource, WavFile, Y4mFile,
};
use visavis::media::{FrameRate, VideoFormat};
use visavis::{LocalMedia, SourceError};

use crate::call::options::Options;
use crate::exit::{Failure, Reason};
use crate::source::{AudioSpec, VideoSpec};

/// Tones leave room below full scale.
const TONE_LEVEL: f64 = 0.5;

/// The sources; files are opened once here, so that a wrong one is told
/// before anybody is called.
pub(crate) fn local(options: &Options) -> Result<LocalMedia, Failure> {
    let unusable = |error: SourceError| Failure::of(Reason::Source, &*error);
    let (video, audio) = (options.video.clone(), options.audio.clone());
    let mut media = LocalMedia::none();
    if picture(&video).map_err(unusable)?.is_some() {
        media = media.with_video(move || picture(&video)?.ok_or_else(none));
    }
    if sound(&audio).map_err(unusable)?.is_some() {
        media = media.with_audio(move || sound(&audio)?.ok_or_else(none));
    }
    Ok(media)
}

/// The picture that was asked for; nothing for `none` and for what
/// [`Options::check`] refuses.
pub(crate) fn picture(spec: &VideoSpec) -> Result<Option<Box<dyn VideoSource>>, SourceError> {
    Ok(match spec {
        VideoSpec::Pattern { width, height, fps } => {
            let pattern = TestPattern::new(VideoFormat {
                width: *width,
                height: *height,
                fps: FrameRate::whole(*fps),
            })?;
            Some(Box::new(pattern))
        }
        VideoSpec::Y4m(path) => Some(Box::new(Y4mFile::open(path, AtEnd::Loop)?)),
        VideoSpec::Device | VideoSpec::Screen | VideoSpec::None => None,
    })
}

/// The sound that was asked for, likewise.
pub(crate) fn sound(spec: &AudioSpec) -> Result<Option<Box<dyn AudioSource>>, SourceError> {
    Ok(match spec {
        AudioSpec::Sweep => Some(Box::new(Sweep::new())),
        AudioSpec::Tone(hz) => Some(Box::new(Tone::new(f64::from(*hz), TONE_LEVEL))),
        AudioSpec::Wav(path) => Some(Box::new(WavFile::open(path, AtEnd::Loop)?)),
        AudioSpec::Device | AudioSpec::None => None,
    })
}

fn none() -> SourceError {
    "the source is gone".into()
}

//! Sources as the command line names them.

use visavis::LocalMedia;
use visavis::media::source::{AtEnd, Sweep, TestPattern, Tone, WavFile, Y4mFile};
use visavis::media::{FrameRate, VideoFormat};

use crate::call::options::Options;
use crate::exit::{Failure, Reason};
use crate::source::{AudioSpec, VideoSpec};

/// Tones leave room below full scale.
const TONE_LEVEL: f64 = 0.5;

/// The sources; files are opened once here, so that a wrong one is told
/// before anybody is called.
pub(crate) fn local(options: &Options) -> Result<LocalMedia, Failure> {
    let media = video(LocalMedia::none(), options)?;
    audio(media, &options.audio)
}

fn video(media: LocalMedia, options: &Options) -> Result<LocalMedia, Failure> {
    if options.audio_only {
        return Ok(media);
    }
    let unusable = |error: &dyn std::error::Error| Failure::of(Reason::Source, error);
    Ok(match &options.video {
        VideoSpec::Pattern { width, height, fps } => {
            let format = VideoFormat {
                width: *width,
                height: *height,
                fps: FrameRate::whole(*fps),
            };
            TestPattern::new(format).map_err(|error| unusable(&error))?;
            media.with_video(move || TestPattern::new(format))
        }
        VideoSpec::Y4m(path) => {
            Y4mFile::open(path, AtEnd::Loop).map_err(|error| unusable(&error))?;
            let path = path.clone();
            media.with_video(move || Y4mFile::open(&path, AtEnd::Loop))
        }
        VideoSpec::Device | VideoSpec::Screen | VideoSpec::None => media,
    })
}

fn audio(media: LocalMedia, spec: &AudioSpec) -> Result<LocalMedia, Failure> {
    type Never = std::convert::Infallible;
    Ok(match spec {
        AudioSpec::Sweep => media.with_audio(|| Ok::<_, Never>(Sweep::new())),
        AudioSpec::Tone(hz) => {
            let hz = f64::from(*hz);
            media.with_audio(move || Ok::<_, Never>(Tone::new(hz, TONE_LEVEL)))
        }
        AudioSpec::Wav(path) => {
            WavFile::open(path, AtEnd::Loop)
                .map_err(|error| Failure::of(Reason::Source, &error))?;
            let path = path.clone();
            media.with_audio(move || WavFile::open(&path, AtEnd::Loop))
        }
        AudioSpec::Device | AudioSpec::None => media,
    })
}

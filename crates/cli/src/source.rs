//! `SOURCE` on the command line: where a call's picture or sound comes from.

use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

/// A video source as written: `pattern[:WxH@FPS]`, `y4m:PATH`,
/// `device[:NAME]`, `screen`, `none`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum VideoSpec {
    Pattern { width: u32, height: u32, fps: u32 },
    Y4m(PathBuf),
    Device,
    Screen,
    None,
}

/// An audio source as written: `sweep`, `tone:HZ`, `wav:PATH`,
/// `device[:NAME]`, `none`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum AudioSpec {
    Sweep,
    Tone(f32),
    Wav(PathBuf),
    Device,
    None,
}

impl VideoSpec {
    /// 1280x720 at 30 frames a second.
    pub(crate) const DEFAULT: &'static str = "pattern:1280x720@30";
}

impl FromStr for VideoSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = split(text);
        match (kind, rest) {
            ("pattern", None) => Self::from_str(Self::DEFAULT),
            ("pattern", Some(format)) => {
                let (width, height, fps) = parse_format(format)
                    .ok_or_else(|| format!("`{format}` is not WxH@FPS, for example 1280x720@30"))?;
                if !(16..=4096).contains(&width) || !(16..=4096).contains(&height) {
                    return Err(format!("{width}x{height} is outside 16x16 to 4096x4096"));
                }
                if !(1..=120).contains(&fps) {
                    return Err(format!("{fps} frames a second is outside 1 to 120"));
                }
                Ok(Self::Pattern { width, height, fps })
            }
            ("y4m", Some(path)) => Ok(Self::Y4m(path.into())),
            ("device", _) => Ok(Self::Device),
            ("screen", None) => Ok(Self::Screen),
            ("none", None) => Ok(Self::None),
            _ => Err(
                "a video source is pattern[:WxH@FPS], y4m:PATH, device[:NAME], screen or none"
                    .into(),
            ),
        }
    }
}

impl TryFrom<String> for VideoSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for AudioSpec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for AudioSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match split(text) {
            ("sweep", None) => Ok(Self::Sweep),
            ("tone", Some(hz)) => match hz.parse::<f32>() {
                Ok(hz) if (20.0..=20_000.0).contains(&hz) => Ok(Self::Tone(hz)),
                _ => Err(format!("`{hz}` is not a frequency from 20 to 20000 Hz")),
            },
            ("wav", Some(path)) => Ok(Self::Wav(path.into())),
            ("device", _) => Ok(Self::Device),
            ("none", None) => Ok(Self::None),
            _ => Err("an audio source is sweep, tone:HZ, wav:PATH, device[:NAME] or none".into()),
        }
    }
}

fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((kind, rest)) => (kind, Some(rest)),
        None => (text, None),
    }
}

fn parse_format(text: &str) -> Option<(u32, u32, u32)> {
    let (size, fps) = text.split_once('@').unwrap_or((text, "30"));
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?, fps.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{AudioSpec, VideoSpec};

    #[test]
    fn video_sources_are_read() {
        let hd = VideoSpec::Pattern {
            width: 1280,
            height: 720,
            fps: 30,
        };
        assert_eq!("pattern".parse(), Ok(hd));
        assert_eq!(
            "pattern:640x360@15".parse(),
            Ok(VideoSpec::Pattern {
                width: 640,
                height: 360,
                fps: 15
            })
        );
        assert_eq!(
            "y4m:/tmp/a:b.y4m".parse(),
            Ok(VideoSpec::Y4m("/tmp/a:b.y4m".into()))
        );
        assert_eq!("none".parse(), Ok(VideoSpec::None));
    }

    #[test]
    fn a_wrong_source_names_its_fault() {
        assert!(
            "pattern:8x8@30"
                .parse::<VideoSpec>()
                .unwrap_err()
                .contains("16x16")
        );
        assert!(
            "pattern:640x360@999"
                .parse::<VideoSpec>()
                .unwrap_err()
                .contains("120")
        );
        assert!("tone:1".parse::<AudioSpec>().unwrap_err().contains("20000"));
        assert!("sweep:3".parse::<AudioSpec>().is_err());
    }
}

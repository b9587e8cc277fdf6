//! Sound from a WAV file of any rate, sample format and number of channels.
//!
//! The file is read as it is played, so its length does not matter.

use std::fs::File;
use std::io::BufReader;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use hound::{SampleFormat, WavReader};

use super::audio_pace::AudioPace;
use super::{AudioSource, Next};
use crate::audio::Resampler;
use crate::frame::{AudioFrame, SAMPLES_PER_FRAME};

/// Sample rates a file may have, in Hz.
pub const FILE_RATES: RangeInclusive<u32> = 4000..=384_000;
/// Input frames (one sample of each channel) converted at a time.
const CHUNK: usize = 1024;

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// It cannot be opened, read or understood.
    #[error("cannot read the WAV file")]
    Read(#[source] hound::Error),
    /// Its sample rate, in Hz, is outside [`FILE_RATES`].
    #[error("sample rate of {0} Hz is outside {min}..={max}", min = FILE_RATES.start(), max = FILE_RATES.end())]
    Rate(u32),
    /// There is no sound in it.
    #[error("the WAV file is empty")]
    Empty,
}

/// What happens after the last sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtEnd {
    /// It begins anew.
    #[default]
    Loop,
    /// The source ends.
    Stop,
}

/// A WAV file in real time, mixed down to mono.
pub struct WavFile {
    reader: WavReader<BufReader<File>>,
    at_end: AtEnd,
    resampler: Resampler,
    converted: Vec<f32>,
    finished: bool,
    pace: AudioPace,
}

impl WavFile {
    /// Opens the file; it plays from the first call of [`AudioSource::next_frame`].
    ///
    /// # Errors
    /// When the file cannot be opened or played.
    pub fn open(path: impl AsRef<Path>, at_end: AtEnd) -> Result<Self, WavError> {
        let reader = WavReader::open(path).map_err(WavError::Read)?;
        let rate = reader.spec().sample_rate;
        if !FILE_RATES.contains(&rate) {
            return Err(WavError::Rate(rate));
        }
        if reader.duration() == 0 {
            return Err(WavError::Empty);
        }
        Ok(Self {
            reader,
            at_end,
            resampler: Resampler::new(rate),
            converted: Vec::new(),
            finished: false,
            pace: AudioPace::new(),
        })
    }

    /// The next 20 ms, the last one filled up with silence.
    fn frame(&mut self) -> Option<Vec<i16>> {
        while self.converted.len() < SAMPLES_PER_FRAME && !self.finished {
            self.convert_some();
        }
        if self.converted.is_empty() {
            return None;
        }
        let count = self.converted.len().min(SAMPLES_PER_FRAME);
        let mut frame: Vec<i16> = self.converted.drain(..count).map(to_i16).collect();
        frame.resize(SAMPLES_PER_FRAME, 0);
        Some(frame)
    }

    fn convert_some(&mut self) {
        let input = self.read_mono();
        if !input.is_empty() {
            self.resampler.push(&input, &mut self.converted);
            return;
        }
        if self.at_end == AtEnd::Stop || self.reader.seek(0).is_err() {
            self.resampler.finish(&mut self.converted);
            self.finished = true;
        }
    }

    /// Nothing at the end of the file, or where it is damaged.
    fn read_mono(&mut self) -> Vec<f32> {
        let spec = self.reader.spec();
        let wanted = CHUNK * usize::from(spec.channels);
        let interleaved: Vec<f32> = match spec.sample_format {
            SampleFormat::Float => self
                .reader
                .samples::<f32>()
                .take(wanted)
                .map_while(Result::ok)
                .collect(),
            SampleFormat::Int => {
                let full_scale = (1u64 << (spec.bits_per_sample.max(1) - 1)) as f32;
                let samples = self.reader.samples::<i32>().take(wanted);
                samples
                    .map_while(Result::ok)
                    .map(|sample| sample as f32 / full_scale)
                    .collect()
            }
        };
        let channels = interleaved.chunks_exact(usize::from(spec.channels.max(1)));
        channels
            .map(|frame| frame.iter().sum::<f32>() / frame.len() as f32)
            .collect()
    }
}

impl std::fmt::Debug for WavFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavFile")
            .field("spec", &self.reader.spec())
            .field("at_end", &self.at_end)
            .finish_non_exhaustive()
    }
}

fn to_i16(sample: f32) -> i16 {
    // The cast saturates, so that loud passages clip instead of wrapping.
    (sample * 32_768.0).round() as i16
}

impl AudioSource for WavFile {
    fn next_frame(&mut self, wait: Duration) -> Next<AudioFrame> {
        let Some(tick) = self.pace.tick(wait) else {
            return Next::NotYet;
        };
        match self.frame() {
            Some(samples) => Next::Frame(AudioFrame::new(samples, tick.timestamp)),
            None => Next::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_files::TempFile;
    use hound::{WavSpec, WavWriter};

    fn spec(rate: u32, channels: u16) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        }
    }

    fn write(file: &TempFile, spec: WavSpec, samples: impl IntoIterator<Item = i16>) {
        let mut writer = WavWriter::create(file.path(), spec).unwrap();
        for sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn stereo_is_mixed_and_the_end_is_padded() {
        let file = TempFile::new("stereo.wav");
        write(&file, spec(48_000, 2), (0..1000).flat_map(|_| [6000, 2000]));
        let mut source = WavFile::open(file.path(), AtEnd::Stop).unwrap();
        let first = source.frame().unwrap();
        assert!(first[200..].iter().all(|&s| s.abs_diff(4000) < 10));
        let second = source.frame().unwrap();
        assert_eq!(second.len(), 960);
        assert!(second[60..].iter().all(|&s| s == 0));
        assert!(source.frame().is_none());
    }

    #[test]
    fn other_rates_keep_their_length() {
        let file = TempFile::new("slow.wav");
        write(&file, spec(8000, 1), (0..8000).map(|_| 1000));
        let mut source = WavFile::open(file.path(), AtEnd::Stop).unwrap();
        let frames = std::iter::from_fn(|| source.frame()).count();
        assert_eq!(frames, 50);
    }

    #[test]
    fn a_looping_file_never_ends() {
        let file = TempFile::new("loop.wav");
        write(&file, spec(48_000, 1), (0..300).map(|_| 5000));
        let mut source = WavFile::open(file.path(), AtEnd::Loop).unwrap();
        for _ in 0..3 {
            source.frame().unwrap();
        }
        assert!(
            source
                .frame()
                .unwrap()
                .iter()
                .all(|&s| s.abs_diff(5000) < 10)
        );
    }

    #[test]
    fn float_files_are_read() {
        let file = TempFile::new("float.wav");
        let float = WavSpec {
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
            ..spec(48_000, 1)
        };
        let mut writer = WavWriter::create(file.path(), float).unwrap();
        for _ in 0..960 {
            writer.write_sample(0.5f32).unwrap();
        }
        writer.finalize().unwrap();
        let mut source = WavFile::open(file.path(), AtEnd::Loop).unwrap();
        source.frame().unwrap();
        assert!(
            source
                .frame()
                .unwrap()
                .iter()
                .all(|&s| s.abs_diff(16_384) < 10)
        );
    }

    #[test]
    fn unusable_files_are_errors() {
        assert!(matches!(
            WavFile::open("/nonexistent.wav", AtEnd::Stop),
            Err(WavError::Read(_))
        ));
        let file = TempFile::new("empty.wav");
        write(&file, spec(48_000, 1), []);
        assert!(matches!(
            WavFile::open(file.path(), AtEnd::Stop),
            Err(WavError::Empty)
        ));
        write(&file, spec(1000, 1), [1]);
        assert!(matches!(
            WavFile::open(file.path(), AtEnd::Stop),
            Err(WavError::Rate(1000))
        ));
    }
}

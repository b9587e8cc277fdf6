//! Keeps sound as a WAV file: 48 kHz, mono, 16 bit.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hound::{SampleFormat, WavSpec};

use crate::frame::{AudioFrame, SAMPLE_RATE};
use crate::render::AudioRenderer;

/// The file is made valid up to here this often, so that little is lost if the
/// process is killed: after every second of sound.
const SAMPLES_PER_CHECKPOINT: u32 = SAMPLE_RATE;
/// A WAV file holds 4 GiB, 12 hours of sound; the rest is not written.
const MAX_SAMPLES: u32 = u32::MAX / 2 - 1024;

/// Why sound was not kept.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WavWriteError {
    /// The file cannot be written.
    #[error("cannot write the WAV file")]
    Write(#[source] Arc<hound::Error>),
    /// The file is as long as a WAV file can be; what was written is valid.
    #[error("a WAV file cannot be longer")]
    Full,
}

impl From<hound::Error> for WavWriteError {
    fn from(error: hound::Error) -> Self {
        Self::Write(Arc::new(error))
    }
}

/// A renderer that writes a WAV file; clones write the same file.
///
/// Add a clone to a track and keep one to [`finish`](Self::finish). Dropping the
/// last clone finishes the file too, but keeps errors to itself.
#[derive(Clone)]
pub struct WavWriter {
    state: Arc<Mutex<State>>,
}

struct State {
    file: Option<hound::WavWriter<BufWriter<File>>>,
    written: u32,
    error: Option<WavWriteError>,
}

impl WavWriter {
    /// Creates the file, or empties it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, WavWriteError> {
        let spec = WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec)?;
        file.flush()?;
        let state = State {
            file: Some(file),
            written: 0,
            error: None,
        };
        Ok(Self {
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Completes the file; sound that comes later is ignored. Returns the samples in it.
    ///
    /// # Errors
    /// What went wrong first, now or while sound was written.
    pub fn finish(&self) -> Result<u32, WavWriteError> {
        let mut state = self.lock();
        if let Some(file) = state.file.take()
            && let Err(error) = file.finalize()
        {
            state.fail(error.into());
        }
        state.error.clone().map_or(Ok(state.written), Err)
    }

    /// What went wrong so far; nothing is written after that.
    #[must_use]
    pub fn error(&self) -> Option<WavWriteError> {
        self.lock().error.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, samples: &[i16]) -> Result<(), WavWriteError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let count = samples.len() as u32;
        if count > MAX_SAMPLES - self.written {
            return Err(WavWriteError::Full);
        }
        for &sample in samples {
            file.write_sample(sample)?;
        }
        let checkpoints = |written: u32| written / SAMPLES_PER_CHECKPOINT;
        let before = checkpoints(self.written);
        self.written += count;
        if checkpoints(self.written) != before {
            file.flush()?;
        }
        Ok(())
    }

    fn fail(&mut self, error: WavWriteError) {
        tracing::warn!(%error, "received sound is no longer kept");
        self.error.get_or_insert(error);
        // Dropping it completes the header where that is still possible.
        self.file = None;
    }
}

impl AudioRenderer for WavWriter {
    fn render(&mut self, frame: &AudioFrame) {
        let mut state = self.lock();
        if let Err(error) = state.write(frame.samples()) {
            state.fail(error);
        }
    }
}

impl std::fmt::Debug for WavWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.lock();
        f.debug_struct("WavWriter")
            .field("written", &state.written)
            .field("error", &state.error)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_files::TempFile;
    use std::time::Duration;

    fn frame(value: i16) -> AudioFrame {
        AudioFrame::new(vec![value; 960], Duration::ZERO)
    }

    fn read(file: &TempFile) -> Vec<i16> {
        let mut reader = hound::WavReader::open(file.path()).unwrap();
        assert_eq!(
            (reader.spec().sample_rate, reader.spec().channels),
            (48_000, 1)
        );
        reader.samples().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_rendered_is_in_the_file() {
        let file = TempFile::new("kept.wav");
        let writer = WavWriter::create(file.path()).unwrap();
        let mut renderer = writer.clone();
        renderer.render(&frame(1));
        renderer.render(&frame(-2));
        assert_eq!(writer.finish().unwrap(), 1920);
        renderer.render(&frame(3));
        assert_eq!(read(&file), [vec![1; 960], vec![-2; 960]].concat());
        assert_eq!(writer.finish().unwrap(), 1920);
    }

    #[test]
    fn a_killed_process_leaves_a_valid_file() {
        let file = TempFile::new("killed.wav");
        let mut writer = WavWriter::create(file.path()).unwrap();
        assert_eq!(read(&file).len(), 0);
        for _ in 0..75 {
            writer.render(&frame(7));
        }
        // Not finished, not dropped: as a killed process would leave it.
        assert_eq!(read(&file), vec![7; 48_000]);
        drop(writer);
        assert_eq!(read(&file).len(), 75 * 960);
    }

    #[test]
    fn files_that_cannot_be_written_are_errors() {
        assert!(matches!(
            WavWriter::create("/nonexistent/sound.wav"),
            Err(WavWriteError::Write(_))
        ));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_reported() {
        assert!(matches!(
            WavWriter::create("/dev/full"),
            Err(WavWriteError::Write(_))
        ));
    }
}

//! What one side of a call kept.

use std::fs::read_dir;
use std::path::{Path, PathBuf};

use visavis::media::measure::SweepReading;

use crate::error::BenchError;

/// The only file with this extension.
pub(crate) fn only_file(folder: &Path, extension: &'static str) -> Result<PathBuf, BenchError> {
    read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|found| found == extension))
        .ok_or(BenchError::NothingSaved { extension })
}

/// What the recording of the only sound says.
pub(crate) fn sound(folder: &Path) -> Result<SweepReading, BenchError> {
    let samples = hound::WavReader::open(only_file(folder, "wav")?)
        .and_then(|mut sound| sound.samples().collect::<Result<Vec<i16>, _>>())
        .map_err(|error| BenchError::Unreadable(error.into()))?;
    Ok(SweepReading::analyse(&samples))
}

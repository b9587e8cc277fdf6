//! `visavis verdict`: judges a call by the files that its two sides saved,
//! and by nothing else.
//!
//! The picture carries its frame counter and clock, the sound carries marks:
//! what was sent can be made again from what was received, and compared.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use visavis::media::measure::{PatternReading, SweepReading};

use crate::exit::{Failure, Outcome, Reason};
use crate::source::VideoSpec;

/// The least luma PSNR that counts as the sent picture, in dB, on average.
const LEAST_PSNR: f64 = 30.0;
/// The least share of the pattern's frame rate that must have arrived.
const LEAST_RATE: f64 = 0.8;
/// The most sound that may be missing or repeated, as a share of what was heard.
const MOST_SOUND_FAULTS: f64 = 0.01;

/// Judge a call by the files that its sides saved
#[derive(Debug, Args)]
pub(crate) struct VerdictCommand {
    /// The pattern that was sent
    #[arg(long, value_name = "SOURCE", default_value = VideoSpec::DEFAULT)]
    sent: VideoSpec,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Folders with user-ID.y4m and user-ID.wav
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
}

impl VerdictCommand {
    pub(crate) fn run(self) -> Outcome {
        let VideoSpec::Pattern { width, height, fps } = self.sent else {
            return Err(Failure::new(Reason::Usage, "only a pattern can be judged"));
        };
        let mut receptions = Vec::new();
        for folder in &self.folders {
            receptions.push(Reception::read(folder, (width, height))?);
        }
        let problems: Vec<String> = receptions
            .iter()
            .flat_map(|reception| reception.problems(f64::from(fps)))
            .collect();
        if self.json {
            let sides: Vec<Value> = receptions.iter().map(Reception::figures).collect();
            println!(
                "{}",
                json!({ "verdict": problems.is_empty(), "sides": sides, "problems": problems })
            );
        } else {
            receptions.iter().for_each(Reception::print);
            if problems.is_empty() {
                println!("verdict: the call was seen and heard on both sides");
            }
        }
        match problems.first() {
            None => Ok(()),
            Some(_) => Err(Failure::new(Reason::Verdict, problems.join("; "))),
        }
    }
}

/// What one side received.
struct Reception {
    name: String,
    picture: PatternReading,
    sound: SweepReading,
}

impl Reception {
    fn read(folder: &Path, (width, height): (u32, u32)) -> Result<Self, Failure> {
        let movie = only_file(folder, "y4m")?;
        let file = File::open(&movie).map_err(|error| broken(&movie, &error))?;
        let picture =
            PatternReading::of_y4m(BufReader::with_capacity(1 << 20, file), width, height)
                .map_err(|error| broken(&movie, &error))?;
        let recording = only_file(folder, "wav")?;
        let samples = hound::WavReader::open(&recording)
            .and_then(|mut reader| reader.samples::<i16>().collect::<Result<Vec<_>, _>>())
            .map_err(|error| broken(&recording, &error))?;
        Ok(Self {
            name: folder.display().to_string(),
            picture,
            sound: SweepReading::analyse(&samples),
        })
    }

    fn problems(&self, fps: f64) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem = |text: String| problems.push(format!("{}: {text}", self.name));
        match self.picture.quality() {
            None => problem("no picture could be read".into()),
            Some(quality) if quality.mean < LEAST_PSNR => {
                problem(format!(
                    "the picture has {:.1} dB, {LEAST_PSNR} are expected",
                    quality.mean
                ));
            }
            Some(_) => {}
        }
        let rate = self.picture.fps().unwrap_or_default();
        if rate < fps * LEAST_RATE {
            problem(format!("{rate:.1} frames a second arrived of {fps}"));
        }
        if self.sound.first_heard.is_none() {
            problem("nothing was heard".into());
        }
        let faults = self.sound.missing_ms + self.sound.repeated_ms;
        if faults as f64 > self.sound.heard_ms as f64 * MOST_SOUND_FAULTS {
            problem(format!(
                "{} ms of sound are missing, {} ms repeated",
                self.sound.missing_ms, self.sound.repeated_ms
            ));
        }
        problems
    }

    fn figures(&self) -> Value {
        let quality = self.picture.quality();
        json!({
            "side": self.name,
            "pictures": self.picture.pictures(),
            "missing": self.picture.missing(),
            "repeated": self.picture.repeated(),
            "out_of_order": self.picture.out_of_order(),
            "unreadable": self.picture.unreadable(),
            "fps": self.picture.fps(),
            "psnr_mean": quality.map(|q| q.mean),
            "psnr_worst": quality.map(|q| q.worst),
            "sound_heard_ms": self.sound.heard_ms,
            "sound_missing_ms": self.sound.missing_ms,
            "sound_repeated_ms": self.sound.repeated_ms,
            "sound_late_ms": self.sound.late_ms,
        })
    }

    fn print(&self) {
        println!("{}", self.name);
        let quality = self.picture.quality();
        println!(
            "  picture  {} frames, {:.1} a second, {} missing, {} repeated; luma PSNR {:.1} dB, at worst {:.1} dB",
            self.picture.pictures(),
            self.picture.fps().unwrap_or_default(),
            self.picture.missing(),
            self.picture.repeated(),
            quality.map_or(0.0, |q| q.mean),
            quality.map_or(0.0, |q| q.worst),
        );
        println!(
            "  sound    {:.1} s heard, {} ms missing, {} ms repeated, at most {} ms late",
            self.sound.heard_ms as f64 / 1000.0,
            self.sound.missing_ms,
            self.sound.repeated_ms,
            self.sound.late_ms,
        );
    }
}

/// The one file of that kind in a folder.
fn only_file(folder: &Path, extension: &str) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| broken(folder, &error))?;
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|known| known == extension));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        (None, _) => Err(Failure::new(
            Reason::Verdict,
            format_args!(
                "{} has no .{extension} file: nothing was received",
                folder.display()
            ),
        )),
        (Some(_), Some(_)) => Err(Failure::new(
            Reason::Usage,
            format_args!(
                "{} has several .{extension} files; one side of one call is expected",
                folder.display()
            ),
        )),
    }
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Reason::Verdict,
        format_args!("{} cannot be read: {error}", path.display()),
    )
}

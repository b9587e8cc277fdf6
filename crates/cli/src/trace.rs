//! `visavis replay` and `visavis trace`: what a call's trace is good for.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use visavis::Recorder;
use visavis_trace::{ReadError, ReplayError, Trace, draw, replay};

use crate::exit::{Failure, Outcome, Reason};

/// Feed call control again with what a trace says, and compare what it does
#[derive(Debug, Args)]
pub(crate) struct ReplayCommand {
    /// What `call --trace` or `answer --trace` recorded
    #[arg(value_name = "FILE")]
    trace: PathBuf,
}

impl ReplayCommand {
    pub(crate) fn run(self) -> Outcome {
        let trace = read(&self.trace)?;
        let file = self.trace.display();
        match replay(&trace) {
            Ok(summary) => {
                println!("{file}: {summary}");
                Ok(())
            }
            Err(ReplayError::Difference(difference)) => {
                println!("{file}: {difference}");
                let sentence = format!("{file}: the call does not go as recorded");
                Err(Failure::new(Reason::Verdict, sentence))
            }
            Err(error) => Err(Failure::new(
                Reason::Source,
                format_args!("{file}: {error}"),
            )),
        }
    }
}

/// Draw a trace as a sequence diagram
#[derive(Debug, Args)]
pub(crate) struct TraceCommand {
    /// What `call --trace` or `answer --trace` recorded
    #[arg(value_name = "FILE")]
    trace: PathBuf,
    /// Where to; by default the name of the trace with .svg at its end
    #[arg(short, long, value_name = "FILE.svg")]
    output: Option<PathBuf>,
}

impl TraceCommand {
    pub(crate) fn run(self) -> Outcome {
        let trace = read(&self.trace)?;
        let output = self.output.unwrap_or_else(|| {
            let mut name = self.trace.into_os_string();
            name.push(".svg");
            name.into()
        });
        std::fs::write(&output, draw(&trace)).map_err(|error| unusable(&output, "written", &error))
    }
}

/// The file of `--trace`.
pub(crate) fn create(path: &Path) -> Result<Recorder, Failure> {
    Recorder::create(path).map_err(|error| unusable(path, "written", &error))
}

fn read(path: &Path) -> Result<Trace, Failure> {
    let file = File::open(path).map_err(|error| unusable(path, "read", &error))?;
    let trace = Trace::read(BufReader::new(file)).map_err(|error| match error {
        ReadError::Io(error) => unusable(path, "read", &error),
        // It may quote the file, and a terminal obeys more than text.
        line @ ReadError::Line { .. } => {
            let line = line.to_string().replace(char::is_control, "\u{fffd}");
            Failure::new(Reason::Source, format_args!("{}, {line}", path.display()))
        }
    })?;
    if let Some(line) = trace.torn {
        let file = path.display();
        eprintln!(
            "{file}, line {line}: the trace breaks off in the middle; what comes before is used"
        );
    } else if trace.ending.is_none() {
        eprintln!(
            "{}: the trace breaks off after its last line",
            path.display()
        );
    }
    let (by, this) = (&trace.header.recorded_by, env!("CARGO_PKG_VERSION"));
    if by != this {
        eprintln!("{}: recorded by {by}, this is {this}", path.display());
    }
    Ok(trace)
}

fn unusable(path: &Path, how: &str, error: &std::io::Error) -> Failure {
    let path = path.display();
    Failure::new(
        Reason::Source,
        format_args!("{path} cannot be {how}: {error}"),
    )
}

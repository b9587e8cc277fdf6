//! Reading a trace. Whoever wrote it, it costs an error that names the line, and never more memory
//! than the bounds that are named here.

use std::io::{self, BufRead, Read};

use serde::de::IgnoredAny;
use thiserror::Error;
use visavis_call::{Command, CommandError, ConfigError, Input, Output, Time};

use crate::line::{Ending, Header, ReadStep, VERSION, time};

/// The longest line, in bytes. The longest signal takes a tenth of it.
const LINE_AT_MOST: u64 = 1 << 20;
/// The longest trace, in bytes.
const TRACE_AT_MOST: u64 = 256 << 20;

/// A trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What the core began with.
    pub header: Header,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// How it ends. One without an end was cut off.
    pub ending: Option<Ending>,
    /// The number of the last line, if it was cut off in the middle. It is not among the steps.
    pub torn: Option<usize>,
}

/// Something that a core was told, and what it did about it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The number of its line, from 1.
    pub line: usize,
    /// When it happened.
    pub at: Time,
    /// What the core was told.
    pub act: Act,
    /// What it did.
    pub outcome: Outcome,
    /// When it wanted to be woken afterward.
    pub wake: Option<Time>,
    /// The line as it was read.
    pub(crate) text: Box<str>,
}

/// What a core is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The app wants something.
    Command(Command),
    /// Something happened.
    Input(Input),
}

/// What a core did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This.
    Done(Vec<Output>),
    /// It refused a command.
    Refused(CommandError),
}

/// Why a file is not a trace. Whoever chose the file has to act.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Io(#[source] io::Error),
    /// A line makes no sense.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is empty, or what comes first is not the first line of a trace.
    #[error("a trace begins with {{\"visavis_trace\":{VERSION},…}}")]
    NotATrace,
    /// The format is a newer one.
    #[error("the format {found} is not known, only {VERSION}")]
    Format {
        /// Which one.
        found: u64,
    },
    /// No core can have these settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is not JSON, or says something else than a step.
    #[error("it is not a step: {}", told(.0))]
    Step(serde_json::Error),
    /// It says neither what happened nor what the app wants, or both; or the same of the outcome.
    #[error("a step has one of `command` and `input`, and one of `outputs` and `refused`")]
    Parts,
    /// An input is never refused.
    #[error("an input cannot be refused")]
    InputRefused,
    /// The trace has ended before.
    #[error("nothing follows the end of a trace")]
    AfterEnd,
    /// The line is too long.
    #[error("it is longer than {LINE_AT_MOST} bytes")]
    LineTooLong,
    /// The file is too long.
    #[error("a trace is at most {TRACE_AT_MOST} bytes long")]
    TooLong,
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// It cannot be read, or a line is not one of a trace. A last line that was cut off in the
    /// middle is no error: that is how the trace of a process ends that died.
    pub fn read(source: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = Lines {
            source: source.take(TRACE_AT_MOST + 1),
            number: 0,
        };
        let first = lines.next()?.unwrap_or_default();
        let header = header(&first.text).map_err(|problem| lines.wrong(problem))?;
        let mut trace = Self {
            header,
            steps: Vec::new(),
            ending: None,
            torn: None,
        };
        while let Some(line) = lines.next()? {
            if trace.ending.is_some() {
                return Err(lines.wrong(Problem::AfterEnd));
            }
            if line.is_torn && is_cut_off(&line.text) {
                trace.torn = Some(lines.number);
            } else if let Ok(ending) = serde_json::from_slice(&line.text) {
                trace.ending = Some(ending);
            } else {
                let step = step(lines.number, &line.text);
                trace
                    .steps
                    .push(step.map_err(|problem| lines.wrong(problem))?);
            }
        }
        Ok(trace)
    }
}

#[derive(Default)]
struct Line {
    text: Vec<u8>,
    /// It has no end.
    is_torn: bool,
}

struct Lines<R> {
    source: io::Take<R>,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Line>, ReadError> {
        let mut text = Vec::new();
        let mut source = Read::by_ref(&mut self.source).take(LINE_AT_MOST + 1);
        source.read_until(b'\n', &mut text).map_err(ReadError::Io)?;
        self.number += 1;
        if self.source.limit() == 0 {
            return Err(self.wrong(Problem::TooLong));
        }
        let is_torn = text.pop_if(|byte| *byte == b'\n').is_none();
        if is_torn && text.is_empty() {
            return Ok(None);
        }
        if text.len() as u64 > LINE_AT_MOST {
            return Err(self.wrong(Problem::LineTooLong));
        }
        Ok(Some(Line { text, is_torn }))
    }

    const fn wrong(&self, problem: Problem) -> ReadError {
        ReadError::Line {
            line: self.number,
            problem,
        }
    }
}

/// What serde says, which knows of one line only.
fn told(error: &serde_json::Error) -> String {
    error
        .to_string()
        .replace(" at line 1 column ", " in column ")
}

/// Whether it is the beginning of something in JSON.
fn is_cut_off(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

fn header(line: &[u8]) -> Result<Header, Problem> {
    let read: serde_json::Value = serde_json::from_slice(line).map_err(|_| Problem::NotATrace)?;
    let format = read["visavis_trace"].as_u64().ok_or(Problem::NotATrace)?;
    if format != u64::from(VERSION) {
        return Err(Problem::Format { found: format });
    }
    let header: Header = serde_json::from_value(read).map_err(|_| Problem::NotATrace)?;
    header.config.validate()?;
    Ok(header)
}

fn step(number: usize, line: &[u8]) -> Result<Step, Problem> {
    let read: ReadStep = serde_json::from_slice(line).map_err(Problem::Step)?;
    let act = match (read.command, read.input) {
        (Some(command), None) => Act::Command(command),
        (None, Some(input)) => Act::Input(input),
        _ => return Err(Problem::Parts),
    };
    let outcome = match (read.outputs, read.refused) {
        (Some(outputs), None) => Outcome::Done(outputs),
        (None, Some(error)) if matches!(act, Act::Command(_)) => Outcome::Refused(error),
        (None, Some(_)) => return Err(Problem::InputRefused),
        _ => return Err(Problem::Parts),
    };
    Ok(Step {
        line: number,
        at: time(read.at_ns),
        act,
        outcome,
        wake: read.wake_ns.map(time),
        text: String::from_utf8_lossy(line).into(),
    })
}

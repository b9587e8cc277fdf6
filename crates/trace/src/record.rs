//! Writing a trace while it happens.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use visavis_call::{CallConfig, Command, CommandError, ConfigError, Core, Input, Output, Time};
use visavis_signal::UserId;

use crate::line::{Ending, Header, Scribe, WrittenStep, line};

/// How long a trace may become, in bytes, unless something else is said: some twenty thousand
/// steps.
pub const DEFAULT_LIMIT: u64 = 16 << 20;

/// Where a trace is written to.
///
/// Each line is written and flushed before the next step, so that a process that dies leaves all
/// but the step in which it died. A trace that cannot be written any further ends with a warning
/// in the log; the call goes on.
pub struct Recorder {
    sink: Option<Box<dyn Write + Send>>,
    limit: u64,
    written: u64,
    scribe: Scribe,
}

impl Recorder {
    /// Writes into anything.
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        Self {
            sink: Some(Box::new(sink)),
            limit: DEFAULT_LIMIT,
            written: 0,
            scribe: Scribe::default(),
        }
    }

    /// Writes into a new file, or over an old one.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        File::create(path).map(Self::new)
    }

    /// How long it may become, in bytes. The trace then ends with a line that says so.
    #[must_use]
    pub const fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    fn begin(&mut self, user: UserId, config: CallConfig, seed: u64) {
        self.write(&line(&Header::new(user, config, seed)));
    }

    fn finish(
        &mut self,
        mut step: WrittenStep,
        outcome: Result<&[Output], &CommandError>,
        core: &Core,
    ) {
        self.scribe.outcome(&mut step, outcome, core);
        self.write(&line(&step));
    }

    fn write(&mut self, line: &str) {
        let last = crate::line::line(&Ending::Limit { bytes: self.limit });
        let needed = line.len() as u64 + last.len() as u64;
        if self.written.saturating_add(needed) > self.limit {
            self.put(&last);
            self.sink = None;
        } else {
            self.put(line);
        }
    }

    fn put(&mut self, line: &str) {
        let Some(sink) = &mut self.sink else { return };
        self.written += line.len() as u64;
        let written = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "the trace cannot be written any further");
            self.sink = None;
        }
    }

    const fn is_open(&self) -> bool {
        self.sink.is_some()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.put(&line(&Ending::Closed));
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("open", &self.is_open())
            .field("written", &self.written)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A core, and the trace of it if there is to be one.
#[derive(Debug)]
pub struct Recorded {
    core: Core,
    recorder: Option<Recorder>,
}

impl Recorded {
    /// A [new core](Core::new). What is to be recorded has to be so from its beginning.
    ///
    /// # Errors
    /// As [`Core::new`].
    pub fn new(
        me: UserId,
        config: CallConfig,
        seed: u64,
        recorder: Option<Recorder>,
    ) -> Result<Self, ConfigError> {
        let core = Core::new(me, config.clone(), seed)?;
        let mut recorded = Self { core, recorder };
        if let Some(recorder) = &mut recorded.recorder {
            recorder.begin(me, config, seed);
        }
        Ok(recorded)
    }

    /// The core.
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// As [`Core::handle`].
    #[must_use = "the outputs have to be carried out"]
    pub fn handle(&mut self, now: Time, input: Input) -> Vec<Output> {
        let step = self.open().map(|scribe| scribe.input(now, &input));
        let outputs: Vec<_> = self.core.handle(now, input).collect();
        self.close(step, Ok(&outputs));
        outputs
    }

    /// As [`Core::command`].
    ///
    /// # Errors
    /// As [`Core::command`].
    #[must_use = "the outputs have to be carried out"]
    pub fn command(&mut self, now: Time, command: Command) -> Result<Vec<Output>, CommandError> {
        let step = self.open().map(|scribe| scribe.command(now, &command));
        let outputs = self.core.command(now, command);
        let outputs = outputs.map(Iterator::collect::<Vec<_>>);
        self.close(step, outputs.as_deref());
        outputs
    }

    fn open(&mut self) -> Option<&mut Scribe> {
        let recorder = self.recorder.as_mut()?;
        recorder.is_open().then_some(&mut recorder.scribe)
    }

    fn close(&mut self, step: Option<WrittenStep>, outcome: Result<&[Output], &CommandError>) {
        if let (Some(step), Some(recorder)) = (step, &mut self.recorder) {
            recorder.finish(step, outcome, &self.core);
        }
    }
}

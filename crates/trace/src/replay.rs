//! Doing it again.
//!
//! A replay is a second recording, with the same inputs at the same times. It has to come to the
//! same lines.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use visavis_call::{ConfigError, Core, Output, Time};

use crate::line::{Scribe, WrittenStep};
use crate::read::{Act, Step, Trace};

/// What was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Commands and inputs.
    pub steps: usize,
    /// What the core did: signals, commands to connections, events.
    pub outputs: usize,
    /// From the first step to the last.
    pub span: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.span.as_secs_f64();
        let (steps, outputs) = (self.steps, self.outputs);
        write!(
            f,
            "{steps} steps over {seconds:.3} s gave the same {outputs} outputs"
        )
    }
}

/// Why a replay did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// No core can have the settings of the trace.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The core did something else than it did when the trace was recorded.
    #[error(transparent)]
    Difference(Box<Difference>),
}

/// The first step in which the core did something else.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "line {line}, at {:.3} s: {part} differs\nexpected {expected}\ngot      {got}",
    at.elapsed().as_secs_f64()
)]
pub struct Difference {
    /// The number of its line.
    pub line: usize,
    /// When it happened.
    pub at: Time,
    /// Which part of the line differs: `outputs[2]`, `wake_ns`.
    pub part: String,
    /// What the trace says, in JSON.
    pub expected: String,
    /// What it was this time, in JSON.
    pub got: String,
}

/// Feeds a new core with what a trace says, and compares what it does.
///
/// # Errors
/// The first difference.
pub fn replay(trace: &Trace) -> Result<Summary, ReplayError> {
    let header = &trace.header;
    let mut core = Core::new(header.user, header.config.clone(), header.seed)?;
    let mut scribe = Scribe::default();
    let mut outputs = 0;
    for step in &trace.steps {
        let (again, count) = perform(&mut core, &mut scribe, step);
        outputs += count;
        compare(step, &again).map_err(ReplayError::Difference)?;
    }
    let times = (trace.steps.first(), trace.steps.last());
    let span = match times {
        (Some(first), Some(last)) => last.at - first.at,
        _ => Duration::ZERO,
    };
    Ok(Summary {
        steps: trace.steps.len(),
        outputs,
        span,
    })
}

fn perform(core: &mut Core, scribe: &mut Scribe, step: &Step) -> (WrittenStep, usize) {
    let (mut written, outcome) = match step.act.clone() {
        Act::Command(command) => {
            let written = scribe.command(step.at, &command);
            let outcome = core.command(step.at, command);
            (written, outcome.map(Iterator::collect))
        }
        Act::Input(input) => {
            let written = scribe.input(step.at, &input);
            (written, Ok(core.handle(step.at, input).collect()))
        }
    };
    let outcome: Result<Vec<Output>, _> = outcome;
    scribe.outcome(&mut written, outcome.as_deref(), core);
    (written, outcome.map_or(0, |outputs| outputs.len()))
}

fn compare(step: &Step, again: &WrittenStep) -> Result<(), Box<Difference>> {
    // Both were JSON before.
    let expected: Value = serde_json::from_str(&step.text).unwrap_or_default();
    let got = serde_json::to_value(again).unwrap_or_default();
    if expected == got {
        return Ok(());
    }
    let (part, expected, got) = first_difference(&expected, &got);
    Err(Box::new(Difference {
        line: step.line,
        at: step.at,
        part,
        expected,
        got,
    }))
}

/// The name of a part and its two versions. What was done is what matters; what else is written
/// otherwise comes last.
fn first_difference(expected: &Value, got: &Value) -> (String, String, String) {
    if let (Some(these), Some(those)) = (expected["outputs"].as_array(), got["outputs"].as_array())
    {
        for at in 0..these.len().max(those.len()) {
            let (this, that) = (these.get(at), those.get(at));
            if this != that {
                return (format!("outputs[{at}]"), text(this), text(that));
            }
        }
    }
    for part in ["refused", "outputs", "wake_ns"] {
        let (this, that) = (expected.get(part), got.get(part));
        if this != that {
            return (part.into(), text(this), text(that));
        }
    }
    ("the line".into(), text(Some(expected)), text(Some(got)))
}

fn text(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".into(), Value::to_string)
}

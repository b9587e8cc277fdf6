//! The lines of a trace: how it begins, one for each step, how it ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use visavis_call::{CallConfig, Command, CommandError, Core, Input, Output, Time};
use visavis_signal::UserId;

use crate::stand_ins::StandIns;

/// The version of the format. Another one is not read.
pub(crate) const VERSION: u32 = 1;

/// The first line: what the core began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    #[serde(rename = "visavis_trace")]
    pub format: u32,
    /// Which version of this software recorded it. Another one may decide otherwise.
    pub recorded_by: String,
    /// The user whose device it is.
    pub user: UserId,
    /// What the core draws its ids from. In hexadecimal digits, because not everything that reads
    /// JSON reads large numbers.
    #[serde(with = "hexadecimal")]
    pub seed: u64,
    /// The settings.
    pub config: CallConfig,
}

impl Header {
    pub(crate) fn new(user: UserId, config: CallConfig, seed: u64) -> Self {
        Self {
            format: VERSION,
            recorded_by: env!("CARGO_PKG_VERSION").into(),
            user,
            seed,
            config,
        }
    }
}

mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{number:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map_err(D::Error::custom)
    }
}

/// A step as it is written.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct WrittenStep {
    at_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Value>,
    /// When the core wants to be woken afterward.
    #[serde(skip_serializing_if = "Option::is_none")]
    wake_ns: Option<u64>,
}

/// A step as it is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadStep {
    pub(crate) at_ns: u64,
    pub(crate) command: Option<Command>,
    pub(crate) input: Option<Input>,
    pub(crate) outputs: Option<Vec<Output>>,
    pub(crate) refused: Option<CommandError>,
    pub(crate) wake_ns: Option<u64>,
}

/// The last line, unless the process ended before it could be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", deny_unknown_fields)]
pub enum Ending {
    /// The client let go of call control.
    Closed,
    /// The trace has grown to its limit; what happened later is not in it.
    Limit {
        /// The limit.
        bytes: u64,
    },
}

/// Makes steps of what happens, with stand-ins for what is private.
#[derive(Debug, Default)]
pub(crate) struct Scribe {
    stand_ins: StandIns,
}

impl Scribe {
    pub(crate) fn command(&mut self, now: Time, command: &Command) -> WrittenStep {
        let mut command = command.clone();
        self.stand_ins.hide_command(&mut command);
        let command = Some(value(&command));
        WrittenStep {
            command,
            ..WrittenStep::at(now)
        }
    }

    pub(crate) fn input(&mut self, now: Time, input: &Input) -> WrittenStep {
        let mut input = input.clone();
        self.stand_ins.hide_input(&mut input);
        let input = Some(value(&input));
        WrittenStep {
            input,
            ..WrittenStep::at(now)
        }
    }

    /// Adds what the core did.
    pub(crate) fn outcome(
        &mut self,
        step: &mut WrittenStep,
        outcome: Result<&[Output], &CommandError>,
        core: &Core,
    ) {
        match outcome {
            Ok(outputs) => {
                let hidden = outputs.iter().map(|output| {
                    let mut output = output.clone();
                    self.stand_ins.hide_output(&mut output);
                    value(&output)
                });
                step.outputs = Some(hidden.collect());
            }
            Err(error) => step.refused = Some(value(error)),
        }
        step.wake_ns = core.next_timeout().map(nanoseconds);
    }
}

impl WrittenStep {
    fn at(now: Time) -> Self {
        Self {
            at_ns: nanoseconds(now),
            command: None,
            input: None,
            outputs: None,
            refused: None,
            wake_ns: None,
        }
    }
}

/// One line, with its end.
pub(crate) fn line(of: &impl Serialize) -> String {
    // Nothing in a trace is a map with other keys than texts, which is what JSON lacks.
    let mut line = serde_json::to_string(of).unwrap_or_default();
    line.push('\n');
    line
}

/// In JSON, without what is not there.
fn value(of: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(of).unwrap_or_default();
    leave_out_absent(&mut value);
    value
}

fn leave_out_absent(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(leave_out_absent);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_absent),
        _ => {}
    }
}

/// A process does not run for five hundred years.
fn nanoseconds(time: Time) -> u64 {
    u64::try_from(time.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) const fn time(nanoseconds: u64) -> Time {
    Time::since_origin(Duration::from_nanos(nanoseconds))
}

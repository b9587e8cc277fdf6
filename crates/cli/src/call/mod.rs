//! `call` and `answer`: the SDK on a command line.

mod commands;
mod incoming;
mod line;
mod media;
pub(crate) mod options;
mod outgoing;
mod recorder;
mod report;

pub(crate) use incoming::AnswerCommand;
pub(crate) use line::Stop;
pub(crate) use outgoing::CallCommand;

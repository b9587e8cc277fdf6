//! `visavis load`.

mod chat;
mod turn;

use std::fmt;

use clap::Subcommand;
use serde::Serialize;
use visavis_load::LoadError;

use self::chat::ChatCommand;
use self::turn::TurnCommand;
use crate::exit::{Failure, Outcome, Reason};

/// Put load on a server, and verify that nothing is lost
#[derive(Debug, Subcommand)]
pub(crate) enum LoadCommand {
    Chat(ChatCommand),
    Turn(TurnCommand),
}

impl LoadCommand {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Chat(command) => command.run(),
            Self::Turn(command) => command.run(),
        }
    }
}

/// Prints what was found, for people or as one JSON object.
fn print(report: &(impl fmt::Display + Serialize), json: bool) -> Result<(), Failure> {
    if json {
        let line =
            serde_json::to_string(report).map_err(|error| Failure::of(Reason::Usage, &error))?;
        println!("{line}");
    } else {
        print!("{report}");
    }
    Ok(())
}

/// The verdict on what should not have happened.
fn judge(failures: &[String]) -> Outcome {
    if failures.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Reason::Verdict, failures.join(", ")))
}

fn failure(error: &LoadError) -> Failure {
    let reason = match error {
        LoadError::Unreachable { .. } | LoadError::Slow { .. } | LoadError::NoAnswer { .. } => {
            Reason::Unreachable
        }
        LoadError::Refused { .. } | LoadError::Relay { .. } => Reason::Refused,
        LoadError::Login { .. } | LoadError::TooFewUsers { .. } => Reason::Usage,
        _ => Reason::Source,
    };
    Failure::of(reason, error)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    let possible = rate.is_finite() && rate > 0.0;
    possible
        .then_some(rate)
        .ok_or_else(|| "a number greater than 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_is_more_than_nothing() {
        assert_eq!(rate("0.5"), Ok(0.5));
        assert!(rate("inf").is_err() && rate("-1").is_err());
    }
}

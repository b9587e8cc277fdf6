//! Scripts: who does what, and what everybody must see. The language is described in the package's
//! `README.md`.

mod act;
mod cast;
mod check;
mod line;
mod tell;

use std::fmt;
use std::time::Duration;

use visavis_call::Time;

use self::cast::Cast;
use self::line::Line;
use crate::observer::Observer;

/// Why a script did not go as it says.
#[derive(Debug)]
pub struct Failure {
    /// The line of the script, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\n{}", self.line, self.text, self.problem)
    }
}

/// Longer than every timer of a call together.
const EPILOGUE: Duration = Duration::from_secs(300);

/// Plays a script. Afterwards everybody hangs up, and nothing may be left of any call.
///
/// # Errors
/// The first line that is not as it says.
pub fn play(script: &str) -> Result<Vec<Observer>, Failure> {
    let mut cast = Cast::new();
    for line in line::read(script)? {
        cast.play(&line).map_err(|problem| line.failure(problem))?;
    }
    end(cast)
}

fn end(mut cast: Cast) -> Result<Vec<Observer>, Failure> {
    cast.everybody_leaves(EPILOGUE);
    let left = cast.whoever_is_left();
    if left.is_empty() {
        Ok(cast.into_observers())
    } else {
        Err(Failure {
            line: 0,
            text: "after the end".into(),
            problem: format!("still in a call: {}", left.join(", ")),
        })
    }
}

impl Cast {
    fn play(&mut self, line: &Line) -> Result<(), String> {
        if let Some(at) = line.at {
            self.go_on(Time::since_origin(at))?;
        }
        match line.subject.as_str() {
            "person" => self.enter(line),
            "chat" => self.change_chat(line),
            "network" => self.change_network(line),
            "everybody" => self.check_everybody(line),
            _ => {
                let device = self.device(&line.subject)?;
                if self.check(device, line)? {
                    return Ok(());
                }
                self.act(device, line)
            }
        }
    }
}

//! What happened in a world, line by line, to understand a schedule that failed.

use std::fmt::Write as _;

use visavis_call::{Address, Command, Input, Time};
use visavis_signal::{Body, Signal, UserId};

use crate::client::Outcome;

/// The lines, oldest first. Nothing is kept unless it was asked for.
#[derive(Debug, Default)]
pub struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    /// Keeps everything from now on.
    pub fn begin(&mut self) {
        self.lines = Some(Vec::new());
    }

    /// Everything that was kept.
    pub fn text(&self) -> String {
        self.lines
            .iter()
            .flatten()
            .fold(String::new(), |mut text, line| {
                text.push_str(line);
                text.push('\n');
                text
            })
    }

    fn add(&mut self, now: Time, who: &Address, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let seconds = now.elapsed().as_secs_f64();
            lines.push(format!("{seconds:9.3} {:<14} {}", place(who), what()));
        }
    }

    pub(crate) fn command(&mut self, now: Time, who: &Address, command: &Command) {
        self.add(now, who, || format!("app wants {command:?}"));
    }

    pub(crate) fn input(&mut self, now: Time, who: &Address, input: &Input) {
        self.add(now, who, || match input {
            Input::Signal { from, signal } => {
                format!("hears {} from {}", brief(signal), place(from))
            }
            Input::Transport { peer, event, .. } => format!("connection to {peer}: {event:?}"),
            other => format!("{other:?}"),
        });
    }

    pub(crate) fn outcome(&mut self, now: Time, who: &Address, outcome: &Outcome) {
        self.add(now, who, || match outcome {
            Outcome::Send { to, signal } => format!("    says {} to {}", brief(signal), place(to)),
            Outcome::Transport { peer, command, .. } => {
                format!("    connection to {peer}: {command:?}")
            }
            Outcome::Event(event) => format!("    app is told {event:?}"),
            Outcome::Callback(callback) => format!("    app is told {callback:?}"),
        });
    }

    pub(crate) fn happened(&mut self, now: Time, user: UserId, what: &str) {
        self.add(now, &Address::bare(user), || what.to_owned());
    }
}

fn place(address: &Address) -> String {
    let mut text = address.user.to_string();
    if let Some(resource) = &address.resource {
        // Writing to a string does not fail.
        let _ = write!(text, "/{resource}");
    }
    text
}

/// What a signal says, in short; of its descriptions the whole.
fn brief(signal: &Signal) -> String {
    let join = signal.join.as_ref().map(|join| join.invitation);
    let what = match &signal.body {
        Body::Call { offer } => format!("call {:?} {join:?}", offer.as_str()),
        Body::Accept { answer } => format!("accept {:?}", answer.as_str()),
        Body::Update(update) => format!("update {update:?}"),
        _ => signal.kind().to_string(),
    };
    let session = &signal.session.as_str()[..2];
    format!("{what} in {session} {:?}", signal.user_info)
}

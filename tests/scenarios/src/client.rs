//! The two kinds of client that a simulated device may run.

use visavis_call::{Command, CommandError, Core, Event, Input, Output, Time, TransportCommand};
use visavis_signal::{SessionId, Signal, UserId};

use crate::foreign::{Callback, Foreign};

/// What a device runs.
#[derive(Debug)]
pub enum Client {
    /// Our own call control.
    Ours(Box<Core>),
    /// A client of the documented system, modeled by what it does on the wire.
    Foreign(Box<Foreign>),
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Send a signal.
    Send {
        /// To one device, or to all of a user.
        to: visavis_call::Address,
        /// What to say.
        signal: Signal,
    },
    /// Do something with a connection.
    Transport {
        /// The call.
        session: SessionId,
        /// With whom.
        peer: UserId,
        /// What to do.
        command: TransportCommand,
    },
    /// Our app is told.
    Event(Event),
    /// The app of a foreign client is told.
    Callback(Callback),
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        match output {
            Output::Send { to, signal } => Self::Send { to, signal },
            Output::Transport {
                session,
                peer,
                command,
            } => Self::Transport {
                session,
                peer,
                command,
            },
            Output::Event(event) => Self::Event(event),
        }
    }
}

impl Client {
    pub(crate) fn command(
        &mut self,
        now: Time,
        command: Command,
    ) -> Result<Vec<Outcome>, CommandError> {
        match self {
            Self::Ours(core) => Ok(core.command(now, command)?.map(Into::into).collect()),
            Self::Foreign(foreign) => foreign.command(now, command),
        }
    }

    pub(crate) fn handle(&mut self, now: Time, input: Input) -> Vec<Outcome> {
        match self {
            Self::Ours(core) => core.handle(now, input).map(Into::into).collect(),
            Self::Foreign(foreign) => foreign.handle(now, input),
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Time> {
        match self {
            Self::Ours(core) => core.next_timeout(),
            Self::Foreign(foreign) => foreign.next_timeout(),
        }
    }

    /// Our own call control, if that is what it is.
    pub fn core(&self) -> Option<&Core> {
        match self {
            Self::Ours(core) => Some(core),
            Self::Foreign(_) => None,
        }
    }

    /// The foreign client, if that is what it is.
    pub fn foreign(&self) -> Option<&Foreign> {
        match self {
            Self::Ours(_) => None,
            Self::Foreign(foreign) => Some(foreign),
        }
    }
}

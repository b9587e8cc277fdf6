//! Where a program runs: on this machine's network, or in a network of its own.

use std::ffi::OsStr;

use tokio::process::Command;

/// See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// On the network of this process.
    Here,
    /// In the network namespace of this name (ip-netns(8)).
    Network(&'a str),
}

impl Place<'_> {
    /// A command that runs there.
    pub(crate) fn command(self, program: impl AsRef<OsStr>) -> Command {
        match self {
            Self::Here => Command::new(program),
            Self::Network(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name]).arg(program);
                command
            }
        }
    }
}

//! Two processes of ours.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use visavis_interop_tests::cast::{Cast, NATIVE, SECOND_NATIVE, login, password};

use super::{Pair, Sent, Side};
use crate::error::BenchError;

/// Both, logged in and warm.
pub(crate) struct Persons {
    caller: Process,
    callee: Process,
}

struct Process {
    /// Ends with this.
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Persons {
    pub(crate) async fn start(cast: &Cast, sent: Sent) -> Result<Self, BenchError> {
        let mut persons = Self {
            caller: Process::start(cast, NATIVE, SECOND_NATIVE, sent)?,
            callee: Process::start(cast, SECOND_NATIVE, NATIVE, sent)?,
        };
        for side in Side::BOTH {
            persons.hear(side, "ready").await?;
        }
        Ok(persons)
    }

    const fn side(&mut self, side: Side) -> &mut Process {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
    }
}

impl Process {
    fn start(cast: &Cast, user: u32, peer: u32, sent: Sent) -> Result<Self, BenchError> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["person", "--server", &cast.url, "--login", &login(user)])
            .args(["--peer", &peer.to_string()])
            .args(["--camera", &sent.pictures.to_string()])
            .args(["--max-bitrate", &sent.max_kbits.to_string()])
            .env("VISAVIS_APP", &cast.app)
            .env("VISAVIS_PASSWORD", password(user))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(orders), Some(reports)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(BenchError::Ended { who: "a person" });
        };
        Ok(Self {
            child,
            orders,
            reports: BufReader::new(reports).lines(),
        })
    }
}

impl Pair for Persons {
    async fn order(&mut self, side: Side, order: &'static str) -> Result<(), BenchError> {
        let line = format!("{order}\n");
        Ok(self.side(side).orders.write_all(line.as_bytes()).await?)
    }

    async fn report(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError> {
        while let Some(line) = self.side(side).reports.next_line().await? {
            let report: Value = serde_json::from_str(&line).unwrap_or_default();
            if report["event"] == event {
                return Ok(report);
            }
        }
        Err(BenchError::Ended { who: "a person" })
    }

    fn process(&self, side: Side) -> Option<u32> {
        match side {
            Side::Caller => self.caller.child.id(),
            Side::Callee => self.callee.child.id(),
        }
    }
}

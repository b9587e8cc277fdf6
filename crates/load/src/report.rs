//! What a run has found.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::latency::Histogram;

/// Everything that was measured; what was not asked for is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Logins that came one after the other, before anything was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logins: Option<Logins>,
    /// Sessions that were held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Idle>,
    /// Messages that were routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// Logins that came all at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storm: Option<Storm>,
    /// Memory of the server's process while all sessions were there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_memory: Option<Memory>,
    /// Sessions that ended before they were to.
    pub sessions_lost: u64,
}

/// Logins, a few at a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Logins {
    /// How many.
    pub count: usize,
    /// How long all of them took, in seconds.
    pub seconds: f64,
    /// The server's processor time for each, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_login: Option<f64>,
}

/// Sessions that do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Idle {
    /// How many.
    pub sessions: usize,
    /// What each has added to the server's memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_bytes_per_session: Option<i64>,
}

/// What is resident of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// After a fifth of the time, when everything has been done once.
    pub warm_bytes: u64,
    /// At the end.
    pub end_bytes: u64,
}

impl Memory {
    /// By how much it has grown since it was warm, in percent.
    pub fn growth_percent(&self) -> f64 {
        (self.end_bytes as f64 / self.warm_bytes as f64 - 1.0) * 100.0
    }
}

/// Routed messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Messages {
    /// Pairs of users.
    pub pairs: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Messages a second that were to be sent; none in a closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How long messages were sent, in seconds.
    pub seconds: f64,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that arrived, doubles included.
    pub received: u64,
    /// Messages that never arrived.
    pub lost: u64,
    /// Messages that arrived once more.
    pub duplicated: u64,
    /// Messages that arrived behind later ones of their sender.
    pub reordered: u64,
    /// Messages that arrived and were not as they had been sent.
    pub broken: u64,
    /// Messages that arrived at somebody else.
    pub misdelivered: u64,
    /// Messages that came back as undeliverable.
    pub returned: u64,
    /// Messages that arrived, a second.
    pub per_second: f64,
    /// The server's processor time for each, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_message: Option<f64>,
    /// From the moment a message was meant to be sent to its arrival.
    pub latency: Latency,
    /// From the moment a message was meant to be sent to when it was: what
    /// this program adds to the latency.
    pub lateness: Latency,
}

/// How long something took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_us: f64,
    /// Nine of ten took no longer.
    pub p90_us: f64,
    /// 99 of 100 took no longer.
    pub p99_us: f64,
    /// 999 of 1000 took no longer.
    pub p999_us: f64,
    /// None took longer.
    pub max_us: f64,
}

/// Logins that came all at once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Storm {
    /// How many.
    pub logins: usize,
    /// How many had a resource in the end.
    pub bound: usize,
    /// From the first connection to the last resource, in seconds.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// The server's processor time for each, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_us_per_login: Option<f64>,
    /// Those who did not get in.
    pub stragglers: Vec<Straggler>,
}

/// Somebody who did not get in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Straggler {
    /// Who.
    pub login: String,
    /// Why.
    pub reason: String,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl Latency {
    pub(crate) fn of(histogram: &Histogram) -> Self {
        let quantile = |share| microseconds(histogram.quantile(share).unwrap_or_default());
        Self {
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: microseconds(histogram.max()),
        }
    }
}

/// In microseconds.
pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl Messages {
    /// What should not have happened to a message, in words; empty if nothing
    /// did.
    pub fn failures(&self) -> Vec<String> {
        let counts = [
            (self.lost, "lost"),
            (self.duplicated, "duplicated"),
            (self.reordered, "reordered"),
            (self.broken, "broken"),
            (self.misdelivered, "misdelivered"),
            (self.returned, "returned"),
        ];
        let told = counts.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} messages {what}"))
            .collect()
    }
}

impl Report {
    /// What should not have happened, in words; empty if nothing did.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if let Some(messages) = &self.messages {
            failures.extend(messages.failures());
        }
        if self.sessions_lost > 0 {
            failures.push(format!("{} sessions lost", self.sessions_lost));
        }
        if let Some(storm) = &self.storm
            && !storm.stragglers.is_empty()
        {
            failures.push(format!("{} logins failed", storm.stragglers.len()));
        }
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(logins) = &self.logins {
            let Logins { count, seconds, .. } = logins;
            write!(f, "logins: {count} in {seconds:.2} s")?;
            server_cpu(f, logins.server_cpu_us_per_login, "login")?;
        }
        if let Some(idle) = &self.idle {
            write!(f, "idle: {} sessions", idle.sessions)?;
            if let Some(bytes) = idle.resident_bytes_per_session {
                write!(f, ", {bytes} bytes of the server's memory each")?;
            }
            writeln!(f)?;
        }
        if let Some(messages) = &self.messages {
            write!(f, "{messages}")?;
        }
        if let Some(storm) = &self.storm {
            let (bound, logins) = (storm.bound, storm.logins);
            write!(
                f,
                "storm: {bound} of {logins} bound in {:.3} s",
                storm.took.as_secs_f64()
            )?;
            server_cpu(f, storm.server_cpu_us_per_login, "login")?;
            for Straggler { login, reason } in &storm.stragglers {
                writeln!(f, "  {login}: {reason}")?;
            }
        }
        if let Some(memory) = self.server_memory {
            writeln!(
                f,
                "memory of the server: {} kB after a fifth of the time, {} kB at the end",
                memory.warm_bytes / 1024,
                memory.end_bytes / 1024
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "messages: {} pairs, bodies of {} bytes, ",
            self.pairs, self.body_bytes
        )?;
        match self.rate {
            Some(rate) => write!(f, "{rate} a second, ")?,
            None => write!(f, "each answered by the next, ")?,
        }
        write!(
            f,
            "{:.1} s: {} sent, {} received, {} lost, {} duplicated, {} reordered, {} broken, \
             {} misdelivered, {} returned; {:.0} a second",
            self.seconds,
            self.sent,
            self.received,
            self.lost,
            self.duplicated,
            self.reordered,
            self.broken,
            self.misdelivered,
            self.returned,
            self.per_second
        )?;
        server_cpu(f, self.server_cpu_us_per_message, "message")?;
        writeln!(f, "  latency: {}", self.latency)?;
        if self.rate.is_some() {
            writeln!(f, "  sent late by: {}", self.lateness)?;
        }
        Ok(())
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.0}, p90 {:.0}, p99 {:.0}, p99.9 {:.0}, max {:.0} µs",
            self.p50_us, self.p90_us, self.p99_us, self.p999_us, self.max_us
        )
    }
}

/// Ends a line, with the server's processor time if it is known.
pub(crate) fn server_cpu(f: &mut fmt::Formatter<'_>, each: Option<f64>, what: &str) -> fmt::Result {
    match each {
        Some(each) => writeln!(f, "; {each:.1} µs of the server's processor time a {what}"),
        None => writeln!(f),
    }
}

#[cfg(test)]
mod tests {
    use super::{Memory, Messages, Report};

    #[test]
    fn growth_is_told_in_percent() {
        let memory = Memory {
            warm_bytes: 200,
            end_bytes: 210,
        };
        assert!((memory.growth_percent() - 5.0).abs() < 1e-9);
    }

    #[test]
    fn every_fault_is_a_failure() {
        assert!(Report::default().failures().is_empty());
        let messages = Messages {
            lost: 1,
            duplicated: 2,
            reordered: 3,
            broken: 4,
            misdelivered: 5,
            returned: 6,
            ..Messages::default()
        };
        let report = Report {
            messages: Some(messages),
            sessions_lost: 7,
            ..Report::default()
        };
        assert_eq!(
            report.failures().join(", "),
            "1 messages lost, 2 messages duplicated, 3 messages reordered, 4 messages broken, \
             5 messages misdelivered, 6 messages returned, 7 sessions lost"
        );
    }
}

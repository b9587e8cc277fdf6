//! What a process has used, as Linux tells (proc(5)).

use std::fs;
use std::io;
use std::time::Duration;

use crate::error::LoadError;
use crate::report::microseconds;

/// Ticks a second in /proc, the same on every Linux that Rust runs on.
const TICKS: u64 = 100;

/// One process at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Who started it.
    pub parent: u32,
    /// Processor time, its own and the system's for it, of all its threads.
    pub processor: Duration,
}

impl Process {
    /// Looks at a process.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn read(id: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        Self::parse(&stat).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// From `/proc/ID/stat`. The name in parentheses may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let ticks = number(11)? + number(12)?;
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            processor: Duration::from_millis(ticks * 1000 / TICKS),
        })
    }
}

/// A number of kB in one of a process's files, in bytes.
///
/// # Errors
/// When there is no such process, or it has no such number.
pub fn bytes(id: u32, file: &str, label: &str) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    let kibibytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes * 1024)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Memory of a process that is in use and in RAM, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn resident_bytes(id: u32) -> io::Result<u64> {
    bytes(id, "status", "VmRSS:")
}

/// The server's process, if it is known which it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched(pub(crate) Option<u32>);

impl Watched {
    fn look<T>(self, at: impl FnOnce(u32) -> io::Result<T>) -> Result<Option<T>, LoadError> {
        let Some(pid) = self.0 else {
            return Ok(None);
        };
        let seen = at(pid).map_err(|source| LoadError::Process { pid, source })?;
        Ok(Some(seen))
    }

    /// The processor time that it has used.
    pub(crate) fn processor(self) -> Result<Option<Duration>, LoadError> {
        self.look(|pid| Ok(Process::read(pid)?.processor))
    }

    /// The processor time that it has used since, for each of `count` things, in microseconds.
    pub(crate) fn each_since(
        self,
        before: Option<Duration>,
        count: u64,
    ) -> Result<Option<f64>, LoadError> {
        let spent = self.processor()?.zip(before);
        Ok(spent
            .filter(|_| count > 0)
            .map(|(after, before)| microseconds(after - before) / count as f64))
    }

    pub(crate) fn resident_bytes(self) -> Result<Option<u64>, LoadError> {
        self.look(resident_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Process, resident_bytes};
    use std::time::Duration;

    #[test]
    fn a_name_may_look_like_the_end_of_a_name() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 9";
        let process = Process {
            parent: 3,
            processor: Duration::from_millis(750),
        };
        assert_eq!(Process::parse(stat), Some(process));
    }

    #[test]
    fn this_process_takes_memory() {
        assert!(resident_bytes(std::process::id()).is_ok_and(|bytes| bytes > 0));
        assert!(Process::read(u32::MAX).is_err());
    }
}

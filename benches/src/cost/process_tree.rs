//! A process and all that it started, as Linux tells of them (proc(5)).

use std::collections::BTreeMap;
use std::fs;
use std::io;

/// Ticks a second in /proc, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// What a process and its descendants have used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ProcessTree {
    /// Of those that are alive.
    pub(super) processor_seconds: f64,
    /// Memory, with what several processes share divided among them.
    pub(super) proportional_bytes: u64,
    /// Sum of the most that each had in memory at once; what several share
    /// counts for each.
    pub(super) peak_bytes: u64,
}

impl ProcessTree {
    pub(super) fn read(root: u32) -> io::Result<Self> {
        let processes = all_processes()?;
        let mut tree = Self::default();
        let mut family = vec![root];
        while let Some(id) = family.pop() {
            let Some(process) = processes.get(&id) else {
                continue;
            };
            family.extend(
                processes
                    .iter()
                    .filter(|(_, other)| other.parent == id)
                    .map(|(id, _)| id),
            );
            tree.processor_seconds += process.ticks as f64 / TICKS;
            tree.proportional_bytes += kibibytes(id, "smaps_rollup", "Pss:") * 1024;
            tree.peak_bytes += kibibytes(id, "status", "VmHWM:") * 1024;
        }
        Ok(tree)
    }
}

#[derive(Debug, PartialEq)]
struct Process {
    parent: u32,
    ticks: u64,
}

impl Process {
    /// From `/proc/ID/stat`. The name in parentheses may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let (user, system): (u64, u64) =
            (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            ticks: user + system,
        })
    }
}

fn all_processes() -> io::Result<BTreeMap<u32, Process>> {
    let entries = fs::read_dir("/proc")?;
    // One that ended while it was looked at is left out.
    Ok(entries
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            Some((id, Process::parse(&stat)?))
        })
        .collect())
}

/// A number of kB in one of a process's files; 0 when it is not told.
fn kibibytes(id: u32, file: &str, label: &str) -> u64 {
    let read = || {
        let text = fs::read_to_string(format!("/proc/{id}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(label))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    read().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Process, ProcessTree};

    #[test]
    fn a_name_may_look_like_the_end_of_a_name() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 9";
        let process = Process::parse(stat);
        assert_eq!(
            process,
            Some(Process {
                parent: 3,
                ticks: 75
            })
        );
    }

    #[test]
    fn this_process_takes_memory() {
        let tree = ProcessTree::read(std::process::id());
        assert!(tree.is_ok_and(
            |tree| tree.proportional_bytes > 0 && tree.peak_bytes >= tree.proportional_bytes
        ));
    }
}

//! A process and all that it started, as Linux tells of them (proc(5)).

use std::collections::BTreeMap;
use std::fs;
use std::io;

use visavis_load::process::{Process, bytes};

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
            tree.processor_seconds += process.processor.as_secs_f64();
            // What is not told counts as nothing.
            tree.proportional_bytes += bytes(id, "smaps_rollup", "Pss:").unwrap_or(0);
            tree.peak_bytes += bytes(id, "status", "VmHWM:").unwrap_or(0);
        }
        Ok(tree)
    }
}

fn all_processes() -> io::Result<BTreeMap<u32, Process>> {
    let entries = fs::read_dir("/proc")?;
    // One that ended while it was looked at is left out.
    Ok(entries
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((id, Process::read(id).ok()?))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::ProcessTree;

    #[test]
    fn this_process_takes_memory() {
        let tree = ProcessTree::read(std::process::id());
        assert!(tree.is_ok_and(
            |tree| tree.proportional_bytes > 0 && tree.peak_bytes >= tree.proportional_bytes
        ));
    }
}

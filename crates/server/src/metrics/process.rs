//! What the process takes, under the names that all programs use. Read from
//! `/proc`; left out where there is none.

use std::fs;

use prometheus::Registry;

use super::sampled::Sampled;

/// Ticks a second in `/proc/self/stat`, whatever the kernel's own clock does.
const TICKS: f64 = 100.0;

/// Fields of `/proc/self/stat` behind the name of the program (proc_pid_stat(5)).
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const START_TIME: usize = 19;

/// Name, meaning, and how it is read.
type Number = (&'static str, &'static str, fn() -> Option<f64>);

pub(super) fn register(registry: &Registry) {
    let gauges: [Number; 4] = [
        (
            "process_resident_memory_bytes",
            "Memory in use.",
            resident_memory,
        ),
        ("process_open_fds", "Open file descriptors.", open_files),
        (
            "process_max_fds",
            "Most file descriptors that may be open.",
            most_files,
        ),
        (
            "process_start_time_seconds",
            "When the process started, in Unix time.",
            start_time,
        ),
    ];
    for (name, help, read) in gauges {
        Sampled::gauge(name, help, read).register(registry);
    }
    Sampled::counter(
        "process_cpu_seconds_total",
        "Processor time used.",
        processor_time,
    )
    .register(registry);
}

fn resident_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn open_files() -> Option<f64> {
    // The folder itself is open while it is read.
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(count.saturating_sub(1) as f64)
}

fn most_files() -> Option<f64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map(|files| files as f64)
}

fn start_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let booted = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(booted.parse::<f64>().ok()? + ticks(&own_stat()?, START_TIME)?)
}

fn processor_time() -> Option<f64> {
    let stat = own_stat()?;
    Some(ticks(&stat, USER_TIME)? + ticks(&stat, SYSTEM_TIME)?)
}

/// `/proc/self/stat` from the state on: the name before it may have blanks.
fn own_stat() -> Option<String> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

/// A field in ticks, as seconds.
fn ticks(stat: &str, field: usize) -> Option<f64> {
    let ticks: f64 = stat.split(' ').nth(field)?.parse().ok()?;
    Some(ticks / TICKS)
}

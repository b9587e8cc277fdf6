//! What was measured on.

use std::fs::read_to_string;
use std::process::Command;

/// One line: processor, cores, system, date.
pub(crate) fn describe() -> String {
    let model = read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = output("uname", &["-sr"]);
    let date = output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    format!("{model}, {cores} cores, {system}, {date}")
}

/// What a program prints, on one line; empty when there is none.
pub(crate) fn output(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// How busy the machine was over the last minute, in processes that want to run.
pub(crate) fn load() -> String {
    read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| Some(text.split_once(' ')?.0.to_owned()))
        .unwrap_or_else(|| "unknown".into())
}

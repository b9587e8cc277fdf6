//! Whatever users, chat and network do, and in whatever order: every call ends once and for all, and
//! those who are in one agree about it.
//!
//! Up to six users with up to three devices each, one of them with a client of the documented
//! system, do what comes to their minds, over a chat that loses, repeats, delays and reorders, and
//! breaks; connections get lost, devices move and are switched off. A seed decides all of it.
//!
//! `VISAVIS_SCHEDULES` says how many seeds are tried, `VISAVIS_SEED` which single one.

mod schedule;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use schedule::{Plan, devices, fail, play};
use visavis_call::{PeerState, SessionState};
use visavis_scenarios::World;
use visavis_scenarios::observer::ways;
use visavis_trace::{Ending, Recorder, Trace, draw, replay};
use visavis_xmpp::xml::{Limits, check};

const SCHEDULES: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays a plan; what is wrong, if anything is.
fn problem(plan: &Plan) -> Option<String> {
    let played = catch_unwind(AssertUnwindSafe(|| drop(play(plan))));
    let panic = played.err()?;
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    Some(text.unwrap_or_else(|| "a panic".into()))
}

/// Leaves out of a plan whatever can be left out while it still fails.
fn shorten(mut plan: Plan) -> Plan {
    let mut chunk = plan.acts.len().next_power_of_two();
    while chunk > 0 {
        let mut at = 0;
        while at < plan.acts.len() {
            let mut shorter = plan.clone();
            shorter.acts.drain(at..(at + chunk).min(plan.acts.len()));
            if problem(&shorter).is_some() {
                plan = shorter;
            } else {
                at += chunk;
            }
        }
        chunk /= 2;
    }
    plan
}

fn explain(seed: u64) -> String {
    let plan = shorten(Plan::of(seed));
    let problem = problem(&plan).unwrap_or_default();
    let world = fail(&plan);
    let files = write_traces(&world, &format!("seed-{seed}"));
    let files: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    format!(
        "seed {seed}: {problem}\n\
         play it again: VISAVIS_SEED={seed} cargo test -p visavis-scenarios --test schedules\n\
         the shortest that fails: {plan:?}\n{}\
         for `visavis replay` and `visavis trace`, what each device was told and did:\n{}",
        world.trace.text(),
        files.join("\n")
    )
}

/// A file for each device with our own client, in a folder of this name.
fn write_traces(world: &World, folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    let mut files = Vec::new();
    for (id, device) in devices(world).zip(world.devices()) {
        if device.client.core().is_none() {
            continue;
        }
        let file = folder.join(format!("{}-{}.trace", device.user, device.name));
        let recorder = Recorder::create(&file).expect("a file");
        // What it panicked at it panics at again; its trace ends there.
        let _ = catch_unwind(AssertUnwindSafe(|| world.record(id, recorder)));
        files.push(file);
    }
    files
}

#[test]
fn every_call_ends_and_both_sides_agree_who_is_in_it() {
    let seeds = match number("VISAVIS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VISAVIS_SCHEDULES").unwrap_or(SCHEDULES),
    };
    let begun = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    if problem(&Plan::of(seed)).is_some() {
                        next.store(seeds.end, Ordering::Relaxed);
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        *failed = Some(failed.map_or(seed, |other: u64| other.min(seed)));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let explanation = failed.map(explain);
    set_hook(hook);
    if let Some(explanation) = explanation {
        panic!("{explanation}");
    }
    let (count, seconds) = (seeds.end - seeds.start, begun.elapsed().as_secs_f64());
    println!("{count} schedules, {:.0} a second", count as f64 / seconds);
}

/// What a schedule that fails leaves behind is of use.
#[test]
fn the_traces_of_a_schedule_can_be_replayed_and_drawn() {
    const LIMITS: Limits = Limits {
        max_bytes: 1 << 26,
        max_depth: 8,
        max_nodes: 1 << 22,
    };
    let mut steps = 0;
    for seed in 0..20 {
        let world = play(&Plan::of(seed));
        for file in write_traces(&world, &format!("replayed-{seed}")) {
            let text = fs::read(&file).expect("a trace");
            let trace = Trace::read(text.as_slice()).expect("a trace");
            assert_eq!(trace.ending, Some(Ending::Closed), "{}", file.display());
            let summary = replay(&trace);
            let summary = summary.unwrap_or_else(|error| panic!("{}, {error}", file.display()));
            steps += summary.steps;
            let picture = check(&draw(&trace), &LIMITS);
            assert_eq!(picture, Ok(()), "{}", file.display());
        }
    }
    assert!(steps > 1_000, "only {steps} steps");
}

/// The first seeds, as many as it takes, to know that they are worth something.
#[test]
fn schedules_take_every_way_of_the_tables() {
    const AT_MOST: u64 = 20_000;
    let mut session_ways = ways(&SessionState::ALL, SessionState::successors);
    let mut peer_ways = ways(&PeerState::ALL, PeerState::successors);
    for seed in 0..AT_MOST {
        for observer in play(&Plan::of(seed)).into_observers() {
            session_ways.retain(|way| !observer.session_ways.contains(way));
            peer_ways.retain(|way| !observer.peer_ways.contains(way));
        }
        if session_ways.is_empty() && peer_ways.is_empty() {
            return;
        }
    }
    panic!("never: {session_ways:?} {peer_ways:?}");
}

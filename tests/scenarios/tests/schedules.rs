//! Whatever users, chat and network do, and in whatever order: every call ends once and for all, and
//! those who are in one agree about it.
//!
//! Up to six users with up to three devices each, one of them with a client of the documented
//! system, do what comes to their minds, over a chat that loses, repeats, delays and reorders, and
//! breaks; connections get lost, devices move and are switched off. A seed decides all of it.
//!
//! `VISAVIS_SCHEDULES` says how many seeds are tried, `VISAVIS_SEED` which single one.

mod schedule;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use schedule::{Plan, play, trace};
use visavis_call::{PeerState, SessionState};
use visavis_scenarios::observer::ways;

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
    format!(
        "seed {seed}: {problem}\n\
         play it again: VISAVIS_SEED={seed} cargo test -p visavis-scenarios --test schedules\n\
         the shortest that fails: {plan:?}\n{}",
        trace(&plan)
    )
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

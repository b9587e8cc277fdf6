//! Every script is a test of its own, named after its file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use visavis_call::{PeerState, SessionState};
use visavis_scenarios::observer::{EVENTS, Observer, ways};
use visavis_scenarios::script;

fn main() -> ExitCode {
    let scripts = scripts();
    let trials = scripts.iter().map(|script| {
        let script = script.clone();
        Trial::test(script.name.clone(), move || script.play().map(drop))
    });
    let mut trials: Vec<_> = trials.collect();
    trials.push(Trial::test("together they leave nothing out", move || {
        leave_nothing_out(&scripts)
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Every way of both tables is taken, and every event comes.
fn leave_nothing_out(scripts: &[Script]) -> Result<(), Failed> {
    let mut session_ways = ways(&SessionState::ALL, SessionState::successors);
    let mut peer_ways = ways(&PeerState::ALL, PeerState::successors);
    let mut events: BTreeSet<_> = EVENTS.into();
    for script in scripts {
        for observer in script.play()? {
            session_ways.retain(|way| !observer.session_ways.contains(way));
            peer_ways.retain(|way| !observer.peer_ways.contains(way));
            events.retain(|event| !observer.events.contains(event));
        }
    }
    if session_ways.is_empty() && peer_ways.is_empty() && events.is_empty() {
        return Ok(());
    }
    Err(format!("never: {session_ways:?} {peer_ways:?} {events:?}").into())
}

#[derive(Clone)]
struct Script {
    name: String,
    path: PathBuf,
}

impl Script {
    fn play(&self) -> Result<Vec<Observer>, Failed> {
        let text = fs::read_to_string(&self.path)?;
        let played = script::play(&text);
        played.map_err(|failure| format!("{}, {failure}", self.path.display()).into())
    }
}

/// All scripts, in the order of their names.
fn scripts() -> Vec<Script> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Script>) {
    for entry in fs::read_dir(folder).expect("a folder of scripts").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.strip_prefix(root).expect("inside").with_extension("");
            let name = name.display().to_string();
            found.push(Script { name, path });
        }
    }
}

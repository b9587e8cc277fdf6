//! Every script is a test of its own, named after its file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use visavis_scenarios::script;

fn main() -> ExitCode {
    let scripts = scripts();
    let trials = scripts.iter().map(|script| {
        let script = script.clone();
        Trial::test(script.name.clone(), move || script.play())
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

#[derive(Clone)]
struct Script {
    name: String,
    path: PathBuf,
}

impl Script {
    fn play(&self) -> Result<(), Failed> {
        let text = fs::read_to_string(&self.path)?;
        let played = script::play(&text).map(drop);
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

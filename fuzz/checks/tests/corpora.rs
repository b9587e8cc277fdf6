//! Everything that fuzzing ever found worth keeping still passes.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use visavis_fuzz_checks::CHECKS;

#[test]
fn every_corpus_passes_its_check() {
    for (name, check) in CHECKS {
        let files = corpus(name);
        assert!(!files.is_empty(), "the corpus of {name} is empty");
        for file in files {
            let input = fs::read(&file).expect("a file");
            let _named = NamedIfItFails(&file);
            check(&input);
        }
    }
}

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(name);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

struct NamedIfItFails<'a>(&'a Path);

impl Drop for NamedIfItFails<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the finding is {}", self.0.display());
        }
    }
}

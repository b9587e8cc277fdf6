//! Everything that fuzzing ever found worth keeping still passes.

use std::path::Path;

use visavis_fuzz_checks::CHECKS;

#[test]
fn every_corpus_passes_its_check() {
    for (name, check) in CHECKS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../corpus")
            .join(name);
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for entry in entries {
            let path = entry.expect("an entry").path();
            check(&std::fs::read(&path).expect("a file"));
            count += 1;
        }
        assert!(count >= 20, "{name}: a corpus of {count} files is none");
    }
}

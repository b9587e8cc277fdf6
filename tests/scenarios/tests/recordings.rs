//! Our call control takes the part of a recorded user, and says what he said.
//!
//! What is not compared: how candidates are spread over signals, the children that only our own
//! clients send, and the places where we do better on purpose, each of which is named in
//! [`compare`].

mod recording;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use recording::Recording;
use recording::compare::compare;
use recording::player::Player;
use visavis_signal::UserId;

fn main() -> ExitCode {
    let trials = files().into_iter().flat_map(|path| {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let recording = Recording::read(&path);
        recording.users().into_iter().map(move |user| {
            let recording = recording.clone();
            Trial::test(format!("{name} as {user}"), move || play(&recording, user))
        })
    });
    let trials = trials.collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let entries = std::fs::read_dir(folder).expect("a folder of recordings");
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

fn play(recording: &Recording, user: UserId) -> Result<(), Failed> {
    let mut player = Player::new(recording, user);
    player.play();
    compare(recording, user, &player).map_err(Failed::from)
}

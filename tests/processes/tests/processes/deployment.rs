//! What `deploy/` puts on a machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use visavis_interop_tests::program::binary;
use visavis_interop_tests::scratch::Scratch;

fn install(root: &Path) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/install.sh");
    let status = Command::new(script)
        .env("DESTDIR", root)
        .env("VISAVIS", binary())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn the_service_starts_what_was_installed_and_a_configuration_is_kept() {
    let scratch = Scratch::new("installed").unwrap();
    let root = scratch.path();
    install(root);
    let configuration = root.join("etc/visavis/visavis.toml");
    fs::write(&configuration, "domain = 'kept.test'\n").unwrap();
    install(root);
    let kept = fs::read_to_string(&configuration).unwrap();
    assert_eq!(kept, "domain = 'kept.test'\n");

    let unit = fs::read_to_string(root.join("etc/systemd/system/visavis.service")).unwrap();
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words: Vec<_> = start.unwrap().split(' ').collect();
    assert!(root.join(words[0].trim_start_matches('/')).is_file());
    let serve = words.iter().position(|word| *word == "serve").unwrap();
    let options = words[serve + 1..].iter().map(|word| match *word {
        "/etc/visavis/visavis.toml" => configuration.to_str().unwrap(),
        word => word,
    });
    let check = Command::new(root.join("usr/local/bin/visavis"))
        .args(&words[1..serve])
        .args(["config", "check"])
        .args(options)
        .output()
        .unwrap();
    assert!(check.status.success(), "{check:?}");
    let settings = String::from_utf8_lossy(&check.stdout);
    assert!(
        settings.contains("domain = kept.test  (file)"),
        "{settings}"
    );
    assert!(
        settings.contains("data = /var/lib/visavis  (command line)"),
        "{settings}"
    );
}

/// Other shared libraries than those that every Debian has would have to be shipped, too.
#[cfg(target_os = "linux")]
#[test]
fn the_binary_is_one_file() {
    let needed = Command::new("ldd").arg(binary()).output().unwrap();
    let needed = String::from_utf8_lossy(&needed.stdout).into_owned();
    for library in needed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
    {
        let name = library.rsplit('/').next().unwrap_or_default();
        let usual = ["linux-vdso", "ld-linux", "libc.", "libm.", "libgcc_s."];
        assert!(
            usual.iter().any(|usual| name.starts_with(usual)),
            "{needed}"
        );
    }
}

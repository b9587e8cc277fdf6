//! The server's options, from the command line, the environment and a file.

use std::fs::{remove_file, write};
use std::path::PathBuf;
use std::process::{Command, Output};

use visavis_interop_tests::program::binary;

/// A file that is removed again.
struct File(PathBuf);

impl File {
    fn with(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("visavis-{}-{name}.toml", std::process::id()));
        write(&path, text).unwrap();
        Self(path)
    }

    /// `visavis config check` with this file.
    fn check(&self, more: &[&str], domain: Option<&str>) -> Output {
        let mut command = Command::new(binary());
        command.args(["config", "check", "--config"]).arg(&self.0);
        if let Some(domain) = domain {
            command.env("VISAVIS_SERVE_DOMAIN", domain);
        }
        command.args(more).output().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = remove_file(&self.0);
    }
}

fn setting(output: &Output, name: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let start = format!("{name} = ");
    let found = text.lines().find_map(|line| line.strip_prefix(&start));
    found
        .unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

#[test]
fn the_command_line_outranks_the_environment_which_outranks_the_file() {
    let file = File::with(
        "ranks",
        "domain = 'file.test'\nframe-bytes = 4096\nrelay-allow = ['10.0.0.0/8', '192.168.0.0/16']\n",
    );
    let by_file = file.check(&[], None);
    assert!(by_file.status.success());
    assert_eq!(setting(&by_file, "domain"), "file.test  (file)");
    assert_eq!(setting(&by_file, "frame-bytes"), "4096  (file)");
    assert_eq!(
        setting(&by_file, "relay-allow"),
        "10.0.0.0/8, 192.168.0.0/16  (file)"
    );
    assert_eq!(setting(&by_file, "body-bytes"), "65536  (default)");
    let by_environment = file.check(&[], Some("env.test"));
    assert_eq!(
        setting(&by_environment, "domain"),
        "env.test  (environment)"
    );
    let by_line = file.check(&["--domain", "line.test"], Some("env.test"));
    assert_eq!(setting(&by_line, "domain"), "line.test  (command line)");
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    for (name, text, problem) in [
        ("unknown", "htp = 'off'", "`htp` is no option"),
        (
            "value",
            "http = 'everywhere'",
            "invalid value 'everywhere' for '--http",
        ),
        ("kind", "http = 1.5", "`http` has to be"),
        ("syntax", "http = [", "line 1"),
        (
            "incomplete",
            "https = '127.0.0.1:0'",
            "needs a certificate and its key",
        ),
        ("alone", "cert = 'a.pem'", "cert needs key"),
        ("nothing", "http = 'off'", "nothing to serve"),
        ("limit", "frame-bytes = 10", "1024 bytes or more"),
    ] {
        let output = File::with(name, text).check(&[], None);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}: {complaint}");
        assert!(complaint.contains(problem), "{text}: {complaint}");
    }
    let absent = Command::new(binary())
        .args(["serve", "--config", "/nowhere/visavis.toml"])
        .output()
        .unwrap();
    assert_eq!(absent.status.code(), Some(9));
}

#[test]
fn the_example_changes_nothing() {
    let printed = Command::new(binary())
        .args(["config", "example"])
        .output()
        .unwrap();
    let example = File::with("example", &String::from_utf8(printed.stdout).unwrap());
    let (with, without) = (
        example.check(&[], None),
        Command::new(binary())
            .args(["config", "check"])
            .output()
            .unwrap(),
    );
    assert!(with.status.success());
    assert_eq!(with.stdout, without.stdout);
}

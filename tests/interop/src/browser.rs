//! Headless Chromium with a fresh profile.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// A running browser; dropping it ends it.
pub struct Browser {
    program: PathBuf,
    process: Child,
}

impl Browser {
    /// Opens pages, each in a tab.
    ///
    /// # Panics
    /// When there is no Chromium: `CHROMIUM` names one, otherwise it is looked
    /// for under its usual names.
    pub fn open(profile: &Path, pages: &[String]) -> Self {
        let program = program().expect("Chromium is missing: install it, or name it in CHROMIUM");
        let process = Command::new(&program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-background-timer-throttling",
                "--disable-backgrounding-occluded-windows",
                "--disable-renderer-backgrounding",
                "--autoplay-policy=no-user-gesture-required",
                "--allow-loopback-in-peer-connection",
                "--use-fake-device-for-media-stream=fps=30",
                "--use-fake-ui-for-media-stream",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(pages)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        Self { program, process }
    }

    /// The id of its first process, which starts the others.
    pub fn process(&self) -> Option<u32> {
        self.process.id()
    }

    /// Its name and version, as it prints them.
    ///
    /// # Panics
    /// When it does not start.
    pub fn version(&self) -> String {
        let output = std::process::Command::new(&self.program)
            .arg("--version")
            .stderr(Stdio::null())
            .output()
            .expect("Chromium starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|file| file.exists())
}

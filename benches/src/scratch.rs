//! A folder that goes away at the end.

use std::io;
use std::path::{Path, PathBuf};

/// Dropping it removes it with everything in it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("visavis-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

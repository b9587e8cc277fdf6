//! Files that tests write and that go with them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A path of its own, removed when dropped.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    /// Nothing is created yet.
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("visavis-{}-{count}-{name}", std::process::id());
        Self(std::env::temp_dir().join(unique))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

//! The certificates of `tests/certificates`.

use std::path::{Path, PathBuf};

/// The files of the certificate for `name` and of its key.
pub(crate) fn files(name: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    (
        folder.join(format!("{name}.pem")),
        folder.join(format!("{name}.key")),
    )
}

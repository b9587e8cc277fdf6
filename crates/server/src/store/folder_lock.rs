//! One server for one data folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{OpenError, make_private_folder};

/// The file whose lock stands for the folder.
const LOCK_FILE: &str = "lock";

/// Keeps other servers and restoring away from a data folder, until it is
/// dropped or its process has ended, however that happens. The command line
/// works beside it.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When somebody else has it, or the folder cannot be used.
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK_FILE);
        make_private_folder(dir).map_err(|source| OpenError::Folder {
            path: dir.to_owned(),
            source,
        })?;
        let failed = |source| OpenError::File {
            path: path.clone(),
            source,
        };
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

//! Copies of the database, and the way back from one.
//!
//! A copy is the database of one moment, whole: it can be made while the
//! server runs. Going back needs the data folder alone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::sqlite::Sqlite;
use super::{DATABASE_FILE, FolderLock, OpenError, Store, StoreError, make_private_file};

/// What SQLite keeps beside a database that is in use.
const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

/// Why there is no copy. The operator has to act.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// Something has that name already, and is left as it is.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The copy cannot be written there.
    #[error("{} cannot be written: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be read, or the disk is full.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing was restored. The operator has to act.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy cannot be used.
    #[error("{}: {source}", .path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// The data folder is in use, or cannot be made.
    #[error(transparent)]
    Folder(#[from] OpenError),
    /// The folder has a database, which nobody said was to be replaced.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Store {
    /// Writes a copy of the database to a new file that only its owner reads.
    ///
    /// # Errors
    /// [`BackUpError`] says what is in the way; no file is left then.
    pub fn back_up(&self, file: &Path) -> Result<(), BackUpError> {
        let failed = |source: io::Error| BackUpError::File {
            path: file.to_owned(),
            source,
        };
        if file.try_exists().map_err(failed)? {
            return Err(BackUpError::Exists(file.to_owned()));
        }
        make_private_file(file).map_err(failed)?;
        let written = self.database.back_up(file).map_err(BackUpError::from);
        let kept = written.and_then(|()| keep(file).map_err(failed));
        if kept.is_err() {
            // The first failure is the one to hear of.
            let _ = fs::remove_file(file);
        }
        kept
    }

    /// Puts a copy in the place of the database of a data folder, which is made
    /// when it is missing. A database that is there is only replaced if
    /// `replace` says so.
    ///
    /// # Errors
    /// [`RestoreError`] says what is in the way; the folder is as it was then.
    pub fn restore(dir: &Path, copy: &Path, replace: bool) -> Result<(), RestoreError> {
        Sqlite::inspect(copy).map_err(|source| RestoreError::Copy {
            path: copy.to_owned(),
            source,
        })?;
        let _alone = FolderLock::take(dir)?;
        let file = dir.join(DATABASE_FILE);
        let fresh = dir.join(format!("{DATABASE_FILE}.restored"));
        let failed = |path: &Path, source| RestoreError::File {
            path: path.to_owned(),
            source,
        };
        let exists = file.try_exists().map_err(|error| failed(&file, error))?;
        if exists && !replace {
            return Err(RestoreError::Exists(file));
        }
        let written = make_private_file(&fresh)
            .and_then(|()| io::copy(&mut File::open(copy)?, &mut File::create(&fresh)?))
            .and_then(|_| keep(&fresh));
        written.map_err(|error| failed(&fresh, error))?;
        for side in SIDE_FILES {
            let side = dir.join(format!("{DATABASE_FILE}{side}"));
            match fs::remove_file(&side) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&side, error));
                }
                _ => {}
            }
        }
        let moved = fs::rename(&fresh, &file).and_then(|()| File::open(dir)?.sync_all());
        moved.map_err(|error| failed(&file, error))
    }
}

/// Waits until a file is on the disk.
fn keep(file: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::UnixTime;
    use crate::store::NewApplication;

    fn add(store: &mut Store) {
        store
            .add_application(&NewApplication::default(), UnixTime(0))
            .unwrap();
    }

    #[test]
    fn a_copy_brings_back_the_moment_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
        let mut store = Store::open(&data).unwrap();
        add(&mut store);
        store.back_up(&copy).unwrap();
        assert!(matches!(store.back_up(&copy), Err(BackUpError::Exists(_))));
        add(&mut store);
        drop(store);

        assert!(matches!(
            Store::restore(&data, &copy, false),
            Err(RestoreError::Exists(_))
        ));
        Store::restore(&data, &copy, true).unwrap();
        let store = Store::open(&data).unwrap();
        assert_eq!(store.applications().unwrap().len(), 1);
        Store::restore(&folder.path().join("other"), &copy, false).unwrap();
    }

    #[test]
    fn what_is_no_copy_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
        let mut store = Store::open(&data).unwrap();
        add(&mut store);
        let refused = |content: &[u8]| {
            fs::write(&copy, content).unwrap();
            Store::restore(&data, &copy, true).unwrap_err().to_string()
        };
        assert!(refused(b"").ends_with("no database of visavis"));
        assert!(refused(&[7; 4096]).contains("cannot be opened"));
        let damaged = {
            let whole = folder.path().join("whole");
            store.back_up(&whole).unwrap();
            let mut bytes = fs::read(&whole).unwrap();
            let half = bytes.len() / 2;
            bytes[half..].fill(0xa5);
            bytes
        };
        assert!(!refused(&damaged).is_empty());
        assert_eq!(store.applications().unwrap().len(), 1);
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
        Store::open(&data).unwrap().back_up(&copy).unwrap();
        let lock = FolderLock::take(&data).unwrap();
        assert!(matches!(
            Store::restore(&data, &copy, true),
            Err(RestoreError::Folder(OpenError::InUse { .. }))
        ));
        drop(lock);
        Store::restore(&data, &copy, true).unwrap();
    }
}

//! How the command line finds a running server: a private file in the data
//! folder, with the address of the admin listener and the token.
//!
//! The server holds a lock on the file as long as it lives, however it ends.
//! A file without one is stale: what it says may lead to another program,
//! which must not learn the token.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AdminToken;
use crate::store::Secret;

/// The file in the data folder.
const FILE: &str = "admin.json";

/// How often, and how long apart, a file is looked at that somebody is just
/// writing or looking at.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    address: SocketAddr,
    token: String,
}

/// The file of a running server; says nothing any more once it is dropped.
#[derive(Debug)]
pub(crate) struct Notice(File);

/// A server that runs on a data folder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningServer {
    /// Where its admin interface is, on this machine.
    pub address: SocketAddr,
    /// What opens it.
    pub token: Secret,
}

impl Notice {
    /// Leaves the file. The folder is this server's alone.
    pub(crate) fn leave(data: &Path, address: SocketAddr, token: &AdminToken) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(data.join(FILE))?;
        lock(&file)?;
        let mut notice = Self(file);
        let content = Content {
            address,
            token: token.secret().reveal().to_owned(),
        };
        let text = serde_json::to_string(&content)?;
        notice.0.set_len(0)?;
        notice.0.write_all(text.as_bytes())?;
        Ok(notice)
    }
}

/// Those who only look hold a lock for a moment.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

impl Drop for Notice {
    /// The file itself stays: the next server may have it open already.
    fn drop(&mut self) {
        // Without a lock it counts for nothing anyway.
        let _ = self.0.set_len(0);
    }
}

impl RunningServer {
    /// The server that runs on this data folder, if one does that can be
    /// talked to.
    ///
    /// # Errors
    /// When the file of a running server cannot be read: it belongs to
    /// somebody else, for example.
    pub fn find(data: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(data.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        for _ in 0..TRIES {
            match file.try_lock_shared() {
                Ok(()) => return Ok(None),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let mut text = String::new();
            file.rewind()?;
            file.read_to_string(&mut text)?;
            if let Ok(Content { address, token }) = serde_json::from_str(&text) {
                let token = Secret::new(token);
                return Ok(Some(Self { address, token }));
            }
            thread::sleep(PAUSE);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn a_file_counts_as_long_as_its_server_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (data, address) = (folder.path(), "127.0.0.1:9".parse().unwrap());
        let token = AdminToken::load(None, data).unwrap();
        assert!(RunningServer::find(data).unwrap().is_none());
        let notice = Notice::leave(data, address, &token).unwrap();
        let found = RunningServer::find(data).unwrap().unwrap();
        assert_eq!(found.address, address);
        assert!(token.is(found.token.reveal()));
        assert!(!format!("{found:?}").contains(found.token.reveal()));
        assert!(Notice::leave(data, address, &token).is_err());

        // As after a crash: the text stays, the lock does not.
        let file = data.join(FILE);
        let text = fs::read_to_string(&file).unwrap();
        drop(notice);
        assert_eq!(fs::read_to_string(&file).unwrap(), "");
        fs::write(&file, text).unwrap();
        assert!(RunningServer::find(data).unwrap().is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

//! What opens the admin interface: a secret given by the operator, or one in
//! a private file of the data folder, made at the first start.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq;

use crate::store::Secret;

/// The file in the data folder.
const FILE: &str = "admin.token";

/// Random bytes of a token that the server makes.
const BYTES: usize = 32;

/// Fewest characters of a token, so that nobody guesses it.
const MIN_LENGTH: usize = 32;

/// The token. Never shown by `Debug`.
#[derive(Clone, Debug)]
pub(crate) struct AdminToken(Secret);

/// Why there is no token. The operator has to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token that was given is too short, or has blanks or worse in it.
    #[error("the admin token has to have {MIN_LENGTH} or more visible ASCII characters")]
    Weak,
    /// The token in the file is: remove the file, and another is made.
    #[error("{} has no admin token of {MIN_LENGTH} or more visible ASCII characters: remove it", .0.display())]
    WeakFile(PathBuf),
    /// The file cannot be read or made.
    #[error("the admin token {} cannot be used: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl AdminToken {
    /// The one that is given, or that of the data folder.
    pub(crate) fn load(given: Option<Secret>, data: &Path) -> Result<Self, TokenError> {
        match given {
            Some(secret) if is_strong(secret.reveal()) => Ok(Self(secret)),
            Some(_) => Err(TokenError::Weak),
            None => Self::of_file(&data.join(FILE)),
        }
    }

    fn of_file(path: &Path) -> Result<Self, TokenError> {
        let failed = |source| TokenError::File {
            path: path.to_owned(),
            source,
        };
        match make(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(failed)?,
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let token = text.trim();
        if is_strong(token) {
            Ok(Self(Secret::new(token)))
        } else {
            Err(TokenError::WeakFile(path.to_owned()))
        }
    }

    /// Whether this is the token, in constant time.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.reveal().as_bytes().ct_eq(given.as_bytes()).into()
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.0
    }
}

fn is_strong(token: &str) -> bool {
    token.len() >= MIN_LENGTH && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", crate::store::random_hex(BYTES))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_file_is_private_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let made = AdminToken::load(None, folder.path()).unwrap();
        let again = AdminToken::load(None, folder.path()).unwrap();
        assert!(made.is(again.0.reveal()));
        assert!(!made.is(&again.0.reveal()[1..]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(FILE)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
        assert!(!format!("{made:?}").contains(made.0.reveal()));
    }

    #[test]
    fn weak_tokens_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let given = |text: &str| AdminToken::load(Some(Secret::new(text)), folder.path());
        assert!(matches!(given("short"), Err(TokenError::Weak)));
        assert!(matches!(given(&" ".repeat(40)), Err(TokenError::Weak)));
        assert!(given(&"x".repeat(32)).is_ok());
        assert!(!folder.path().join(FILE).exists());
        fs::write(folder.path().join(FILE), "\n").unwrap();
        let file = AdminToken::load(None, folder.path());
        assert!(matches!(file, Err(TokenError::WeakFile(_))));
    }
}

//! Passwords at rest: Argon2id in the PHC string format.
//!
//! Slow and memory-hungry by design (19 MiB, some ten milliseconds), so the
//! server calls it on bounded workers only.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash as PhcHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::session::Token;

/// Longest password, in bytes.
const MAX_PASSWORD: usize = 256;

/// The hash of a password. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a password cannot be taken. Whoever chose it has to choose another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Passwords have at least one character.
    #[error("a password cannot be empty")]
    Empty,
    /// Passwords have 256 bytes at most.
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    TooLong,
    /// Forty lower-case hexadecimal digits are the form of session tokens,
    /// which chat accepts in place of a password; the two must not be mixed up.
    #[error("a password cannot look like a session token (40 hexadecimal digits)")]
    LooksLikeToken,
    /// The system has no random numbers, or no memory to hash in.
    #[error("the password could not be hashed")]
    Unhashable,
}

impl PasswordHash {
    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    /// When the password is not acceptable, or hashing itself fails.
    pub fn new(password: &str) -> Result<Self, PasswordError> {
        if password.is_empty() {
            return Err(PasswordError::Empty);
        }
        if password.len() > MAX_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        if Token::parse(password).is_some() {
            return Err(PasswordError::LooksLikeToken);
        }
        let hash: PhcHash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(|_| PasswordError::Unhashable)?;
        Ok(Self(hash.to_string()))
    }

    /// Whether `password` is the one that was hashed, in constant time.
    pub fn verify(&self, password: &str) -> bool {
        password.len() <= MAX_PASSWORD
            && PhcHash::new(&self.0).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
    }

    /// What no password fits.
    pub(super) fn of_nobody() -> Self {
        Self::stored(String::new())
    }

    pub(super) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_password_itself_fits() {
        let hash = PasswordHash::new("correct horse").unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$"));
        assert!(hash.verify("correct horse"));
        assert!(!hash.verify("correct horses"));
        assert!(!hash.verify(""));
        assert!(!PasswordHash::stored("nonsense".into()).verify("nonsense"));
    }

    #[test]
    fn unusable_passwords_are_refused() {
        assert_eq!(PasswordHash::new(""), Err(PasswordError::Empty));
        assert_eq!(
            PasswordHash::new(&"x".repeat(257)),
            Err(PasswordError::TooLong)
        );
        assert_eq!(
            PasswordHash::new(&"0f".repeat(20)),
            Err(PasswordError::LooksLikeToken)
        );
    }
}

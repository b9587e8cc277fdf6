//! Credentials that end by themselves and need no list of users on the relay.
//!
//! The user name says until when it holds and for whom, `<Unix time>:<user>`; the password is its
//! HMAC-SHA-1 under a secret that relay and issuer share, in Base64. Known as "REST API for access
//! to TURN services", and understood by every client, which just passes both on.

use alloc::string::String;
use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::server::config::Secret;
use crate::server::nonce::hmac_sha1;

/// The longest user, in bytes: a user name has 509 at most (RFC 8489 section 14.3).
const MAX_USER: usize = 256;

/// What a client needs to use the relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password. As secret as any.
    pub password: String,
}

impl core::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// Credentials for `user` that can be used for new allocations until `end`, in Unix time.
    /// Allocations made by then live on as long as they are refreshed.
    pub fn issue(secret: &Secret, user: &str, end: Duration) -> Self {
        let username = alloc::format!("{}:{user}", end.as_secs());
        Self {
            password: password(secret, &username),
            username,
        }
    }
}

/// The password that belongs to a user name.
pub(crate) fn password(secret: &Secret, username: &str) -> String {
    STANDARD.encode(hmac_sha1(secret.bytes(), &[username.as_bytes()]))
}

/// A user name taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    /// Unix time.
    pub(crate) end: Duration,
    pub(crate) user: &'a str,
}

impl<'a> Name<'a> {
    pub(crate) fn parse(username: &'a str) -> Option<Self> {
        let (end, user) = username.split_once(':')?;
        if user.is_empty() || user.len() > MAX_USER || !end.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            end: Duration::from_secs(end.parse().ok()?),
            user,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_password_is_the_hmac_of_the_user_name() {
        // printf 1700000000:4242-101 | openssl dgst -sha1 -hmac north -binary | base64
        let made = Credentials::issue(
            &Secret::new(*b"north"),
            "4242-101",
            Duration::from_secs(1_700_000_000),
        );
        assert_eq!(made.username, "1700000000:4242-101");
        assert_eq!(made.password, "4/eGsGlnGJdfhj+Fytt51++/zwA=");
    }

    #[test]
    fn a_name_has_an_end_and_a_user() {
        let name = Name::parse("1700000000:a:b").unwrap();
        assert_eq!(name.end, Duration::from_secs(1_700_000_000));
        assert_eq!(name.user, "a:b");
        for wrong in ["", "a", ":a", "1:", "+1:a", "x:a", "99999999999999999999:a"] {
            assert_eq!(Name::parse(wrong), None, "{wrong}");
        }
    }
}

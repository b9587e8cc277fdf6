//! The application: the identity under which every client of one product
//! talks to the accounts service.

use std::fmt;
use std::str::FromStr;

/// An application's id, key and secret, as `visavis app add` prints them.
///
/// The secret signs session requests (HMAC-SHA1). It is in every copy of an
/// app and therefore guards no private data; it is still kept out of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// The application's number; part of every user's chat address.
    pub id: u32,
    /// The authorization key, sent with each session request.
    pub key: String,
    /// The authorization secret, never sent.
    pub secret: String,
}

/// Why a text is not `ID:KEY:SECRET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseAppError {
    /// Fewer than three parts, or an empty one.
    #[error("an application is written ID:KEY:SECRET")]
    Form,
    /// The first part is not a whole number from 1 to 4294967295.
    #[error("the application's id is a whole number")]
    Id,
}

impl FromStr for App {
    type Err = ParseAppError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().splitn(3, ':');
        let (Some(id), Some(key), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ParseAppError::Form);
        };
        if key.is_empty() || secret.is_empty() {
            return Err(ParseAppError::Form);
        }
        let id = id
            .parse()
            .ok()
            .filter(|id| *id > 0)
            .ok_or(ParseAppError::Id)?;
        Ok(Self {
            id,
            key: key.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{App, ParseAppError};

    #[test]
    fn an_application_is_read_from_one_line() {
        let app: App = "4242:key42:se:cret\n".parse().expect("well-formed");
        assert_eq!(
            (app.id, app.key.as_str(), app.secret.as_str()),
            (4242, "key42", "se:cret")
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!("4242:key".parse::<App>(), Err(ParseAppError::Form));
        assert_eq!("x:key:secret".parse::<App>(), Err(ParseAppError::Id));
        assert_eq!("0:key:secret".parse::<App>(), Err(ParseAppError::Id));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let app = App {
            id: 1,
            key: "k".into(),
            secret: "s3cr3t".into(),
        };
        assert!(!format!("{app:?}").contains("s3cr3t"));
    }
}

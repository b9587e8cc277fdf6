//! Chat accounts: a user within an application, `<user>-<application>` on the
//! wire (wire format section 2.1).

use std::fmt;

use visavis_signal::UserId;
use visavis_xmpp::Jid;

use crate::store::ApplicationId;

/// One user of one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Account {
    pub(crate) application: ApplicationId,
    pub(crate) user: UserId,
}

impl Account {
    /// Reads the local part of an address. Strict: every account has exactly
    /// one spelling, so that none can pass for another.
    pub(crate) fn parse(localpart: &str) -> Option<Self> {
        let (user, application) = localpart.split_once('-')?;
        Some(Self {
            application: ApplicationId(number(application)?),
            user: UserId(number(user)?),
        })
    }

    /// The account's address, without a device.
    pub(crate) fn address(self, domain: &Jid) -> Option<Jid> {
        Jid::user(&self.to_string(), domain.domain()).ok()
    }
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.user.0, self.application.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        let account = Account {
            application: ApplicationId(4242),
            user: UserId(101),
        };
        assert_eq!(Account::parse("101-4242"), Some(account));
        assert_eq!(account.to_string(), "101-4242");
        for other in [
            "",
            "-",
            "101",
            "101-",
            "-4242",
            "0101-4242",
            "+101-4242",
            "101-4242-1",
            "101-4242 ",
            "4294967296-1",
            "0-1",
        ] {
            assert_eq!(Account::parse(other), None, "{other}");
        }
    }
}

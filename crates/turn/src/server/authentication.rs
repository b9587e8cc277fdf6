//! Who makes a request: the long-term credentials of RFC 8489 section 9.2.
//!
//! A name that is over opens nothing new, but an allocation made in time goes on for the user who
//! made it, under the name it was made with or a newer one: calls last longer than credentials.

use alloc::boxed::Box;
use core::time::Duration;

use stun_types::attribute::{
    AttributeStaticType, MessageIntegrity, MessageIntegritySha256, Nonce, Realm, Username,
};
use stun_types::message::{IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message};

use crate::server::client::Client;
use crate::server::credentials::{self, Name};
use crate::server::refusal::{Challenge, Refusal};
use crate::server::relay::Relay;

/// Somebody who has proved who he is.
#[derive(Debug)]
pub(crate) struct Authenticated {
    pub(crate) username: Box<str>,
    pub(crate) key: IntegrityKey,
}

impl Authenticated {
    /// The user behind the name.
    pub(crate) fn user(&self) -> &str {
        Name::parse(&self.username).map_or("", |name| name.user)
    }
}

impl Relay {
    /// The checks of RFC 8489 section 9.2.4, in its order.
    pub(crate) fn authenticate(
        &self,
        now: Duration,
        client: Client,
        request: &Message<'_>,
    ) -> Result<Authenticated, Refusal> {
        let sealed = request.has_attribute(MessageIntegrity::TYPE)
            || request.has_attribute(MessageIntegritySha256::TYPE);
        if !sealed {
            return Err(Refusal::Unauthorized(self.challenge(client, now)));
        }
        let username = request.attribute::<Username>()?;
        let nonce = request.attribute::<Nonce>()?;
        request.attribute::<Realm>()?;
        let allocation = self.allocation_of(client);
        let key = match allocation {
            Some(allocation) if *allocation.username == *username.username() => {
                Some(allocation.key.clone())
            }
            _ => self.key(username.username(), now),
        };
        let Some(key) = key.filter(|key| request.validate_integrity_with_key(key).is_ok()) else {
            return Err(Refusal::Unauthorized(self.challenge(client, now)));
        };
        if !self.sealer.is_fresh(nonce.nonce(), client, now) {
            return Err(Refusal::StaleNonce(self.challenge(client, now)));
        }
        Ok(Authenticated {
            username: username.username().into(),
            key,
        })
    }

    /// The key that belongs to a name, if that still holds.
    fn key(&self, username: &str, now: Duration) -> Option<IntegrityKey> {
        let name = Name::parse(username)?;
        if name.end <= self.config.origin.saturating_add(now) {
            return None;
        }
        let credentials = LongTermKeyCredentials::new(
            username.into(),
            credentials::password(&self.config.secret, username),
            self.config.realm.clone(),
        );
        Some(credentials.make_key(IntegrityAlgorithm::Sha1))
    }

    fn challenge(&self, client: Client, now: Duration) -> Challenge {
        Challenge {
            realm: self.config.realm.clone(),
            nonce: self.sealer.nonce(client, now),
        }
    }
}

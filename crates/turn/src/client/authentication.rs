//! The long-term credentials of RFC 8489 section 9.2, as a client uses them.

use alloc::string::{String, ToString};

use stun_types::attribute::{Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageWriteExt,
    MessageWriteVec, StunWriteError,
};

use crate::server::Credentials;

/// A user and the key that he has in the server's realm, once that is known.
#[derive(Clone)]
pub(super) struct Identity {
    credentials: Credentials,
    keyed: Option<(String, IntegrityKey)>,
}

impl Identity {
    pub(super) const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            keyed: None,
        }
    }

    pub(super) fn is(&self, credentials: &Credentials) -> bool {
        self.credentials == *credentials
    }

    fn key(&mut self, realm: &str) -> IntegrityKey {
        if let Some((known, key)) = &self.keyed
            && known == realm
        {
            return key.clone();
        }
        let credentials = LongTermKeyCredentials::new(
            self.credentials.username.clone(),
            self.credentials.password.clone(),
            realm.into(),
        );
        let key = credentials.make_key(IntegrityAlgorithm::Sha1);
        self.keyed = Some((realm.into(), key.clone()));
        key
    }
}

/// What the server wants in every request.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    pub(super) nonce: String,
}

impl Challenge {
    /// The one in an error answer.
    pub(super) fn of(answer: &Message<'_>) -> Option<Self> {
        Some(Self {
            realm: answer.attribute::<Realm>().ok()?.realm().to_string(),
            nonce: answer.attribute::<Nonce>().ok()?.nonce().to_string(),
        })
    }

    /// Adds to a request who makes it; the key that seals the answer, too.
    pub(super) fn seal(
        &self,
        request: &mut MessageWriteVec,
        identity: &mut Identity,
    ) -> Result<IntegrityKey, StunWriteError> {
        request.add_attribute(&Username::new(&identity.credentials.username)?)?;
        request.add_attribute(&Realm::new(&self.realm)?)?;
        request.add_attribute(&Nonce::new(&self.nonce)?)?;
        let key = identity.key(&self.realm);
        request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)?;
        Ok(key)
    }
}

//! From a name and a password to a place among those who are online: a new
//! one, or the one that the client had before.

use std::sync::Arc;
use std::time::Instant;

use visavis_xmpp::Jid;
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::Input;

use super::Chat;
use super::account::Account;
use super::connection::{Connection, random_name, reason};
use super::contacts;
use super::login;
use super::membership::Membership;
use super::outbox::End;
use super::resumption::Held;
use super::wire::Wire;
use crate::account::Refusal;
use crate::store::{StoreError, TokenHash};

/// Random characters in the name of a resource.
const RESOURCE_NAME: usize = 12;

impl<W: Wire> Connection<W> {
    /// Checks a password or token; gives back the account's name.
    pub(super) async fn authenticate(
        &mut self,
        local: &str,
        password: String,
    ) -> Result<String, SaslFailure> {
        let address = self.peer.address.ip();
        match login::admit(&self.chat, local, password, address).await {
            Ok((account, session)) => {
                self.login = Some((account, session));
                let rates = self.chat.rates.as_ref();
                self.rate = rates.map(|rates| rates.of(account, Instant::now()));
                Ok(account.to_string())
            }
            Err(Refusal::Wrong) => Err(SaslFailure::NotAuthorized),
            Err(Refusal::TooMany(_) | Refusal::Busy(_) | Refusal::Failed) => {
                Err(SaslFailure::TemporaryAuthFailure)
            }
        }
    }

    /// Reserves a resource.
    pub(super) async fn bind(&mut self, wanted: Option<String>) -> Input {
        let Some((account, session)) = self.login else {
            return Input::BindRefused;
        };
        let resource = wanted.unwrap_or_else(|| random_name(RESOURCE_NAME));
        let address = Jid::user(&account.to_string(), self.chat.domain.domain())
            .and_then(|user| user.with_resource(&resource));
        let Ok(jid) = address else {
            return Input::BindRefused;
        };
        let directory = Arc::clone(&self.chat.directory);
        let outbox = Arc::clone(&self.outbox);
        let Account { application, user } = account;
        let guest = self
            .chat
            .store
            .read(move |store| store.guest(application, user));
        let host = match guest.await {
            Ok(guest) => guest.map(|guest| guest.host),
            Err(error) => {
                tracing::error!(%error, "it is not known whether a user is a guest");
                return Input::BindRefused;
            }
        };
        let Ok(membership) = Membership::enter(directory, account, host, jid, outbox, session)
        else {
            return Input::BindRefused;
        };
        // Only now does a removal find this connection; one that came between
        // the login and here has to be looked up.
        if !Self::is_valid(&self.chat, account, session).await {
            return Input::StreamFault(reason(End::Revoked));
        }
        self.membership = Some(membership);
        Input::Bound { resource }
    }

    /// Whether the login still holds; brings what is known of the account's
    /// contacts up to date by the way.
    async fn is_valid(chat: &Chat, account: Account, session: Option<TokenHash>) -> bool {
        let Account { application, user } = account;
        let directory = Arc::clone(&chat.directory);
        let found = chat
            .store
            .read(move |store| {
                contacts::refresh(store, &directory, [account])?;
                let user = store.user(application, user)?.is_some();
                let session = session.map_or(Ok(true), |session| store.has_session(&session))?;
                Ok::<_, StoreError>(user && session)
            })
            .await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "a login could not be confirmed");
            false
        })
    }

    /// Takes over the stream that the client had before.
    pub(super) async fn resume(&mut self, name: &str) -> Input {
        let Some((account, session)) = self.login else {
            return Input::ResumeRefused;
        };
        let held = self.chat.resumptions.claim(name, account).await;
        self.chat.metrics.chat.resumption(held.is_some());
        let Some(held) = held else {
            return Input::ResumeRefused;
        };
        let Held {
            stream,
            membership,
            outgoing,
            claims,
        } = held;
        membership.come_back(session);
        if !Self::is_valid(&self.chat, account, session).await {
            return Input::StreamFault(reason(End::Revoked));
        }
        self.ending = outgoing.end();
        self.outgoing = outgoing;
        self.membership = Some(membership);
        self.claims = Some(claims);
        Input::Resumed(stream)
    }
}

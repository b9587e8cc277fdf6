//! Messages for those who are offline (XEP-0160), kept with the time they
//! were sent (XEP-0203) and handed to the first device that appears.

use std::sync::Arc;

use visavis_xmpp::server::Input;
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader, StanzaKind};
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, ns};

use super::account::Account;
use super::connection::Connection;
use super::directory::Resource;
use super::wire::{Lost, Wire};
use super::{Chat, glance};
use crate::clock::UnixTime;
use crate::store::{KeepError, KeptMessage, StoreError};

impl<W: Wire> Connection<W> {
    /// Keeps a message for somebody; gives back what its sender is answered.
    pub(super) async fn keep(
        &mut self,
        header: &StanzaHeader,
        account: Account,
        stamped: &str,
    ) -> Option<Input> {
        let error = match keep(&self.chat, account, stamped).await {
            Ok(()) => return None,
            Err(KeepError::Full { .. }) => StanzaError::ServiceUnavailable,
            Err(KeepError::Store(error)) => {
                tracing::error!(%error, "a message could not be kept");
                StanzaError::InternalServerError
            }
        };
        self.refusal(header, error)
    }

    /// Sends the client what was kept for its user. Forgotten only once it is
    /// sent: should both happen to fail, a message comes twice.
    pub(super) async fn hand_out_kept(&mut self) -> Result<(), Lost> {
        let Some((Account { application, user }, _)) = self.login else {
            return Ok(());
        };
        let store = self.chat.store.clone();
        let kept = store
            .read(move |store| store.kept_messages(application, user))
            .await;
        let kept = kept.unwrap_or_else(|error: StoreError| {
            tracing::error!(%error, "kept messages could not be read");
            Vec::new()
        });
        let Some(last) = kept.last().map(|message| message.id) else {
            return Ok(());
        };
        // What the device is told of its own appearance comes first.
        while let Some(stanza) = self.outgoing.take() {
            self.send_stanza(stanza.to_string()).await?;
        }
        for KeptMessage { stanza, .. } in kept {
            self.send_stanza(stanza).await?;
            self.chat.metrics.chat.handed_out.inc();
        }
        self.flush().await?;
        let forgotten = store
            .run(move |store| store.forget_messages(application, user, last))
            .await;
        if let Err(error) = forgotten {
            tracing::error!(%error, "kept messages could not be forgotten");
        }
        Ok(())
    }
}

/// Keeps a message, or hands it to a device that has appeared meanwhile.
async fn keep(chat: &Chat, account: Account, stamped: &str) -> Result<(), KeepError> {
    let delay = Element::new(ns::DELAY, "delay")
        .with_attribute("from", &chat.domain.to_string())
        .with_attribute("stamp", &UnixTime::now().to_string());
    let stanza = stanza::with_child(stamped, &delay);
    let limit = chat.limits.kept_messages_per_user;
    let Account { application, user } = account;
    let text: Arc<str> = stanza.as_str().into();
    let id = chat
        .store
        .run(move |store| store.keep_message(application, user, &stanza, limit))
        .await?;
    if id.is_some() {
        chat.metrics.chat.kept.inc();
    }
    let mut devices = chat.directory.resources(account).into_iter();
    if let Some(id) = id
        && devices.any(|device| device.is_reached())
    {
        let forgotten = chat
            .store
            .run(move |store| store.forget_message(id))
            .await?;
        if forgotten {
            hand_over(chat, account, &text);
        }
    }
    Ok(())
}

/// Saves the texts that a client will not get: for its user's other devices, or
/// for later.
pub(super) async fn save_texts(chat: &Chat, account: Account, stanzas: Vec<Arc<str>>) {
    for text in stanzas.into_iter().filter(|stanza| is_text(stanza)) {
        if hand_over(chat, account, &text) {
            continue;
        }
        if let Err(error) = keep(chat, account, &text).await {
            tracing::warn!(%error, %account, "a message was lost");
        }
    }
}

/// Gives a text to all devices of its user; `false` if there is none.
fn hand_over(chat: &Chat, account: Account, text: &Arc<str>) -> bool {
    let mut devices = chat.directory.resources(account);
    devices.retain(Resource::is_reached);
    for device in &devices {
        device.outbox.push(Arc::clone(text));
    }
    !devices.is_empty()
}

fn is_text(stanza: &str) -> bool {
    StanzaHeader::read(stanza).is_ok_and(|header| {
        let kind = header.type_.as_deref().unwrap_or("normal");
        header.kind == StanzaKind::Message
            && header.to.as_ref().is_none_or(|to| !Jid::is_full(to))
            && glance::is_worth_keeping(kind, stanza)
    })
}

//! What clients ask of the server and of their own accounts.

use visavis_xmpp::ns;
use visavis_xmpp::server::Input;
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader};
use visavis_xmpp::xml::Element;

use super::connection::Connection;
use super::discovery::{self, Asked};
use super::external_services;
use super::wire::Wire;

impl<W: Wire> Connection<W> {
    /// Answers a request.
    pub(super) async fn answer(
        &mut self,
        header: &StanzaHeader,
        payload: &Element,
    ) -> Option<Input> {
        let jid = self.membership.as_ref()?.jid().clone();
        let asked = match &header.to {
            Some(to) if to.local().is_none() => Asked::Server,
            _ => Asked::Account,
        };
        let kind = header.type_.as_deref()?;
        let answered = match (kind, payload.namespace(), payload.name()) {
            ("get", ns::DISCO_INFO, "query") => discovery::info(asked, payload)
                .map(Some)
                .ok_or(StanzaError::ItemNotFound),
            ("get", ns::DISCO_ITEMS, "query") => Ok(Some(payload.sibling("query"))),
            ("get", ns::EXTERNAL_SERVICES, _) => {
                let account = self.login.map(|(account, _)| account);
                let relay = self.chat.relay.as_ref();
                let local = self.peer.local.ip();
                account
                    .ok_or(StanzaError::NotAllowed)
                    .and_then(|account| external_services::answer(relay, account, local, payload))
                    .map(Some)
            }
            ("get", ns::ROSTER, "query") => self.contact_list().await.map(Some),
            ("set", ns::ROSTER, "query") => self.change_contacts(payload).await.map(|()| None),
            _ => Err(StanzaError::ServiceUnavailable),
        };
        let answer = match answered {
            Ok(result) => Some(stanza::iq_result(header, &jid, result)),
            Err(error) => stanza::error_reply(header, error, &jid),
        };
        answer.map(Input::Deliver)
    }
}

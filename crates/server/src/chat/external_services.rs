//! STUN and TURN with credentials, asked for over chat (XEP-0215).

use std::net::IpAddr;

use visavis_xmpp::ns;
use visavis_xmpp::stanza::StanzaError;
use visavis_xmpp::xml::Element;

use super::account::Account;
use crate::relay::RelayAccess;

/// The answer to a request for services, or for the credentials of one.
pub(super) fn answer(
    relay: Option<&RelayAccess>,
    account: Account,
    local: IpAddr,
    payload: &Element,
) -> Result<Element, StanzaError> {
    let mut answer = payload.sibling(payload.name());
    let (wanted, one) = match payload.name() {
        "services" => (payload.attribute("type"), None),
        "credentials" => {
            let service = payload.child_ns(ns::EXTERNAL_SERVICES, "service");
            let service = service.ok_or(StanzaError::BadRequest)?;
            let type_ = service.attribute("type").ok_or(StanzaError::BadRequest)?;
            (Some(type_), Some(service))
        }
        _ => return Err(StanzaError::FeatureNotImplemented),
    };
    if let Some(type_) = payload.attribute("type") {
        answer.set_attribute("type", type_);
    }
    for service in services(relay, account, local) {
        let is_wanted = wanted.is_none_or(|type_| service.attribute("type") == Some(type_));
        let is_the_one = one.is_none_or(|one| {
            ["host", "port", "transport"].iter().all(|name| {
                let asked = one.attribute(name);
                asked.is_none() || asked == service.attribute(name)
            })
        });
        if is_wanted && is_the_one {
            answer.push(service);
        }
    }
    if one.is_some() && answer.children().next().is_none() {
        return Err(StanzaError::ItemNotFound);
    }
    Ok(answer)
}

fn services(
    relay: Option<&RelayAccess>,
    account: Account,
    local: IpAddr,
) -> impl Iterator<Item = Element> {
    relay.into_iter().flat_map(move |relay| {
        let (credentials, end) = relay.credentials(&account.to_string());
        let services = relay.services(None, local).into_iter();
        services.map(move |way| {
            let service = Element::new(ns::EXTERNAL_SERVICES, "service")
                .with_attribute("type", way.scheme)
                .with_attribute("transport", way.transport)
                .with_attribute("host", &way.host)
                .with_attribute("port", &way.port.to_string());
            if !way.is_restricted() {
                return service;
            }
            service
                .with_attribute("restricted", "true")
                .with_attribute("username", &credentials.username)
                .with_attribute("password", &credentials.password)
                .with_attribute("expires", &end.to_string())
        })
    })
}

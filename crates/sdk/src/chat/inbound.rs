//! From a stanza to a signal and its sender.

use visavis_call::Address;
use visavis_signal::{Signal, UserId};
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, ns};

/// The signal in a stanza; `None` for everything else that chat carries.
///
/// A copy of what another device of ours sent (XEP-0280) counts as that
/// device's own word, but only if our own account vouches for it: anybody
/// else's copy is a forgery (XEP-0280 section 11).
pub(super) fn signal(stanza: &Element, own: &Jid) -> Option<(Address, Signal)> {
    if !stanza.is(ns::CLIENT, "message") {
        return None;
    }
    let message = match stanza.child_ns(ns::CARBONS, "sent") {
        Some(sent) => {
            let vouched = stanza
                .attribute("from")
                .and_then(|from| from.parse::<Jid>().ok())?;
            if vouched != own.bare() {
                return None;
            }
            sent.child_ns(ns::FORWARD, "forwarded")?
                .child_ns(ns::CLIENT, "message")?
        }
        None => stanza,
    };
    let from: Jid = message.attribute("from")?.parse().ok()?;
    let user = UserId::of(&from).ok()?;
    let signal = match Signal::decode(message) {
        Ok(signal) => signal?,
        Err(error) => {
            tracing::debug!(%error, %user, "a signal cannot be read");
            return None;
        }
    };
    let address = match from.resource() {
        Some(resource) => Address::device(user, resource),
        None => Address::bare(user),
    };
    Some((address, signal))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use visavis_call::Address;
    use visavis_signal::{SignalKind, UserId};
    use visavis_xmpp::Jid;
    use visavis_xmpp::xml::{Element, Limits};

    use super::signal;

    const HANG_UP: &str = "<message from='102-7@localhost/phone' to='101-7@localhost' type='headline' xmlns='jabber:client'>\
        <extraParams><sessionID>f78b91c7-dff5-4fd4-952b-cc689e10a218</sessionID>\
        <moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>hangUp</signalType></extraParams></message>";

    fn own() -> Jid {
        "102-7@localhost/laptop".parse().unwrap()
    }

    fn parse(text: &str) -> Element {
        Element::parse(text, &Limits::default()).unwrap()
    }

    fn carbon(from: &str) -> Element {
        parse(&format!(
            "<message from='{from}' type='headline'><sent xmlns='urn:xmpp:carbons:2'>\
             <forwarded xmlns='urn:xmpp:forward:0'>{HANG_UP}</forwarded></sent></message>"
        ))
    }

    #[test]
    fn a_signal_comes_with_its_senders_device() {
        let (from, signal) = signal(&parse(HANG_UP), &own()).unwrap();
        assert_eq!(from, Address::device(UserId(102), "phone"));
        assert_eq!(signal.kind(), SignalKind::HangUp);
    }

    #[test]
    fn a_copy_counts_only_from_our_own_account() {
        assert!(signal(&carbon("102-7@localhost"), &own()).is_some());
        assert!(signal(&carbon("103-7@localhost"), &own()).is_none());
        assert!(signal(&carbon("102-7@localhost/phone"), &own()).is_none());
    }
}

//! A glance at a headline: is it a signal that the sender's other devices
//! have to know of?
//!
//! Most headlines carry candidates or an offer and are told apart by a search
//! for three words. Only what may be a decision is parsed.

use visavis_xmpp::xml::{Element, Limits};

const MODULE: &str = "WebRTCVideoChat";

/// The signals by which a device decides a call for its user.
const DECISIONS: [&str; 3] = ["accept", "reject", "hangUp"];

/// Whether a headline is an `accept`, `reject` or `hangUp` (wire format
/// sections 2.7 and 3.1). What cannot be read is none.
pub(super) fn is_decision(headline: &str) -> bool {
    let worth_parsing =
        headline.contains(MODULE) && DECISIONS.iter().any(|word| headline.contains(word));
    if !worth_parsing {
        return false;
    }
    let limits = Limits {
        max_bytes: headline.len(),
        ..Limits::default()
    };
    let Ok(message) = Element::parse(headline, &limits) else {
        return false;
    };
    let Some(params) = message.child("extraParams") else {
        return false;
    };
    let says = |name, value: &str| {
        params
            .child(name)
            .is_some_and(|child| child.text() == value)
    };
    says("moduleIdentifier", MODULE)
        && DECISIONS
            .iter()
            .any(|decision| says("signalType", decision))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline(module: &str, signal: &str, info: &str) -> String {
        format!(
            "<message to=\"101-4242@h\" type=\"headline\" xmlns=\"jabber:client\">\
             <extraParams xmlns=\"jabber:client\">{info}<moduleIdentifier>{module}</moduleIdentifier>\
             <signalType>{signal}</signalType></extraParams></message>"
        )
    }

    #[test]
    fn decisions_and_nothing_else() {
        for (signal, decision) in [
            ("accept", true),
            ("reject", true),
            ("hangUp", true),
            ("call", false),
            ("iceCandidates", false),
            ("update", false),
            ("hangup", false),
        ] {
            assert_eq!(
                is_decision(&headline(MODULE, signal, "")),
                decision,
                "{signal}"
            );
        }
        assert!(!is_decision(&headline("SystemNotifications", "accept", "")));
    }

    #[test]
    fn words_elsewhere_do_not_count() {
        let info = "<userInfo><signalType>accept</signalType><x>reject</x></userInfo>";
        assert!(!is_decision(&headline(MODULE, "call", info)));
        assert!(is_decision(&headline(MODULE, "reject", info)));
        assert!(!is_decision("WebRTCVideoChat accept <not xml"));
    }
}

//! A glance at a message: is it a signal that the sender's other devices have
//! to know of, or a text that somebody offline will want to read?
//!
//! Most headlines carry candidates or an offer and are told apart by a search
//! for three words. Only what may be a decision is parsed.

use visavis_xmpp::ns;
use visavis_xmpp::xml::{Element, Limits};

const MODULE: &str = "WebRTCVideoChat";

/// The signals by which a device decides a call for its user.
const DECISIONS: [&str; 3] = ["accept", "reject", "hangUp"];

/// Whether a user's other devices get a copy of a message (XEP-0280 section 6;
/// headlines by the wire format, section 2.7), unless its sender does not want
/// that (XEP-0280 section 9, XEP-0334).
pub(super) fn is_copied(kind: &str, message: &str) -> bool {
    match kind {
        "headline" => is_decision(message),
        "chat" => !is_unwanted(message, &COPYING),
        "normal" => message.contains("<body") && !is_unwanted(message, &COPYING),
        _ => false,
    }
}

/// What forbids copies.
const COPYING: [(&str, &str); 2] = [(ns::CARBONS, "private"), (ns::HINTS, "no-copy")];

/// Whether the sender asks for something not to be done.
fn is_unwanted(message: &str, by: &[(&str, &str)]) -> bool {
    let worth_parsing = by.iter().any(|(_, name)| message.contains(name));
    worth_parsing
        && parse(message).is_some_and(|message| {
            by.iter()
                .any(|(namespace, name)| message.child_ns(namespace, name).is_some())
        })
}

fn parse(message: &str) -> Option<Element> {
    let limits = Limits {
        max_bytes: message.len(),
        ..Limits::default()
    };
    Element::parse(message, &limits).ok()
}

/// Whether a headline is an `accept`, `reject` or `hangUp` (wire format
/// sections 2.7 and 3.1). What cannot be read is none.
fn is_decision(headline: &str) -> bool {
    let worth_parsing =
        headline.contains(MODULE) && DECISIONS.iter().any(|word| headline.contains(word));
    if !worth_parsing {
        return false;
    }
    let Some(message) = parse(headline) else {
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

/// Whether a message is kept for a user who is offline (XEP-0160 section 3):
/// text for a person, unless its sender does not want that (XEP-0334).
pub(super) fn is_worth_keeping(kind: &str, message: &str) -> bool {
    if !matches!(kind, "chat" | "normal") || !message.contains("<body") {
        return false;
    }
    parse(message).is_some_and(|message| {
        message.child_ns(ns::CLIENT, "body").is_some()
            && message.child_ns(ns::HINTS, "no-store").is_none()
    })
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
    fn texts_are_kept_and_nothing_else() {
        let message = |content: &str| format!("<message to=\"a@h\">{content}</message>");
        let text = message("<body>hi</body>");
        assert!(is_worth_keeping("chat", &text));
        assert!(is_worth_keeping("normal", &text));
        assert!(!is_worth_keeping("headline", &text));
        assert!(!is_worth_keeping("error", &text));
        for content in [
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            "<x xmlns='urn:x'><body>hi</body></x>",
            "<body>hi</body><no-store xmlns='urn:xmpp:hints'/>",
        ] {
            assert!(!is_worth_keeping("chat", &message(content)), "{content}");
        }
    }

    #[test]
    fn copies_are_made_unless_the_sender_forbids_them() {
        let message = |content: &str| format!("<message to=\"a@h\">{content}</message>");
        let text = message("<body>private</body>");
        assert!(is_copied("chat", &text) && is_copied("normal", &text));
        assert!(is_copied("chat", &message("")) && !is_copied("normal", &message("")));
        assert!(!is_copied("error", &text) && !is_copied("groupchat", &text));
        for content in [
            "<body>x</body><private xmlns='urn:xmpp:carbons:2'/>",
            "<body>x</body><no-copy xmlns='urn:xmpp:hints'/>",
        ] {
            assert!(!is_copied("chat", &message(content)), "{content}");
        }
    }

    #[test]
    fn words_elsewhere_do_not_count() {
        let info = "<userInfo><signalType>accept</signalType><x>reject</x></userInfo>";
        assert!(!is_decision(&headline(MODULE, "call", info)));
        assert!(is_decision(&headline(MODULE, "reject", info)));
        assert!(!is_decision("WebRTCVideoChat accept <not xml"));
    }
}

//! Carbons (XEP-0280): what one device sent or got, for the user's others.
//!
//! Beyond the XEP, an `accept`, `reject` or `hangUp` that one device sends is
//! copied as a headline, so that the others stop ringing (wire format section
//! 2.7). A `call` never is: a device would ring for its own user's call.

use visavis_xmpp::xml::escape_attribute;
use visavis_xmpp::{Jid, ns};

/// Which way the copied message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The user's other device sent it.
    Sent,
    /// The user's other device got it.
    Received,
}

/// Wraps a stamped message for `device`, one of the user's. The outer type
/// is that of the message.
pub(super) fn wrap(direction: Direction, message: &str, kind: &str, device: &Jid) -> String {
    let side = match direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let mut carbon = String::with_capacity(message.len() + 256);
    carbon.push_str("<message from=\"");
    escape_attribute(&device.bare().to_string(), &mut carbon);
    carbon.push_str("\" to=\"");
    escape_attribute(&device.to_string(), &mut carbon);
    carbon.push_str("\" type=\"");
    escape_attribute(kind, &mut carbon);
    carbon.push_str("\" xmlns=\"");
    carbon.push_str(ns::CLIENT);
    carbon.push_str("\"><");
    carbon.push_str(side);
    carbon.push_str(" xmlns=\"");
    carbon.push_str(ns::CARBONS);
    carbon.push_str("\"><forwarded xmlns=\"");
    carbon.push_str(ns::FORWARD);
    carbon.push_str("\">");
    carbon.push_str(message);
    carbon.push_str("</forwarded></");
    carbon.push_str(side);
    carbon.push_str("></message>");
    carbon
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use visavis_xmpp::xml::{Element, Limits};

    #[test]
    fn the_documented_nesting() {
        let device = "102-4242@h/<tab>".parse().unwrap();
        let inner =
            "<message from=\"102-4242@h/phone\" type=\"headline\" xmlns=\"jabber:client\"/>";
        let carbon = wrap(Direction::Sent, inner, "headline", &device);
        let outer = Element::parse(&carbon, &Limits::default()).unwrap();
        assert_eq!(outer.attribute("from"), Some("102-4242@h"));
        assert_eq!(outer.attribute("to"), Some("102-4242@h/<tab>"));
        assert_eq!(outer.attribute("type"), Some("headline"));
        let copy = outer
            .child_ns(ns::CARBONS, "sent")
            .and_then(|sent| sent.child_ns(ns::FORWARD, "forwarded"))
            .and_then(|forwarded| forwarded.child_ns(ns::CLIENT, "message"))
            .unwrap();
        assert_eq!(copy.attribute("from"), Some("102-4242@h/phone"));
    }
}

//! The server's stamp: who sent a stanza, for certain.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::tag::StartTag;
use crate::xml::{Element, escape_attribute};
use crate::{Jid, ns};

/// The stanza `raw` with `from` in place of whatever it says, and `to` likewise
/// if one is given (RFC 6120 section 8.1.2.1). A stanza that declares no
/// namespace gets `jabber:client`. All other bytes stay as they are.
///
/// `raw` has to be one whose header could be read; the stamp of anything else
/// is empty, so that nothing passes unstamped.
pub fn stamp(raw: &str, from: &Jid, to: Option<&Jid>) -> String {
    let Ok(tag) = StartTag::scan(raw) else {
        return String::new();
    };
    let mut changes = Changes {
        raw,
        tag: &tag,
        replaced: Vec::new(),
        added: String::new(),
    };
    changes.set("from", from.as_str());
    if let Some(to) = to {
        changes.set("to", to.as_str());
    }
    if tag.value(raw, "xmlns").is_none() {
        changes.set("xmlns", ns::CLIENT);
    }
    changes.apply()
}

/// The stanza `raw` with one child more, behind the others. A stanza without
/// content stays as it is.
pub fn with_child(raw: &str, child: &Element) -> String {
    let Some(end) = raw.rfind("</") else {
        return String::from(raw);
    };
    let (content, end) = raw.split_at(end);
    let mut longer = String::from(content);
    child.write(&mut longer);
    longer.push_str(end);
    longer
}

struct Changes<'a> {
    raw: &'a str,
    tag: &'a StartTag,
    /// New values, with quotes, for what is there.
    replaced: Vec<(Range<usize>, String)>,
    /// Attributes to add behind the name.
    added: String,
}

impl Changes<'_> {
    fn set(&mut self, name: &str, value: &str) {
        let mut quoted = String::with_capacity(value.len() + 2);
        quoted.push('"');
        escape_attribute(value, &mut quoted);
        quoted.push('"');
        match self.tag.value(self.raw, name) {
            Some(span) => self.replaced.push((span, quoted)),
            None => {
                self.added.push(' ');
                self.added.push_str(name);
                self.added.push('=');
                self.added.push_str(&quoted);
            }
        }
    }

    fn apply(mut self) -> String {
        let behind_name = self.tag.name().end;
        self.replaced.push((behind_name..behind_name, self.added));
        self.replaced.sort_by_key(|(span, _)| span.start);
        let growth: usize = self.replaced.iter().map(|(_, new)| new.len()).sum();
        let mut stamped = String::with_capacity(self.raw.len() + growth);
        let mut copied = 0;
        for (span, new) in &self.replaced {
            stamped.push_str(&self.raw[copied..span.start]);
            stamped.push_str(new);
            copied = span.end;
        }
        stamped.push_str(&self.raw[copied..]);
        stamped
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::string::String;

    use super::{stamp, with_child};
    use crate::Jid;
    use crate::xml::Element;

    fn stamped(raw: &str, to: Option<&str>) -> String {
        let from: Jid = "101-4242@h/<tab>".parse().unwrap();
        stamp(raw, &from, to.map(|to| to.parse().unwrap()).as_ref())
    }

    #[test]
    fn the_payload_keeps_its_bytes() {
        let payload = "><x from='me'>\r\n<![CDATA[<message from='z'>]]>&#13;é</x ></message>";
        let raw = alloc::format!("<message id='1' to=\"a@h\" xmlns='jabber:client'{payload}");
        let expected = alloc::format!(
            "<message from=\"101-4242@h/&lt;tab&gt;\" id='1' to=\"a@h\" xmlns='jabber:client'{payload}"
        );
        assert_eq!(stamped(&raw, None), expected);
    }

    #[test]
    fn what_was_claimed_is_replaced() {
        assert_eq!(
            stamped(
                "<message to=\"a@h\" from = 'spoofed@h>/\"x' xmlns=\"jabber:client\"/>",
                None
            ),
            "<message to=\"a@h\" from = \"101-4242@h/&lt;tab&gt;\" xmlns=\"jabber:client\"/>"
        );
        assert_eq!(
            stamped(
                "<iq xml:from='q' to='a@h' xmlns='jabber:client'/>",
                Some("b@h/c")
            ),
            "<iq from=\"101-4242@h/&lt;tab&gt;\" xml:from='q' to=\"b@h/c\" xmlns='jabber:client'/>"
        );
    }

    #[test]
    fn a_child_goes_behind_the_others() {
        let delay = Element::new("urn:xmpp:delay", "delay");
        let longer = with_child("<message><body>&lt;/</body></message >", &delay);
        assert_eq!(
            longer,
            "<message><body>&lt;/</body><delay xmlns=\"urn:xmpp:delay\"/></message >"
        );
        assert_eq!(with_child("<message/>", &delay), "<message/>");
    }

    #[test]
    fn the_namespace_is_made_explicit() {
        assert_eq!(
            stamped("<presence/>", Some("b@h")),
            "<presence from=\"101-4242@h/&lt;tab&gt;\" to=\"b@h\" xmlns=\"jabber:client\"/>"
        );
    }

    #[test]
    fn what_has_no_header_is_not_passed_on() {
        for raw in ["", "x", "<message", "<message from='"] {
            assert_eq!(stamped(raw, None), "", "{raw}");
        }
    }
}

//! A look at elements of the kind that almost everybody sends: without
//! prefixes, references to characters by number, and CDATA.
//!
//! Says nothing of others, not even that they are wrong: those are left to the
//! parser, which takes some twenty times as long. Whatever is called plain
//! here, the parser would take, too.

use core::ops::Range;

use memchr::{memchr, memchr2, memmem};

use super::Limits;
use super::scan::Scan;

/// So many elements inside each other are looked at.
const MAX_DEPTH: usize = 16;

/// So many attributes of one element are looked at.
const MAX_ATTRIBUTES: usize = 12;

/// What a plain text may refer to (XML 1.0 section 4.6).
const ENTITIES: [&[u8]; 5] = [b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"];

/// Namespaces that may not be the default one (Namespaces in XML 1.0 section 3).
const RESERVED: &[u8] = b"http://www.w3.org/";

/// Whether `text` is one plain element within `limits`.
pub(super) fn is_plain(text: &str, limits: &Limits) -> bool {
    let fits = text.len() <= limits.max_bytes;
    let text = text.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
    fits && has_plain_characters(text) && elements(text, limits).is_some()
}

/// A start tag by position: its attributes' names and values, these without
/// quotes.
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: [(&'a str, &'a str); MAX_ATTRIBUTES],
    pub(crate) count: usize,
}

impl<'a> Tag<'a> {
    /// The plain start tag that `text` begins with, if it does. None of its
    /// values refers to anything.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let end = memchr(b'>', text.as_bytes())? + 1;
        let tag = text.get(..end)?;
        let mut scan = Scan {
            text: tag.as_bytes(),
            at: 1,
        };
        if !tag.starts_with('<') || !has_plain_characters(scan.text) {
            return None;
        }
        if memchr(b'&', scan.text).is_some() {
            return None;
        }
        let found = scan.start_tag()?;
        let part = |range: &Range<usize>| tag.get(range.clone());
        let mut attributes = [("", ""); MAX_ATTRIBUTES];
        for (attribute, (name, value)) in attributes.iter_mut().zip(found.attributes()) {
            *attribute = (part(name)?, part(value)?);
            // The parser makes spaces of them (XML 1.0 section 3.3.3).
            if attribute.1.contains(char::is_control) {
                return None;
            }
        }
        Some(Self {
            name: part(&found.name)?,
            attributes,
            count: found.count,
        })
    }

    pub(crate) fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let attributes = self.attributes.get(..self.count)?;
        let found = attributes.iter().find(|(name, _)| *name == wanted)?;
        Some(found.1)
    }
}

/// No control characters, and none that might be no character at all (XML 1.0
/// section 2.2): those in question begin with 0xEF. Without an early end, so
/// that many bytes are looked at at once.
fn has_plain_characters(text: &[u8]) -> bool {
    let odd = |byte: u8| byte == 0xEF || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'));
    !text
        .chunks(256)
        .any(|chunk| chunk.iter().fold(false, |any, &byte| any | odd(byte)))
}

/// Looks at one element with all that is in it, and nothing behind it.
fn elements(text: &[u8], limits: &Limits) -> Option<()> {
    let mut scan = Scan { text, at: 0 };
    let mut open: [Range<usize>; MAX_DEPTH] = [const { 0..0 }; MAX_DEPTH];
    let (mut depth, mut nodes) = (0, 0);
    loop {
        scan.expect(b'<')?;
        if scan.peek()? == b'/' {
            scan.at += 1;
            let name = scan.name()?;
            depth = usize::checked_sub(depth, 1)?;
            if text.get(open.get(depth)?.clone()) != text.get(name) {
                return None;
            }
            scan.skip_space();
            scan.expect(b'>')?;
        } else {
            let found = scan.start_tag()?;
            nodes += 1;
            *open.get_mut(depth)? = found.name.clone();
            // The parser looks at the depth of empty elements, too.
            if depth + 1 > limits.max_depth || nodes > limits.max_nodes {
                return None;
            }
            depth += usize::from(!found.empty);
        }
        if depth == 0 {
            return (scan.at == text.len()).then_some(());
        }
        if scan.text()? {
            nodes += 1;
            if nodes > limits.max_nodes {
                return None;
            }
        }
    }
}

/// The parts of a start tag.
struct Found {
    name: Range<usize>,
    attributes: [(Range<usize>, Range<usize>); MAX_ATTRIBUTES],
    count: usize,
    empty: bool,
}

impl Found {
    fn attributes(&self) -> impl Iterator<Item = &(Range<usize>, Range<usize>)> {
        self.attributes.iter().take(self.count)
    }
}

impl Scan<'_> {
    /// A name of letters and digits of ASCII, without a prefix.
    fn name(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        while let Some(byte) = self.peek()
            && (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        {
            self.at += 1;
        }
        Some(start..self.at)
    }

    /// A start tag, behind its `<`.
    fn start_tag(&mut self) -> Option<Found> {
        let mut found = Found {
            name: self.name()?,
            attributes: [const { (0..0, 0..0) }; MAX_ATTRIBUTES],
            count: 0,
            empty: false,
        };
        loop {
            let spaced = self.skip_space();
            match self.peek()? {
                b'>' => {
                    self.at += 1;
                    return Some(found);
                }
                b'/' => {
                    self.at += 1;
                    found.empty = true;
                    self.expect(b'>')?;
                    return Some(found);
                }
                _ if !spaced => return None,
                _ => {
                    let (name, value) = self.attribute()?;
                    let known = |(known, _): &(Range<usize>, _)| {
                        self.text.get(known.clone()) == self.text.get(name.clone())
                    };
                    if found.attributes().any(known) {
                        return None;
                    }
                    *found.attributes.get_mut(found.count)? = (name, value);
                    found.count += 1;
                }
            }
        }
    }

    fn attribute(&mut self) -> Option<(Range<usize>, Range<usize>)> {
        let name = self.name()?;
        let value = self.value()?;
        let content = self.text.get(value.clone())?;
        let declares = self.text.get(name.clone()) == Some(b"xmlns");
        let plain = memchr(b'<', content).is_none()
            && has_plain_references(content)
            && !(declares && content.starts_with(RESERVED));
        plain.then_some((name, value))
    }

    /// The text up to the next tag; whether there is any.
    fn text(&mut self) -> Option<bool> {
        let rest = self.text.get(self.at..)?;
        let length = memchr(b'<', rest)?;
        let text = rest.get(..length)?;
        self.at += length;
        // XML 1.0 section 2.4.
        let plain = has_plain_references(text) && memmem::find(text, b"]]>").is_none();
        plain.then_some(length > 0)
    }
}

fn has_plain_references(mut text: &[u8]) -> bool {
    while let Some(at) = memchr2(b'&', b'<', text) {
        let Some(behind) = text.get(at + 1..) else {
            return false;
        };
        if !ENTITIES.iter().any(|entity| behind.starts_with(entity)) {
            return false;
        }
        text = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::{Limits, Tag, is_plain};

    fn plain(text: &str) -> bool {
        is_plain(text, &Limits::default())
    }

    #[test]
    fn what_clients_send_is_plain() {
        for text in [
            "<message to='a@b/c' type=\"chat\" id = '1'><body>1 &lt; 2\r\n&amp;</body><x xmlns='urn:x'/></message>",
            " <presence/>\n",
            "<iq type='get'><query xmlns='jabber:iq:roster' ></query ></iq>",
            "<a b='&quot;>'>]] ></a>",
            "<a>é😀</a>",
        ] {
            assert!(plain(text), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for text in [
            "",
            "<a>",
            "</a>",
            "<a/><a/>",
            "<a></b>",
            "<a><b></a></b>",
            "<a b='1' b='2'/>",
            "<a b='1'c='2'/>",
            "<a b=1/>",
            "<a b='<'/>",
            "<a b='&x;'/>",
            "<a>&#1;</a>",
            "<a>& </a>",
            "<a>]]></a>",
            "<a>\u{1}</a>",
            "<a>\u{ffff}</a>",
            "<a b='\u{fffe}'/>",
            "<a:b/>",
            "<a b:c='d'/>",
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            "<a><!-- --></a>",
            "<a><![CDATA[]]></a>",
            "<a>x",
            "x<a/>",
            "<a/ >",
            "<1/>",
        ] {
            assert!(!plain(text), "{text}");
        }
    }

    #[test]
    fn bounds_are_kept() {
        let limits = Limits {
            max_bytes: 40,
            max_depth: 2,
            max_nodes: 3,
        };
        assert!(is_plain("<a>x<b/></a>", &limits));
        assert!(!is_plain("<a>x<b/>y</a>", &limits));
        assert!(!is_plain("<a><b><c/></b></a>", &limits));
        assert!(!is_plain(&format!("<a>{}</a>", "x".repeat(40)), &limits));
    }

    #[test]
    fn a_tag_is_read_without_what_is_behind_it() {
        let tag = Tag::read("<iq id='1' to=\"é\"><").map(|tag| {
            let attributes = ["id", "to", "x"].map(|name| tag.attribute(name));
            (tag.name, attributes)
        });
        assert_eq!(tag, Some(("iq", [Some("1"), Some("é"), None])));
        for text in [
            "iq",
            "<iq",
            "<iq id='&amp;'>",
            "<iq id='>'>",
            "<iq id='\t'>",
        ] {
            assert!(Tag::read(text).is_none(), "{text}");
        }
    }
}

//! The start tag of a frame, by position: what has to be rewritten or looked
//! at without touching the rest.

use core::ops::Range;

use alloc::string::String;
use alloc::vec::Vec;

use crate::xml::{Element, Limits, Scan, XmlError};

/// A start tag holds no more attributes than this.
const MAX_ATTRIBUTES: usize = 64;

/// Where the parts of a start tag are, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartTag {
    name: Range<usize>,
    attributes: Vec<Attribute>,
    /// Of what ends the tag: `>` or `/>`.
    end: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    name: Range<usize>,
    /// With its quotes.
    value: Range<usize>,
}

impl StartTag {
    /// Finds the parts of the tag that `text` begins with.
    ///
    /// # Errors
    /// [`XmlError`] when it does not begin with one.
    pub(crate) fn scan(text: &str) -> Result<Self, XmlError> {
        let mut scan = Scan {
            text: text.as_bytes(),
            at: 0,
        };
        Self::read(&mut scan).ok_or(if scan.at < text.len() {
            XmlError::NotWellFormed
        } else {
            XmlError::Truncated
        })
    }

    fn read(scan: &mut Scan<'_>) -> Option<Self> {
        scan.expect(b'<')?;
        let tag_name = name(scan)?;
        let mut attributes = Vec::new();
        loop {
            scan.skip_space();
            let start = scan.at;
            match scan.peek()? {
                b'>' => scan.at += 1,
                b'/' => {
                    scan.at += 1;
                    scan.expect(b'>')?;
                }
                _ if attributes.len() == MAX_ATTRIBUTES => return None,
                _ => {
                    let name = name(scan)?;
                    let value = scan.value()?;
                    // With its quotes.
                    let value = value.start - 1..value.end + 1;
                    attributes.push(Attribute { name, value });
                    continue;
                }
            }
            return Some(Self {
                name: tag_name,
                attributes,
                end: start..scan.at,
            });
        }
    }

    /// The name, with its prefix if it has one.
    pub(crate) const fn name(&self) -> &Range<usize> {
        &self.name
    }

    /// Where the value of an attribute is, with its quotes.
    pub(crate) fn value(&self, text: &str, name: &str) -> Option<Range<usize>> {
        self.attributes
            .iter()
            .find(|attribute| text.get(attribute.name.clone()) == Some(name))
            .map(|attribute| attribute.value.clone())
    }

    /// Names and values, the values with their quotes, in order.
    pub(crate) fn attributes<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.attributes.iter().filter_map(|attribute| {
            Some((
                text.get(attribute.name.clone())?,
                text.get(attribute.value.clone())?,
            ))
        })
    }

    /// The tag as an element without content.
    ///
    /// # Errors
    /// [`XmlError`] when the tag is not well-formed.
    pub(crate) fn element(&self, text: &str, limits: &Limits) -> Result<Element, XmlError> {
        let open = text.get(..self.end.start).ok_or(XmlError::NotWellFormed)?;
        let mut alone = String::with_capacity(open.len() + 2);
        alone.push_str(open);
        alone.push_str("/>");
        Element::parse(&alone, limits)
    }
}

/// A name of any characters, as far as it goes.
fn name(scan: &mut Scan<'_>) -> Option<Range<usize>> {
    let start = scan.at;
    while !matches!(
        scan.peek()?,
        b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' | b'>' | b'<' | b'"' | b'\''
    ) {
        scan.at += 1;
    }
    (start < scan.at).then_some(start..scan.at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::StartTag;
    use crate::xml::{Limits, XmlError};

    #[test]
    fn parts_are_found_in_any_quotes_and_spacing() {
        let text = "<iq  id = 'a>\"b'\n\tto=\"x/y\"xmlns='jabber:client' ><ping/></iq>";
        let tag = StartTag::scan(text).unwrap();
        assert_eq!(&text[tag.name().clone()], "iq");
        assert_eq!(&text[tag.value(text, "id").unwrap()], "'a>\"b'");
        assert_eq!(&text[tag.value(text, "to").unwrap()], "\"x/y\"");
        assert_eq!(tag.value(text, "from"), None);
        assert_eq!(StartTag::scan("<presence/>").unwrap().name(), &(1..9));
    }

    #[test]
    fn the_tag_alone_is_an_element() {
        let text = "<iq id='&lt;1&gt;'><not closed";
        let tag = StartTag::scan(text)
            .unwrap()
            .element(text, &Limits::default())
            .unwrap();
        assert_eq!(tag.attribute("id"), Some("<1>"));
    }

    #[test]
    fn every_cut_is_noticed() {
        let text = "<iq id='1' to=\"é\" />";
        for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            assert_eq!(
                StartTag::scan(&text[..cut]),
                Err(XmlError::Truncated),
                "{cut}"
            );
        }
        for text in [
            "iq",
            "<>",
            "< iq>",
            "<iq id>",
            "<iq id=1>",
            "<iq/ >",
            "<iq =''>",
        ] {
            assert_eq!(StartTag::scan(text), Err(XmlError::NotWellFormed), "{text}");
        }
    }
}

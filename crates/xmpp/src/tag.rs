//! The start tag of a frame, by position: what has to be rewritten or looked
//! at without touching the rest.

use core::ops::Range;

use alloc::string::String;
use alloc::vec::Vec;

use crate::xml::{Element, Limits, XmlError};

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
        let mut scan = Scan { text, at: 0 };
        scan.expect(b'<')?;
        let name = scan.name()?;
        let mut attributes = Vec::new();
        loop {
            scan.skip_space();
            let start = scan.at;
            match scan.peek()? {
                b'>' => {
                    let end = start..start + 1;
                    return Ok(Self {
                        name,
                        attributes,
                        end,
                    });
                }
                b'/' => {
                    scan.at += 1;
                    scan.expect(b'>')?;
                    let end = start..scan.at;
                    return Ok(Self {
                        name,
                        attributes,
                        end,
                    });
                }
                _ if attributes.len() == MAX_ATTRIBUTES => return Err(XmlError::NotWellFormed),
                _ => attributes.push(scan.attribute()?),
            }
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

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Result<u8, XmlError> {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .ok_or(XmlError::Truncated)
    }

    fn expect(&mut self, byte: u8) -> Result<(), XmlError> {
        if self.peek()? != byte {
            return Err(XmlError::NotWellFormed);
        }
        self.at += 1;
        Ok(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Ok(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> Result<Range<usize>, XmlError> {
        let start = self.at;
        while !matches!(
            self.peek()?,
            b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' | b'>' | b'<' | b'"' | b'\''
        ) {
            self.at += 1;
        }
        if start == self.at {
            Err(XmlError::NotWellFormed)
        } else {
            Ok(start..self.at)
        }
    }

    fn attribute(&mut self) -> Result<Attribute, XmlError> {
        let name = self.name()?;
        self.skip_space();
        self.expect(b'=')?;
        self.skip_space();
        let quote = self.peek()?;
        if !matches!(quote, b'"' | b'\'') {
            return Err(XmlError::NotWellFormed);
        }
        let start = self.at;
        self.at += 1;
        while self.peek()? != quote {
            self.at += 1;
        }
        self.at += 1;
        Ok(Attribute {
            name,
            value: start..self.at,
        })
    }
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

//! Steps over a start tag (XML 1.0 section 3.1), for those who look at tags
//! without parsing them.

use core::ops::Range;

use memchr::memchr;

/// A place in a text. Where a step cannot be made, it stays there, or goes to
/// the end if more text might have made it possible.
pub(crate) struct Scan<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
}

impl Scan<'_> {
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes over white space; whether there is any.
    #[inline]
    pub(crate) fn skip_space(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.at > start
    }

    /// Behind an attribute's name: its value, without the quotes.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<Range<usize>> {
        self.skip_space();
        self.expect(b'=')?;
        self.skip_space();
        let quote = self.peek()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let start = self.at + 1;
        let Some(length) = memchr(quote, self.text.get(start..)?) else {
            self.at = self.text.len();
            return None;
        };
        let end = start + length;
        self.at = end + 1;
        Some(start..end)
    }
}

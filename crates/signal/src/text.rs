//! Text that XML can carry (XML 1.0 §2.2 and §2.11).
//!
//! A character that XML forbids makes the whole stream malformed, and its
//! receiver has to close it. So nothing is written that did not pass here.

use alloc::borrow::Cow;
use alloc::string::String;

/// Whether XML allows the character at all (XML 1.0 §2.2).
pub(crate) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Line ends as an XML parser reports them (XML 1.0 §2.11): CR LF and lone
/// CR become LF.
pub(crate) fn with_plain_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Plain line ends, and nothing that XML forbids.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    let text = with_plain_line_ends(text);
    if text.chars().all(is_allowed) {
        text
    } else {
        Cow::Owned(text.chars().filter(|&c| is_allowed(c)).collect())
    }
}

/// One line of text: no control characters, nothing that XML forbids.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if is_line(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(
            text.chars()
                .filter(|&c| is_line_part(c))
                .collect::<String>(),
        )
    }
}

/// Whether [`line`] would leave the text as it is.
pub(crate) fn is_line(text: &str) -> bool {
    text.chars().all(is_line_part)
}

fn is_line_part(c: char) -> bool {
    is_allowed(c) && !c.is_control()
}

/// Whether the text can be an element name without a prefix
/// (`NCName`, Namespaces in XML 1.0 §3; the ranges are XML 1.0 §2.3 without U+FDF0 to U+FFFD, which
/// not every reader takes).
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_part)
}

fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{10000}'..='\u{effff}')
}

fn is_name_part(c: char) -> bool {
    is_name_start(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_are_dropped() {
        assert_eq!(lines("a\0b\u{8}c\u{fffe}\td\r\ne\rf\n"), "abc\td\ne\nf\n");
        assert_eq!(line("a\r\nb\u{85}\tc"), "abc");
    }

    #[test]
    fn names() {
        for name in ["a", "_", "name", "a.b", "é", "имя", "x-1"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "1", "-a", ".a", "a b", "a:b", "a<", "a/b", "\u{b7}", "\u{fffc}",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}

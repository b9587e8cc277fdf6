//! The characters that cannot stand for themselves. Those that XML cannot hold
//! at all (XML 1.0 section 2.2) become U+FFFD, so that a text given by an app
//! never breaks the stream.

use alloc::string::String;

/// Appends `text` as character data. Carriage returns pass as they are, as
/// other clients send them; readers get line feeds (XML 1.0 section 2.11).
pub fn escape_text(text: &str, out: &mut String) {
    escape(text, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    });
}

/// Appends `text` as the value of an attribute in double quotes.
pub fn escape_attribute(text: &str, out: &mut String) {
    escape(text, out, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        '\t' => Some("&#x9;"),
        _ => None,
    });
}

fn escape(text: &str, out: &mut String, reference: impl Fn(char) -> Option<&'static str>) {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        if let Some(reference) = reference(c).or_else(|| forbidden(c)) {
            out.push_str(&text[plain..at]);
            out.push_str(reference);
            plain = at + c.len_utf8();
        }
    }
    out.push_str(&text[plain..]);
}

const fn forbidden(c: char) -> Option<&'static str> {
    match c {
        '\t' | '\n' | '\r' => None,
        '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => Some("\u{fffd}"),
        _ => None,
    }
}

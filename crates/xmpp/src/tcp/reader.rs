//! From bytes to pieces.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use memchr::memmem;

use super::Piece;
use super::cut::{Cut, Found};
use crate::framing::Open;
use crate::ns;
use crate::stream_error::StreamError;
use crate::tag::StartTag;
use crate::xml::{Element, Limits};

/// An idle stream keeps no more room than this, in bytes.
const KEPT_ROOM: usize = 512;

/// The prefixes of a header take no more room than this, in bytes: every piece
/// that leans on them is longer by them.
const MAX_DECLARED: usize = 1024;

/// Cuts what comes in over a socket into [`Piece`]s, holding no more than one
/// incomplete piece and what was pushed behind it.
#[derive(Clone, Debug)]
pub struct TcpReader {
    max_bytes: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that the cut has seen.
    seen: usize,
    cut: Cut,
    /// A declaration came, and only a header may follow.
    declared: bool,
    /// The name of the stream's element, as the header writes it.
    root: String,
    prefixes: Vec<Prefix>,
}

/// A prefix that the stream's header declares.
#[derive(Clone, Debug)]
struct Prefix {
    /// `name:`, as it stands where it is used.
    used: String,
    /// ` xmlns:name="…"`, as it stands in the header.
    declaration: String,
    /// `xmlns:name`.
    attribute: String,
}

impl TcpReader {
    /// A reader of pieces of at most `max_bytes`.
    pub const fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            buffer: Vec::new(),
            seen: 0,
            cut: Cut::new(),
            declared: false,
            root: String::new(),
            prefixes: Vec::new(),
        }
    }

    /// Pieces may have `max_bytes` from now on.
    pub const fn allow(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Takes bytes from the socket. Take all pieces before the next ones.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether nothing is held, not even the beginning of a piece.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next piece; none until more bytes come.
    ///
    /// # Errors
    /// The [`StreamError`] with which the stream has to end: not XML, XML that
    /// chat forbids, a wrong namespace, or a piece that is too long.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, StreamError> {
        loop {
            let allowed = self.buffer.len().min(self.max_bytes);
            self.seen += self
                .cut
                .skip(self.buffer.get(self.seen..allowed).unwrap_or_default());
            let Some(&byte) = self.buffer.get(self.seen) else {
                break;
            };
            if self.seen == self.max_bytes {
                return Err(StreamError::PolicyViolation);
            }
            self.seen += 1;
            let piece = match self.cut.take(byte)? {
                Found::Nothing => None,
                Found::Space => {
                    self.take_seen();
                    None
                }
                Found::Declaration if self.declared => return Err(StreamError::NotWellFormed),
                Found::Declaration => {
                    self.declared = true;
                    self.take_seen();
                    None
                }
                Found::TopTag => self.header()?,
                Found::Element if self.declared => return Err(StreamError::NotWellFormed),
                Found::Element => {
                    let element = text(self.take_seen())?;
                    Some(Piece::Element(self.alone(element)))
                }
                Found::End => {
                    let end = text(self.take_seen())?;
                    // Before the header there is nothing to close, whatever it is called.
                    if self.root.is_empty() || end_name(&end) != Some(&self.root) {
                        return Err(StreamError::NotWellFormed);
                    }
                    Some(Piece::Close)
                }
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_ROOM {
            self.buffer = Vec::new();
        }
        Ok(None)
    }

    fn take_seen(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.seen);
        self.seen = 0;
        core::mem::replace(&mut self.buffer, rest)
    }

    /// Takes the tag just seen if it is the stream's header; leaves that of an
    /// element where it is.
    fn header(&mut self) -> Result<Option<Piece>, StreamError> {
        let seen = self.buffer.get(..self.seen).unwrap_or_default();
        let seen = core::str::from_utf8(seen).map_err(|_| StreamError::NotWellFormed)?;
        let tag = StartTag::scan(seen)?;
        let name = seen.get(tag.name().clone()).unwrap_or_default();
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        if local != "stream" {
            return if self.declared {
                Err(StreamError::InvalidNamespace)
            } else {
                Ok(None)
            };
        }
        let header = tag.element(seen, &Limits::default())?;
        let content = tag.value(seen, "xmlns");
        let content = content.and_then(|value| seen.get(value.start + 1..value.end - 1));
        if !header.is(ns::STREAMS, "stream") || content != Some(ns::CLIENT) {
            return Err(StreamError::InvalidNamespace);
        }
        let prefixes = prefixes(seen, &tag);
        let declared = prefixes.iter().map(|prefix| prefix.declaration.len());
        if declared.sum::<usize>() > MAX_DECLARED {
            return Err(StreamError::PolicyViolation);
        }
        self.root = name.to_string();
        self.prefixes = prefixes;
        let open = open(&header);
        self.declared = false;
        self.cut.open_stream();
        self.take_seen();
        Ok(Some(Piece::Open(open)))
    }

    /// The element with the declarations it leans on.
    fn alone(&self, element: String) -> String {
        let leans =
            |prefix: &&Prefix| memmem::find(element.as_bytes(), prefix.used.as_bytes()).is_some();
        let mut missing = self.prefixes.iter().filter(leans).peekable();
        if missing.peek().is_none() {
            return element;
        }
        let Ok(tag) = StartTag::scan(&element) else {
            return element;
        };
        let (name, rest) = element.split_at(tag.name().end);
        let mut alone = String::from(name);
        for prefix in missing {
            if tag.value(&element, &prefix.attribute).is_none() {
                alone.push_str(&prefix.declaration);
            }
        }
        alone.push_str(rest);
        alone
    }
}

fn text(bytes: Vec<u8>) -> Result<String, StreamError> {
    String::from_utf8(bytes).map_err(|_| StreamError::NotWellFormed)
}

/// The name in an end tag (XML 1.0 section 3.1).
fn end_name(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix("</")?.strip_suffix('>')?;
    Some(name.trim_end_matches([' ', '\t', '\r', '\n']))
}

fn open(header: &Element) -> Open {
    let attribute = |name| header.attribute(name).map(ToString::to_string);
    Open {
        to: attribute("to"),
        from: attribute("from"),
        id: attribute("id"),
        version: attribute("version"),
    }
}

fn prefixes(header: &str, tag: &StartTag) -> Vec<Prefix> {
    let declared = tag.attributes(header).filter_map(|(attribute, value)| {
        let name = attribute.strip_prefix("xmlns:")?;
        Some(Prefix {
            used: format!("{name}:"),
            declaration: format!(" {attribute}={value}"),
            attribute: attribute.to_string(),
        })
    });
    declared.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use super::{Piece, TcpReader};
    use crate::stream_error::StreamError;
    use crate::tcp;
    use crate::xml::{self, Limits};

    const HEADER: &str = "<?xml version='1.0'?><stream:stream to='a.b' version='1.0' \
        xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

    /// The pieces of `text`, pushed in parts of `size` bytes.
    fn pieces(text: &[u8], size: usize) -> Result<Vec<Piece>, StreamError> {
        let mut reader = TcpReader::new(1000);
        let mut pieces = Vec::new();
        for part in text.chunks(size) {
            reader.push(part);
            while let Some(piece) = reader.next_piece()? {
                pieces.push(piece);
            }
        }
        Ok(pieces)
    }

    fn refusal(behind_header: &str) -> StreamError {
        let text = [HEADER, behind_header].concat();
        let whole = pieces(text.as_bytes(), text.len()).unwrap_err();
        assert_eq!(pieces(text.as_bytes(), 1).unwrap_err(), whole);
        whole
    }

    #[test]
    fn pieces_are_the_same_wherever_the_bytes_are_cut() {
        let elements = [
            "<a/>",
            "<iq id='>/'><q xmlns=\"urn:x\" y='/'/></iq>",
            "<m>é &lt; ]]&gt;<![CDATA[</m><!-- ]] ]>]]]></m>",
            "<m a='<'>x</m >",
        ];
        let text = alloc::format!("{HEADER} \r\n{}\n</stream:stream>", elements.join(" "));
        let whole = pieces(text.as_bytes(), text.len()).unwrap();
        let Some(Piece::Open(open)) = whole.first() else {
            panic!("{whole:?}")
        };
        assert_eq!(
            (open.to.as_deref(), open.is_supported()),
            (Some("a.b"), true)
        );
        let expected = elements.map(|element| Piece::Element(element.to_string()));
        assert_eq!(whole[1..5], expected);
        assert_eq!(whole[5..], [Piece::Close]);
        for size in 1..text.len() {
            assert_eq!(pieces(text.as_bytes(), size).unwrap(), whole, "{size}");
        }
    }

    #[test]
    fn a_stream_may_begin_anew() {
        let text = [HEADER, "<a/>", HEADER, "<b/>"].concat();
        let kinds = pieces(text.as_bytes(), 7).unwrap();
        let opens = kinds.iter().filter(|piece| matches!(piece, Piece::Open(_)));
        assert_eq!((opens.count(), kinds.len()), (2, 4));
    }

    #[test]
    fn a_piece_that_leans_on_the_header_can_stand_alone() {
        let header = HEADER.replace("to=", "xmlns:y='urn:y' to=");
        let text = alloc::format!("{header}<a><y:b/></a><c xmlns:y='urn:z'><y:b/></c><d/>");
        let pieces = pieces(text.as_bytes(), 50).unwrap();
        let elements: Vec<&String> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Element(element) => Some(element),
                Piece::Open(_) | Piece::Close => None,
            })
            .collect();
        assert_eq!(
            elements,
            [
                "<a xmlns:y='urn:y'><y:b/></a>",
                "<c xmlns:y='urn:z'><y:b/></c>",
                "<d/>"
            ]
        );
        for element in elements {
            xml::check(element, &Limits::default()).unwrap();
        }
    }

    #[test]
    fn a_header_cannot_make_every_piece_long() {
        let declaring = |bytes: usize| {
            let name = "x".repeat(bytes - " xmlns:y=''".len());
            let rest = " xmlns:stream='http://etherx.jabber.org/streams'";
            alloc::format!("<stream:stream xmlns='jabber:client'{rest} xmlns:y='{name}'><y:a/>")
        };
        let stream = " xmlns:stream='http://etherx.jabber.org/streams'".len();
        let read = |bytes: usize| {
            let mut reader = TcpReader::new(10_000);
            reader.push(declaring(bytes).as_bytes());
            reader.next_piece()
        };
        assert!(matches!(read(1024 - stream), Ok(Some(Piece::Open(_)))));
        assert_eq!(read(1025 - stream), Err(StreamError::PolicyViolation));
    }

    #[test]
    fn what_chat_forbids_is_refused_where_it_begins() {
        for forbidden in ["<!--", "<!D", "<a><!--", "<a><?x", "<a><!E"] {
            assert_eq!(
                refusal(forbidden),
                StreamError::RestrictedXml,
                "{forbidden}"
            );
        }
        for broken in [
            "x",
            "<>",
            "< a",
            "<a <",
            "<?xml?><?xml?>",
            "<?x?><a/>",
            "</stream>",
            "</ stream:stream>",
            "</>",
        ] {
            assert_eq!(refusal(broken), StreamError::NotWellFormed, "{broken}");
        }
    }

    #[test]
    fn only_a_stream_of_stanzas_is_opened() {
        for header in [
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>",
            "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>",
            "<stream xmlns='jabber:client'>",
            "<?xml version='1.0'?><a>",
        ] {
            let refused = pieces(header.as_bytes(), 1000);
            assert_eq!(refused, Err(StreamError::InvalidNamespace), "{header}");
        }
        let unbound = pieces(b"<stream:stream xmlns='jabber:client'>", 1000);
        assert_eq!(unbound, Err(StreamError::NotWellFormed));
    }

    #[test]
    fn bytes_that_are_no_text_end_the_stream() {
        let mut text = HEADER.as_bytes().to_vec();
        text.extend_from_slice(b"<a>\xff</a>");
        assert_eq!(pieces(&text, 9), Err(StreamError::NotWellFormed));
    }

    #[test]
    fn a_piece_is_bounded_whether_complete_or_not() {
        let fits = alloc::format!("<a>{}</a>", "x".repeat(993));
        let text = [HEADER, &fits, &fits].concat();
        assert_eq!(pieces(text.as_bytes(), 100_000).unwrap().len(), 3);
        assert_eq!(
            refusal(&alloc::format!("<a>{}</a>", "x".repeat(994))),
            StreamError::PolicyViolation
        );
        assert_eq!(
            refusal(&alloc::format!("<a b='{}", "x".repeat(1000))),
            StreamError::PolicyViolation
        );
        let spaces = [HEADER, &" ".repeat(10_000), "<a/>"].concat();
        assert_eq!(pieces(spaces.as_bytes(), 100_000).unwrap().len(), 2);
    }

    #[test]
    fn what_is_written_is_read() {
        let header = tcp::server_open("a.b", "<7>");
        let read = pieces([&header, tcp::CLOSE].concat().as_bytes(), 1000).unwrap();
        let [Piece::Open(open), Piece::Close] = &read[..] else {
            panic!("{read:?}")
        };
        assert_eq!(
            (open.from.as_deref(), open.id.as_deref()),
            (Some("a.b"), Some("<7>"))
        );
    }
}

//! Where one piece of a stream ends and the next begins.
//!
//! Knows just enough of XML (1.0 sections 2.4, 2.7 and 3.1) to count open
//! elements: tags, quotes and CDATA. What chat forbids (RFC 6120 section 11.1)
//! is refused where it begins, so that none of it is ever waited for.

use memchr::memchr;

use crate::stream_error::StreamError;

const CDATA: &[u8] = b"[CDATA[";

/// The state of the search, which goes from byte to byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    place: Place,
    /// Elements that are open, the stream itself not counted.
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Text,
    /// Behind a `<`.
    Markup,
    StartTag {
        /// The last byte was a `/`.
        slash: bool,
    },
    Value {
        quote: u8,
    },
    EndTag,
    /// Behind `<?`.
    Declaration {
        /// The last byte was a `?`.
        question: bool,
    },
    /// Behind `<!`, with so many bytes of [`CDATA`] seen.
    Bang(usize),
    CData {
        /// `]` in a row, two at most.
        brackets: usize,
    },
}

/// What a byte completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// White space between two pieces ends with it.
    Space,
    /// The XML declaration.
    Declaration,
    /// A start tag at the top: the stream's header, or the first tag of an
    /// element.
    TopTag,
    /// An element at the top.
    Element,
    /// The end of the stream.
    End,
}

impl Cut {
    /// Before the first byte.
    pub(super) const fn new() -> Self {
        Self {
            place: Place::Text,
            depth: 0,
        }
    }

    /// How many of the next bytes change nothing, and need not be taken.
    pub(super) fn skip(&self, bytes: &[u8]) -> usize {
        let sought = match self.place {
            Place::Text if self.depth > 0 => b'<',
            Place::Value { quote } => quote,
            Place::EndTag => b'>',
            Place::CData { brackets: 0 } => b']',
            _ => return 0,
        };
        memchr(sought, bytes).unwrap_or(bytes.len())
    }

    /// Takes the next byte.
    pub(super) fn take(&mut self, byte: u8) -> Result<Found, StreamError> {
        match self.place {
            Place::Text => return self.text(byte),
            Place::Markup => self.place = self.markup(byte)?,
            Place::StartTag { slash } => return self.start_tag(byte, slash),
            Place::Value { quote } => {
                if byte == quote {
                    self.place = Place::StartTag { slash: false };
                }
            }
            Place::EndTag => {
                if byte == b'>' {
                    return Ok(self.end_tag());
                }
            }
            Place::Declaration { question } => {
                if question && byte == b'>' {
                    self.place = Place::Text;
                    return Ok(Found::Declaration);
                }
                self.place = Place::Declaration {
                    question: byte == b'?',
                };
            }
            Place::Bang(seen) => {
                if CDATA.get(seen) != Some(&byte) {
                    return Err(StreamError::RestrictedXml);
                }
                self.place = if seen + 1 == CDATA.len() {
                    Place::CData { brackets: 0 }
                } else {
                    Place::Bang(seen + 1)
                };
            }
            Place::CData { brackets } => {
                self.place = match byte {
                    b'>' if brackets == 2 => Place::Text,
                    b']' => Place::CData {
                        brackets: (brackets + 1).min(2),
                    },
                    _ => Place::CData { brackets: 0 },
                };
            }
        }
        Ok(Found::Nothing)
    }

    /// The tag just found at the top was the stream's header: it stays open
    /// without being counted.
    pub(super) const fn open_stream(&mut self) {
        self.depth = 0;
    }

    const fn text(&mut self, byte: u8) -> Result<Found, StreamError> {
        match byte {
            b'<' => {
                self.place = Place::Markup;
                Ok(Found::Nothing)
            }
            b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => Ok(Found::Space),
            _ if self.depth == 0 => Err(StreamError::NotWellFormed),
            _ => Ok(Found::Nothing),
        }
    }

    const fn markup(&self, byte: u8) -> Result<Place, StreamError> {
        match byte {
            b'/' => Ok(Place::EndTag),
            b'?' if self.depth == 0 => Ok(Place::Declaration { question: false }),
            b'!' if self.depth > 0 => Ok(Place::Bang(0)),
            b'?' | b'!' => Err(StreamError::RestrictedXml),
            b'>' | b'<' | b' ' | b'\t' | b'\r' | b'\n' => Err(StreamError::NotWellFormed),
            _ => Ok(Place::StartTag { slash: false }),
        }
    }

    const fn start_tag(&mut self, byte: u8, slash: bool) -> Result<Found, StreamError> {
        match byte {
            b'"' | b'\'' => self.place = Place::Value { quote: byte },
            b'<' => return Err(StreamError::NotWellFormed),
            b'>' => {
                self.place = Place::Text;
                if slash {
                    return Ok(if self.depth == 0 {
                        Found::Element
                    } else {
                        Found::Nothing
                    });
                }
                self.depth += 1;
                if self.depth == 1 {
                    return Ok(Found::TopTag);
                }
            }
            _ => {
                self.place = Place::StartTag {
                    slash: byte == b'/',
                }
            }
        }
        Ok(Found::Nothing)
    }

    const fn end_tag(&mut self) -> Found {
        self.place = Place::Text;
        match self.depth {
            0 => Found::End,
            1 => {
                self.depth = 0;
                Found::Element
            }
            _ => {
                self.depth -= 1;
                Found::Nothing
            }
        }
    }
}

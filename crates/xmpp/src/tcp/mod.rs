//! Streams over TCP (RFC 6120 section 4): one long document, of which every
//! child of the root is a piece of its own.
//!
//! Reading cuts the bytes that come in into pieces and looks no further: each
//! piece is checked by whoever gets it, exactly as a WebSocket message is. A
//! piece that leans on a prefix which the stream's header declares is given
//! that declaration, so that it can stand alone. Writing needs a header and an
//! end; stanzas declare their namespace themselves.

mod cut;
mod reader;

use alloc::string::String;

pub use reader::TcpReader;

use crate::framing::Open;
use crate::xml::escape_attribute;

/// How either side ends a stream.
pub const CLOSE: &str = "</stream:stream>";

/// What every header says, from the end of its last address.
const BEHIND_ADDRESSES: &str = concat!(
    r#"" version="1.0" xml:lang="en" xmlns="jabber:client" "#,
    r#"xmlns:stream="http://etherx.jabber.org/streams">"#
);

/// What a stream consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A stream begins, for the first time or anew.
    Open(Open),
    /// A complete element, well-formed or not.
    Element(String),
    /// The stream ends.
    Close,
}

/// The header by which a client begins a stream.
pub fn client_open(domain: &str) -> String {
    let mut header = String::from("<?xml version=\"1.0\"?><stream:stream to=\"");
    escape_attribute(domain, &mut header);
    header.push_str(BEHIND_ADDRESSES);
    header
}

/// The header by which a server answers a client's.
pub fn server_open(domain: &str, id: &str) -> String {
    let mut header = String::from("<?xml version=\"1.0\"?><stream:stream from=\"");
    escape_attribute(domain, &mut header);
    header.push_str("\" id=\"");
    escape_attribute(id, &mut header);
    header.push_str(BEHIND_ADDRESSES);
    header
}

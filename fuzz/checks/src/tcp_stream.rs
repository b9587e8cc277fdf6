//! Streams over TCP: the cutter of what comes in, and the server behind it.

use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Framing, Input, Output, ServerConfig, ServerStream};
use visavis_xmpp::tcp::{CLOSE, Piece, TcpReader};
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, StreamError};

use crate::{DOMAIN, PASSWORD, ROOMY, USER};

/// Longest piece that is read.
const MAX_BYTES: usize = 2048;

/// A stream before its first element.
const HEADER: &str = "<stream:stream to='chat.qb.test' version='1.0' xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams'>";

/// What an element that uses the header's prefix needs to stand alone.
const DECLARATION: &str = " xmlns:stream='http://etherx.jabber.org/streams'";

/// The size of the parts in which it arrives, then what a client sends. It means
/// the same in one part; an element that is one anywhere stays one on its own;
/// and what the server answers is a stream too.
pub(crate) fn tcp_stream(input: &[u8]) {
    let Some((&size, bytes)) = input.split_first() else {
        return;
    };
    let (pieces, end) = cut(bytes, usize::from(size).max(1), MAX_BYTES);
    assert_eq!(
        (&pieces, end),
        (&cut(bytes, bytes.len().max(1), MAX_BYTES).0, end)
    );
    for piece in &pieces {
        if let Piece::Element(element) = piece {
            stands_alone(element);
        }
    }
    answer(pieces, end);
}

fn cut(bytes: &[u8], size: usize, max_bytes: usize) -> (Vec<Piece>, Option<StreamError>) {
    let mut reader = TcpReader::new(max_bytes);
    let mut pieces = Vec::new();
    for part in bytes.chunks(size) {
        reader.push(part);
        loop {
            match reader.next_piece() {
                Ok(Some(piece)) => pieces.push(piece),
                Ok(None) => break,
                Err(error) => return (pieces, Some(error)),
            }
        }
    }
    (pieces, None)
}

fn stands_alone(element: &str) {
    if Element::parse(element, &ROOMY).is_err() {
        return;
    }
    let text = [HEADER, element].concat();
    let (pieces, end) = cut(text.as_bytes(), text.len(), usize::MAX);
    let [Piece::Open(_), Piece::Element(same)] = &pieces[..] else {
        panic!("{pieces:?}, {end:?}");
    };
    // Where the prefix only seems to be used, its declaration does no harm.
    let without = same.replacen(DECLARATION, "", 1);
    let is_same = [same.as_str(), &without].contains(&element);
    assert!(is_same && end.is_none(), "{same}, {end:?}");
}

/// Plays the shell, which lets one user in and answers at once.
fn answer(pieces: Vec<Piece>, end: Option<StreamError>) {
    let domain = Jid::server(DOMAIN).expect("an address");
    let mut server = ServerStream::new(ServerConfig {
        framing: Framing::Tcp,
        ..ServerConfig::new(domain, "stream".to_owned())
    });
    let mut sent = String::new();
    let ended = end.map(Input::StreamFault);
    for input in pieces.into_iter().map(Input::Piece).chain(ended) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for output in server.handle(input) {
                match output {
                    Output::Send(text) => sent.push_str(&text),
                    Output::Authenticate { local, password } => {
                        let known = local == USER && &*password == PASSWORD;
                        let result = known.then_some(local);
                        let result = result.ok_or(SaslFailure::NotAuthorized);
                        next = Some(Input::Authenticated(result));
                    }
                    Output::Bind { .. } => {
                        let resource = "given".to_owned();
                        next = Some(Input::Bound { resource });
                    }
                    _ => {}
                }
            }
        }
    }
    let (answers, wrong) = cut(sent.as_bytes(), sent.len().max(1), usize::MAX);
    assert_eq!(wrong, None, "{sent}");
    let whole = |piece: &Piece| match piece {
        Piece::Element(element) => Element::parse(element, &ROOMY).is_ok(),
        Piece::Open(_) | Piece::Close => true,
    };
    assert!(answers.iter().all(whole), "{sent}");
    assert_eq!(server.is_closed(), sent.ends_with(CLOSE));
}

//! What carries a chat connection: a WebSocket or a TCP stream, with what both
//! have in common.

use std::pin::Pin;
use std::time::Duration;

use tokio::time;
use visavis_xmpp::StreamError;
use visavis_xmpp::server::{Framing, Input};

use super::outbox::Ending;
use super::resumption::{Claims, claimed};

/// Longest time that one write may take.
const WRITE_TIME: Duration = Duration::from_secs(20);

/// What is left of it once the connection has to end anyway.
const LAST_WRITE_TIME: Duration = Duration::from_millis(500);

/// How long to wait for the client's part of the end.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// Most bytes to read and forget while waiting. Unread bytes would make the
/// system reset the connection, and the client lose what it was told.
pub(super) const LINGER_BYTES: u64 = 64 * 1024 * 1024;

/// A connection to one client.
pub(super) trait Wire: Send {
    /// What it makes of a stream.
    const FRAMING: Framing;

    /// The next thing heard. May be dropped and called again.
    fn hear(&mut self) -> impl Future<Output = Heard> + Send;

    /// Queues what is to be sent; [`Wire::flush`] sends it.
    fn feed(&mut self, text: String) -> impl Future<Output = Result<(), Lost>> + Send;

    /// Sends what is queued.
    fn flush(&mut self) -> impl Future<Output = Result<(), Lost>> + Send;

    /// The client has logged in: from now on it may send this much at once.
    fn trust(&mut self, max_bytes: usize);

    /// Lets TLS begin.
    fn encrypt(&mut self) -> impl Future<Output = Result<(), Lost>> + Send;

    /// Ends the connection: says why, waits for the client a little, hangs up.
    fn close(self, why: Closing) -> impl Future<Output = ()> + Send;
}

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message or a piece, for the stream.
    Input(Input),
    /// Nothing but a sign that the client is there.
    Sign,
    /// Something that ends the stream.
    Bad(StreamError, Closing),
    /// The end of the connection.
    Gone,
}

/// Why the server hangs up, as far as the carrier has a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// The stream is over.
    Normal,
    /// The server stops.
    Away,
    /// A message was larger than the limit.
    TooLarge,
    /// A message was not text.
    NotText,
    /// Bytes that are no WebSocket frames (RFC 6455 section 5.2).
    NotFrames,
}

/// The connection cannot be written to any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// Runs a write to its end, as long as somebody reads, and not much longer
/// once the connection has to end or its stream is wanted elsewhere.
pub(super) async fn in_time(
    write: Pin<&mut impl Future<Output = Result<(), Lost>>>,
    ending: &mut Ending,
    claims: &mut Option<Claims>,
) -> Result<(), Lost> {
    tokio::select! {
        biased;
        written = write => written,
        // Boxed when it is needed: mostly the socket takes everything at once.
        () = async { Box::pin(patience(ending, claims)).await } => Err(Lost),
    }
}

async fn patience(ending: &mut Ending, claims: &mut Option<Claims>) {
    tokio::select! {
        _ = ending.wait() => time::sleep(LAST_WRITE_TIME).await,
        () = claimed(claims) => time::sleep(LAST_WRITE_TIME).await,
        () = time::sleep(WRITE_TIME) => {}
    }
}

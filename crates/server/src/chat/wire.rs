//! The WebSocket of one connection: text frames out, bounded in time; an end
//! in good order where the other side allows one.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::outbox::Ending;

/// Longest time that one write may take.
const WRITE_TIME: Duration = Duration::from_secs(20);

/// What is left of it once the connection has to end anyway.
const LAST_WRITE_TIME: Duration = Duration::from_millis(500);

/// How long to wait for the client's part of the end.
const LINGER: Duration = Duration::from_secs(2);

/// Most bytes to read and forget while waiting. Unread bytes would make the
/// system reset the connection, and the client lose what it was told.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;

/// The socket with its timing.
#[derive(Debug)]
pub(super) struct Wire<S> {
    socket: WebSocketStream<S>,
    ending: Ending,
}

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A text frame.
    Text(String),
    /// A frame that says nothing but that the client is there.
    Sign,
    /// Something that is not allowed.
    Bad(Violation),
    /// The end of the connection.
    Gone,
}

/// What a client may not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// A message larger than the limit.
    TooLarge,
    /// A message that is not text.
    NotText,
    /// Bytes that are no WebSocket frames (RFC 6455 section 5.2).
    NotFrames,
}

/// The connection cannot be written to any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(socket: WebSocketStream<S>, ending: Ending) -> Self {
        Self { socket, ending }
    }

    /// The next thing heard. May be dropped and called again.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Heard::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_))) => Heard::Bad(Violation::NotText),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Sign,
            Some(Ok(Message::Close(_))) | None => Heard::Gone,
            Some(Err(Error::Capacity(_))) => Heard::Bad(Violation::TooLarge),
            Some(Err(Error::Utf8(_))) => Heard::Bad(Violation::NotText),
            Some(Err(Error::Protocol(error)))
                if error != ProtocolError::ResetWithoutClosingHandshake =>
            {
                Heard::Bad(Violation::NotFrames)
            }
            Some(Err(_)) => Heard::Gone,
        }
    }

    /// Queues a text frame; [`Wire::flush`] sends it.
    pub(super) async fn feed(&mut self, text: String) -> Result<(), Lost> {
        let frame = Message::text(text);
        in_time(self.socket.feed(frame), &mut self.ending).await
    }

    /// Sends what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), Lost> {
        in_time(self.socket.flush(), &mut self.ending).await
    }

    /// Asks the client for a sign of life.
    pub(super) async fn ping(&mut self) -> Result<(), Lost> {
        let ping = Message::Ping(Bytes::new());
        in_time(self.socket.send(ping), &mut self.ending).await
    }

    /// Ends the connection: says why, waits for the client a little, hangs up.
    pub(super) async fn close(mut self, code: CloseCode) {
        let frame = CloseFrame {
            code,
            reason: Default::default(),
        };
        let close = self.socket.send(Message::Close(Some(frame)));
        if time::timeout(LINGER, close).await.is_err() {
            return;
        }
        let _ = time::timeout(LINGER, self.linger()).await;
    }

    async fn linger(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
        // The frames are over; if the client still sends, it is bytes that
        // make no frame, such as the rest of one that was too large.
        let raw = self.socket.get_mut();
        if raw.shutdown().await.is_ok() {
            let mut rest = raw.take(LINGER_BYTES);
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        }
    }
}

/// Runs a write to its end, as long as somebody reads.
async fn in_time(
    write: impl Future<Output = Result<(), Error>>,
    ending: &mut Ending,
) -> Result<(), Lost> {
    tokio::pin!(write);
    let hurry = async {
        tokio::select! {
            _ = ending.wait() => time::sleep(LAST_WRITE_TIME).await,
            () = time::sleep(WRITE_TIME) => {}
        }
    };
    tokio::select! {
        biased;
        written = &mut write => written.map_err(|_| Lost),
        () = hurry => Err(Lost),
    }
}

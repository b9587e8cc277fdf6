//! Chat in WebSocket messages (RFC 7395).

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use visavis_xmpp::StreamError;
use visavis_xmpp::server::{Framing, Input};

use super::wire::{Closing, Heard, LINGER, LINGER_BYTES, Lost, Wire};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for WebSocketStream<S> {
    const FRAMING: Framing = Framing::WebSocket;

    async fn hear(&mut self) -> Heard {
        match self.next().await {
            Some(Ok(Message::Text(text))) => Heard::Input(Input::Frame(text.as_str().to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Sign,
            Some(Ok(Message::Binary(_)) | Err(Error::Utf8(_))) => {
                Heard::Bad(StreamError::BadFormat, Closing::NotText)
            }
            Some(Err(Error::Capacity(_))) => {
                Heard::Bad(StreamError::PolicyViolation, Closing::TooLarge)
            }
            Some(Err(Error::Protocol(error)))
                if error != ProtocolError::ResetWithoutClosingHandshake =>
            {
                Heard::Bad(StreamError::BadFormat, Closing::NotFrames)
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::Gone,
        }
    }

    async fn feed(&mut self, text: String) -> Result<(), Lost> {
        SinkExt::feed(self, Message::text(text))
            .await
            .map_err(|_| Lost)
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        SinkExt::flush(self).await.map_err(|_| Lost)
    }

    /// The bound on messages is fixed when the socket is opened; the stream itself refuses what is
    /// too much for a stranger.
    fn trust(&mut self, _max_bytes: usize) {}

    /// A WebSocket is encrypted from its first byte or not at all.
    async fn encrypt(&mut self) -> Result<(), Lost> {
        Err(Lost)
    }

    async fn close(mut self, why: Closing) {
        let frame = CloseFrame {
            code: match why {
                Closing::Normal => CloseCode::Normal,
                Closing::Away => CloseCode::Away,
                Closing::TooLarge => CloseCode::Size,
                Closing::NotText => CloseCode::Unsupported,
                Closing::NotFrames => CloseCode::Protocol,
            },
            reason: Default::default(),
        };
        let close = self.send(Message::Close(Some(frame)));
        if time::timeout(LINGER, close).await.is_ok() {
            let _ = time::timeout(LINGER, linger(self)).await;
        }
    }
}

async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    while let Some(Ok(_)) = socket.next().await {}
    // The frames are over; if the client still sends, it is bytes that
    // make no frame, such as the rest of one that was too large.
    let raw = socket.get_mut();
    if raw.shutdown().await.is_ok() {
        let mut rest = raw.take(LINGER_BYTES);
        let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
    }
}

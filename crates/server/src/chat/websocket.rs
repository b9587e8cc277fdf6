//! Chat in WebSocket messages (RFC 7395).

use std::future;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};
use visavis_xmpp::StreamError;
use visavis_xmpp::server::{Framing, Input, MAX_UNAUTHENTICATED_BYTES};

use super::wire::{Closing, Heard, LINGER, LINGER_BYTES, Lost, Wire};

/// Room for what is read and written at once. It stays with a connection that
/// does nothing; larger stanzas are read in parts.
const BUFFER: usize = 512;

/// A WebSocket whose bounds can be changed, which those of `tokio-tungstenite`
/// cannot.
pub(super) struct WebSocketWire<S> {
    socket: WebSocket<Blocking<S>>,
    /// Whether reading has failed: what follows would be taken for frames.
    ended: bool,
}

/// A socket that says when it would block, and wakes whoever polled it last:
/// a connection is one task.
struct Blocking<S> {
    socket: S,
    waker: Waker,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketWire<S> {
    /// The WebSocket of a stranger.
    pub(super) fn new(socket: S) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_message_size(Some(MAX_UNAUTHENTICATED_BYTES))
            .max_frame_size(Some(MAX_UNAUTHENTICATED_BYTES));
        let waker = Waker::noop().clone();
        let socket = Blocking { socket, waker };
        Self {
            socket: WebSocket::from_raw_socket(socket, Role::Server, Some(config)),
            ended: false,
        }
    }

    /// Tries until it does not block.
    async fn when_possible<T>(
        &mut self,
        mut attempt: impl FnMut(&mut WebSocket<Blocking<S>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        future::poll_fn(|context| {
            let waker = &mut self.socket.get_mut().waker;
            waker.clone_from(context.waker());
            match attempt(&mut self.socket) {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                done => Poll::Ready(done),
            }
        })
        .await
    }

    /// The next message, until there is an error.
    async fn next(&mut self) -> Result<Message, Error> {
        if self.ended {
            return Err(Error::AlreadyClosed);
        }
        let next = self.when_possible(WebSocket::read).await;
        self.ended = next.is_err();
        next
    }

    /// Queues a message, and sends it if there is much already.
    async fn queue(&mut self, message: Message) -> Result<(), Error> {
        match self.socket.write(message) {
            // It is queued all the same.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.send_queued().await
            }
            done => done,
        }
    }

    async fn send_queued(&mut self) -> Result<(), Error> {
        match self.when_possible(WebSocket::flush).await {
            // Everything was sent, the last of it the answer to a close.
            Err(Error::ConnectionClosed) => Ok(()),
            done => done,
        }
    }

    async fn linger(mut self) {
        while self.next().await.is_ok() {}
        // The frames are over; if the client still sends, it is bytes that
        // make no frame, such as the rest of one that was too large.
        let raw = &mut self.socket.get_mut().socket;
        if raw.shutdown().await.is_ok() {
            let mut rest = raw.take(LINGER_BYTES);
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for WebSocketWire<S> {
    const FRAMING: Framing = Framing::WebSocket;

    async fn hear(&mut self) -> Heard {
        match self.next().await {
            Ok(Message::Text(text)) => Heard::Input(Input::Frame(text.as_str().to_owned())),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Heard::Sign,
            Ok(Message::Binary(_)) | Err(Error::Utf8(_)) => {
                Heard::Bad(StreamError::BadFormat, Closing::NotText)
            }
            Err(Error::Capacity(_)) => Heard::Bad(StreamError::PolicyViolation, Closing::TooLarge),
            Err(Error::Protocol(error)) if error != ProtocolError::ResetWithoutClosingHandshake => {
                Heard::Bad(StreamError::BadFormat, Closing::NotFrames)
            }
            Ok(Message::Close(_)) | Err(_) => Heard::Gone,
        }
    }

    async fn feed(&mut self, text: String) -> Result<(), Lost> {
        self.queue(Message::text(text)).await.map_err(|_| Lost)
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        self.when_possible(WebSocket::flush).await.map_err(|_| Lost)
    }

    fn trust(&mut self, max_bytes: usize) {
        self.socket.set_config(|config| {
            config.max_message_size = Some(max_bytes);
            config.max_frame_size = Some(max_bytes);
        });
    }

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
        let close = async {
            self.queue(Message::Close(Some(frame))).await?;
            self.send_queued().await
        };
        if time::timeout(LINGER, close).await.is_ok() {
            let _ = time::timeout(LINGER, self.linger()).await;
        }
    }
}

impl<S: AsyncRead + Unpin> Read for Blocking<S> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut room = ReadBuf::new(room);
        let mut context = Context::from_waker(&self.waker);
        let read = Pin::new(&mut self.socket).poll_read(&mut context, &mut room);
        at_once(read).map(|()| room.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Blocking<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut context = Context::from_waker(&self.waker);
        at_once(Pin::new(&mut self.socket).poll_write(&mut context, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut context = Context::from_waker(&self.waker);
        at_once(Pin::new(&mut self.socket).poll_flush(&mut context))
    }
}

fn at_once<T>(done: Poll<io::Result<T>>) -> io::Result<T> {
    match done {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

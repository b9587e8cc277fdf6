//! The connection under one session: TCP, TLS or a WebSocket.

use std::future;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use visavis_xmpp::client::{Framing, Input};
use visavis_xmpp::framing::SUBPROTOCOL;
use visavis_xmpp::tcp::{Piece, TcpReader};

use crate::target::{Target, Transport};

/// Bytes read at once. Small, because there are many sessions.
const CHUNK: usize = 4 * 1024;

/// The largest stanza that is accepted, in bytes.
const MAX_STANZA: usize = 1024 * 1024;

/// Bytes both ways, encrypted or not.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// A connection to the server.
pub(crate) enum Link {
    Tcp(TcpLink),
    WebSocket(Box<WebSocketStream<Box<dyn Socket>>>),
}

/// A connection without frames.
pub(crate) struct TcpLink {
    socket: Box<dyn Socket>,
    reader: TcpReader,
}

/// What the server said.
pub(crate) enum Heard {
    Piece(Piece),
    Frame(Utf8Bytes),
}

impl Heard {
    /// The stanza, if it is one.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Piece(Piece::Element(text)) => text,
            Self::Piece(Piece::Open(_) | Piece::Close) => "",
            Self::Frame(text) => text,
        }
    }

    /// For the session's state machine.
    pub(crate) fn into_input(self) -> Input {
        match self {
            Self::Piece(piece) => Input::Piece(piece),
            Self::Frame(text) => Input::Frame(text.as_str().to_owned()),
        }
    }
}

impl Link {
    /// Connects; TLS that comes first and the WebSocket's upgrade are included.
    pub(crate) async fn open(target: &Target, source: Option<IpAddr>) -> io::Result<Self> {
        let socket = match target.address.ip() {
            IpAddr::V4(_) => TcpSocket::new_v4(),
            IpAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        if let Some(source) = source {
            socket.bind((source, 0).into())?;
        }
        let socket = socket.connect(target.address).await?;
        socket.set_nodelay(true)?;
        let mut socket: Box<dyn Socket> = Box::new(socket);
        if matches!(
            target.transport,
            Transport::Tls | Transport::WebSocket { secure: true }
        ) {
            socket = encrypt(socket, &target.tls, &target.name).await?;
        }
        Ok(match target.transport {
            Transport::Tcp(_) | Transport::Tls => Self::Tcp(TcpLink {
                socket,
                reader: TcpReader::new(MAX_STANZA),
            }),
            Transport::WebSocket { .. } => {
                Self::WebSocket(Box::new(upgrade(socket, target).await?))
            }
        })
    }

    pub(crate) const fn framing(&self) -> Framing {
        match self {
            Self::Tcp(_) => Framing::Tcp,
            Self::WebSocket(_) => Framing::WebSocket,
        }
    }

    /// Lets TLS begin.
    pub(crate) async fn encrypt(&mut self, target: &Target) -> io::Result<()> {
        let Self::Tcp(link) = self else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let plain = mem::replace(&mut link.socket, Box::new(tokio::io::empty()));
        link.socket = encrypt(plain, &target.tls, &target.name).await?;
        Ok(())
    }

    /// What the server says next. May be dropped and called again.
    pub(crate) async fn hear(&mut self) -> io::Result<Heard> {
        match self {
            Self::Tcp(link) => link.hear().await.map(Heard::Piece),
            Self::WebSocket(socket) => loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(Heard::Frame(text)),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Err(error)) => return Err(io::Error::other(error)),
                    Some(Ok(_)) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
                }
            },
        }
    }

    /// Sends a stanza.
    pub(crate) async fn send(&mut self, text: &str) -> io::Result<()> {
        match self {
            Self::Tcp(link) => {
                link.socket.write_all(text.as_bytes()).await?;
                link.socket.flush().await
            }
            Self::WebSocket(socket) => socket
                .send(Message::text(text))
                .await
                .map_err(io::Error::other),
        }
    }
}

impl TcpLink {
    async fn hear(&mut self) -> io::Result<Piece> {
        loop {
            let piece = self.reader.next_piece();
            let piece =
                piece.map_err(|error| io::Error::other(format!("unreadable XML: {error}")))?;
            if let Some(piece) = piece {
                return Ok(piece);
            }
            let Self { socket, reader } = self;
            // The room is there only while it is needed: most sessions wait.
            let read = future::poll_fn(|context| {
                let mut room = [const { MaybeUninit::uninit() }; CHUNK];
                let mut chunk = ReadBuf::uninit(&mut room);
                ready!(Pin::new(&mut *socket).poll_read(context, &mut chunk))?;
                reader.push(chunk.filled());
                Poll::Ready(io::Result::Ok(chunk.filled().len()))
            });
            if read.await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

async fn encrypt(
    socket: Box<dyn Socket>,
    tls: &Arc<ClientConfig>,
    name: &ServerName<'static>,
) -> io::Result<Box<dyn Socket>> {
    let connector = TlsConnector::from(Arc::clone(tls));
    Ok(Box::new(connector.connect(name.clone(), socket).await?))
}

async fn upgrade(
    socket: Box<dyn Socket>,
    target: &Target,
) -> io::Result<WebSocketStream<Box<dyn Socket>>> {
    let mut request = target
        .url
        .as_str()
        .into_client_request()
        .map_err(io::Error::other)?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    let config = WebSocketConfig::default()
        .read_buffer_size(CHUNK)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_STANZA))
        .max_frame_size(Some(MAX_STANZA));
    let upgraded = tokio_tungstenite::client_async_with_config(request, socket, Some(config));
    Ok(upgraded.await.map_err(io::Error::other)?.0)
}

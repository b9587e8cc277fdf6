//! What carries messages to a relay: datagrams, or a connection with or without TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_rustls::TlsConnector;
use visavis_turn::frame_length;

use super::{RelayError, RelayTransport};

/// Messages that may wait for a connection that is slow. What is beyond is lost, as on a
/// network: sound that comes late is of no use.
const MOST_WAITING: usize = 64;
/// The longest datagram that is read.
const LONGEST: usize = 2048;

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Closed when dropped.
pub(super) enum Wire {
    Datagrams(UdpSocket),
    Stream {
        reader: ReadHalf<Box<dyn Stream>>,
        received: BytesMut,
        writer: Sender<Vec<u8>>,
    },
}

impl Wire {
    /// Opens the way to a server; our address on it.
    pub(super) async fn open(
        server: SocketAddr,
        host: &str,
        transport: RelayTransport,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<(Self, SocketAddr), RelayError> {
        if transport == RelayTransport::Udp {
            return datagrams(server).await.map_err(RelayError::Unreachable);
        }
        let tcp = TcpStream::connect(server)
            .await
            .map_err(RelayError::Unreachable)?;
        let local = tcp.local_addr().map_err(RelayError::Unreachable)?;
        tcp.set_nodelay(true).map_err(RelayError::Unreachable)?;
        let stream: Box<dyn Stream> = match (transport, tls) {
            (RelayTransport::Tls, Some(tls)) => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|_| RelayError::Tls(io::ErrorKind::InvalidInput.into()))?;
                let connecting = TlsConnector::from(Arc::clone(tls)).connect(name, tcp);
                Box::new(connecting.await.map_err(RelayError::Tls)?)
            }
            (RelayTransport::Tls, None) => {
                return Err(RelayError::Tls(io::ErrorKind::Unsupported.into()));
            }
            _ => Box::new(tcp),
        };
        let (reader, writing) = split(stream);
        let (writer, waiting) = channel(MOST_WAITING);
        // Ends with the sender.
        tokio::spawn(write(writing, waiting));
        let stream = Self::Stream {
            reader,
            received: BytesMut::new(),
            writer,
        };
        Ok((stream, local))
    }

    /// Sends a whole message, or loses it.
    pub(super) fn send(&self, message: &[&[u8]]) {
        let message = message.concat();
        match self {
            // As in `Sockets::send`: tokio would refuse at first.
            Self::Datagrams(socket) => {
                if let Err(error) = SockRef::from(socket).send(&message) {
                    tracing::trace!(%error, "a packet to the relay was not sent");
                }
            }
            Self::Stream { writer, .. } => {
                if writer.try_send(message).is_err() {
                    tracing::trace!("the connection to the relay is too slow");
                }
            }
        }
    }

    /// The next whole message. Nothing is lost when this is dropped.
    pub(super) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Datagrams(socket) => {
                let mut packet = vec![0; LONGEST];
                let length = socket.recv(&mut packet).await?;
                packet.truncate(length);
                Ok(packet)
            }
            Self::Stream {
                reader, received, ..
            } => loop {
                let length = frame_length(received).map_err(|_| io::ErrorKind::InvalidData)?;
                if let Some(length) = length.filter(|length| *length <= received.len()) {
                    let message = received[..length].to_vec();
                    received.advance(length);
                    return Ok(message);
                }
                if reader.read_buf(received).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            },
        }
    }

    pub(super) const fn is_datagrams(&self) -> bool {
        matches!(self, Self::Datagrams(_))
    }
}

async fn datagrams(server: SocketAddr) -> io::Result<(Wire, SocketAddr)> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0; 4], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    crate::sockets::enlarge(&SockRef::from(&socket));
    let local = socket.local_addr()?;
    Ok((Wire::Datagrams(socket), local))
}

async fn write(mut writer: WriteHalf<Box<dyn Stream>>, mut waiting: Receiver<Vec<u8>>) {
    while let Some(message) = waiting.recv().await {
        // The reader hears of the end, too.
        if writer.write_all(&message).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}

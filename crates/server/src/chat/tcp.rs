//! Chat over TCP (RFC 6120), with TLS from the beginning (XEP-0368) or from
//! where the client asks for it (RFC 6120 section 5).

use std::future;
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use visavis_xmpp::server::{Framing, Input, MAX_UNAUTHENTICATED_BYTES};
use visavis_xmpp::tcp::TcpReader;

use super::wire::{Closing, Heard, LINGER, LINGER_BYTES, Lost, Wire};

/// Bytes read at once.
const CHUNK: usize = 8 * 1024;

/// Bytes queued before they are sent unasked.
const FULL: usize = 64 * 1024;

/// Bytes both ways, encrypted or not.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// A chat stream on its socket.
pub(super) struct TcpWire {
    socket: Box<dyn Socket>,
    reader: TcpReader,
    queued: Vec<u8>,
    /// What encrypts it, and how long that may take.
    tls: Option<(TlsAcceptor, Duration)>,
}

impl TcpWire {
    /// A stream of a stranger, which `tls` can encrypt.
    pub(super) fn new(socket: Box<dyn Socket>, tls: Option<(TlsAcceptor, Duration)>) -> Self {
        Self {
            socket,
            reader: TcpReader::new(MAX_UNAUTHENTICATED_BYTES),
            queued: Vec::new(),
            tls,
        }
    }

    /// Reads what there is; 0 at the end.
    async fn read(&mut self) -> io::Result<usize> {
        future::poll_fn(|context| {
            let mut room = [const { MaybeUninit::uninit() }; CHUNK];
            let mut chunk = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut self.socket).poll_read(context, &mut chunk))?;
            self.reader.push(chunk.filled());
            Poll::Ready(Ok(chunk.filled().len()))
        })
        .await
    }

    async fn send_queued(&mut self) -> io::Result<()> {
        if self.queued.is_empty() {
            return Ok(());
        }
        self.socket.write_all(&self.queued).await?;
        // An idle connection keeps no room for what it will send.
        self.queued = Vec::new();
        self.socket.flush().await
    }
}

impl Wire for TcpWire {
    const FRAMING: Framing = Framing::Tcp;

    async fn hear(&mut self) -> Heard {
        let mut sign = false;
        loop {
            match self.reader.next_piece() {
                Ok(Some(piece)) => return Heard::Input(Input::Piece(piece)),
                Ok(None) if sign => return Heard::Sign,
                Ok(None) => {}
                Err(error) => return Heard::Bad(error, Closing::Normal),
            }
            match self.read().await {
                Ok(0) | Err(_) => return Heard::Gone,
                Ok(_) => sign = true,
            }
        }
    }

    async fn feed(&mut self, text: String) -> Result<(), Lost> {
        self.queued.extend_from_slice(text.as_bytes());
        if self.queued.len() < FULL {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        self.send_queued().await.map_err(|_| Lost)
    }

    fn trust(&mut self, max_bytes: usize) {
        self.reader.allow(max_bytes);
    }

    async fn encrypt(&mut self) -> Result<(), Lost> {
        // Whatever came behind the request may be anybody's.
        if !self.reader.is_empty() {
            return Err(Lost);
        }
        let (acceptor, patience) = self.tls.take().ok_or(Lost)?;
        let plain = mem::replace(&mut self.socket, Box::new(tokio::io::empty()));
        // Boxed, because it is large and nothing of it stays.
        let handshake = Box::pin(acceptor.accept(plain));
        let handshake = time::timeout(patience, handshake).await;
        let encrypted = handshake.map_err(|_| Lost)?.map_err(|_| Lost)?;
        self.socket = Box::new(encrypted);
        Ok(())
    }

    async fn close(mut self, _why: Closing) {
        let end = async {
            self.send_queued().await?;
            self.socket.shutdown().await?;
            let mut rest = self.socket.take(LINGER_BYTES);
            tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
        };
        // It is over, however it goes.
        let _: Result<io::Result<u64>, _> = time::timeout(LINGER, end).await;
    }
}

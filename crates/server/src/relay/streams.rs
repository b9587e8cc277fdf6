//! TURN over TCP and TLS (RFC 8656 section 3.1), on one port; over TLS where others speak, too.
//!
//! The first byte tells a TLS handshake from a STUN message. A connection only cuts the stream
//! into messages; what they mean is the worker's business.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use visavis_turn::server::{Client, Path};
use visavis_turn::{NoMessage, frame_length};

use super::worker::{Call, Entrance};
use crate::accept::{Peer, Slot};
use crate::patience::Patient;
use crate::tasks::Tasks;
use crate::tls;

/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// Messages that wait for a slow reader.
const OUTBOX: usize = 256;
/// Silence after which a connection counts as lost: longer than any allocation lasts without a
/// refresh. One without an allocation is closed by the worker long before.
const SILENCE: Duration = Duration::from_secs(3660);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Streams {
    entrance: Entrance,
    tls: Option<TlsAcceptor>,
    patience: Duration,
    tasks: Tasks,
    numbers: Arc<AtomicU64>,
}

impl Streams {
    pub(super) fn new(
        entrance: Entrance,
        tls: Option<TlsAcceptor>,
        patience: Duration,
        tasks: Tasks,
    ) -> Self {
        Self {
            entrance,
            tls,
            patience,
            tasks,
            numbers: Arc::default(),
        }
    }

    /// Serves a connection that was just accepted.
    pub(super) async fn serve(
        self,
        stream: TcpStream,
        mut peer: Peer,
        slot: Slot,
    ) -> io::Result<()> {
        let mut first = [0];
        time::timeout(self.patience, stream.peek(&mut first)).await??;
        match &self.tls {
            Some(acceptor) if first[0] == HANDSHAKE => {
                let stream = tls::encrypt(acceptor, stream, &mut peer, self.patience).await?;
                self.converse(stream, peer, slot).await
            }
            _ => self.converse(stream, peer, slot).await,
        }
    }

    /// Passes messages in both directions until either side ends it.
    pub(crate) async fn converse<S>(self, stream: S, peer: Peer, _slot: Slot) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let client = Client {
            address: SocketAddr::new(peer.address.ip().to_canonical(), peer.address.port()),
            path: Path::Stream(self.numbers.fetch_add(1, Ordering::Relaxed)),
        };
        let (reader, writer) = tokio::io::split(Patient::new(stream, self.patience));
        let (outbox, messages) = mpsc::channel(OUTBOX);
        self.entrance.call(Call::Opened(client, outbox)).await;
        let result = tokio::select! {
            result = read(reader, client, &self.entrance) => result,
            result = write(writer, messages) => result,
            () = self.tasks.ending() => Ok(()),
        };
        self.entrance.call(Call::Closed(client)).await;
        result
    }
}

async fn read(
    mut reader: impl AsyncRead + Unpin,
    client: Client,
    entrance: &Entrance,
) -> io::Result<()> {
    let mut received = BytesMut::new();
    loop {
        while let Some(message) = next_message(&mut received).map_err(io::Error::other)? {
            if !entrance.call(Call::Message(client, message)).await {
                return Ok(());
            }
        }
        let length = time::timeout(SILENCE, reader.read_buf(&mut received)).await??;
        if length == 0 {
            return Ok(());
        }
    }
}

/// Takes the first whole message.
fn next_message(received: &mut BytesMut) -> Result<Option<BytesMut>, NoMessage> {
    match frame_length(received)? {
        Some(length) if length <= received.len() => Ok(Some(received.split_to(length))),
        _ => Ok(None),
    }
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut messages: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(message) = messages.recv().await {
        writer.write_all(&message).await?;
        if messages.is_empty() {
            writer.flush().await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stream_is_cut_into_messages() {
        let channel = [0x40, 0, 0, 3, 1, 2, 3, 0];
        let mut request = [0; 20];
        request[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        let stream = [&channel[..], &request, &channel].concat();
        for piece in 1..stream.len() {
            let mut received = BytesMut::new();
            let mut messages = Vec::new();
            for bytes in stream.chunks(piece) {
                received.extend(bytes);
                while let Some(message) = next_message(&mut received).unwrap() {
                    messages.push(message);
                }
            }
            assert_eq!(messages, [&channel[..], &request, &channel], "{piece}");
        }
    }

    #[test]
    fn another_protocol_is_no_message() {
        let mut received = BytesMut::from(&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..]);
        assert_eq!(next_message(&mut received), Err(NoMessage));
    }
}

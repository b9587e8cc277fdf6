//! One allocation at one relay: [`TurnClient`] with sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::time::{sleep_until, timeout};
use visavis_turn::client::{Config, Credentials, Event, Failure, Families, Received, TurnClient};

use super::url::RelayTransport;
use super::wire::Wire;

/// How long a connection to a relay may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// STUN messages begin with two zero bits (RFC 8489 section 5): those of ICE do.
const STUN: std::ops::RangeInclusive<u8> = 0..=3;

/// Why a relay cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// Its name is unknown, or nobody is there: the network, or the address.
    #[error("the relay cannot be reached")]
    Unreachable(#[source] io::Error),
    /// TLS cannot be set up: the certificate, or something on the way.
    #[error("TLS to the relay cannot be set up")]
    Tls(#[source] io::Error),
    /// It says no, or nothing.
    #[error("{0}")]
    Failed(Failure),
}

/// Where a relay is and how to use it.
#[derive(Clone)]
pub struct RelayAccess {
    /// Its address.
    pub address: SocketAddr,
    /// The name that its certificate has to be for.
    pub host: String,
    /// How it is spoken to.
    pub transport: RelayTransport,
    /// User name and password.
    pub credentials: Credentials,
    /// The relayed addresses that are wanted.
    pub families: Families,
    /// Needed for [`RelayTransport::Tls`].
    pub tls: Option<Arc<ClientConfig>>,
}

impl std::fmt::Debug for RelayAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayAccess")
            .field("address", &self.address)
            .field("host", &self.host)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// An allocation and the way to it. It has to be polled with [`receive`](Self::receive) to stay
/// alive.
pub struct RelayPath {
    wire: Wire,
    client: TurnClient,
    origin: Instant,
    transport: RelayTransport,
    local: SocketAddr,
    relayed: Vec<SocketAddr>,
    mapped: Option<SocketAddr>,
}

impl RelayPath {
    /// Connects and allocates.
    ///
    /// # Errors
    /// [`RelayError`], after some twenty seconds at the latest.
    pub async fn allocate(access: RelayAccess) -> Result<Self, RelayError> {
        let opening = Wire::open(
            access.address,
            &access.host,
            access.transport,
            access.tls.as_ref(),
        );
        let (wire, local) = timeout(CONNECT_TIME, opening)
            .await
            .map_err(|_| RelayError::Unreachable(io::ErrorKind::TimedOut.into()))??;
        let client = TurnClient::new(Config {
            credentials: access.credentials,
            families: access.families,
            stream: !wire.is_datagrams(),
            seed: rand::random(),
        });
        let mut path = Self {
            wire,
            client,
            origin: Instant::now(),
            transport: access.transport,
            local,
            relayed: Vec::new(),
            mapped: None,
        };
        path.client.start(Duration::ZERO);
        match path.next_event().await? {
            Event::Allocated { relayed, mapped } => {
                path.relayed = relayed;
                path.mapped = mapped;
                Ok(path)
            }
            Event::Failed(failure) => Err(RelayError::Failed(failure)),
            Event::Closed | Event::PeerRefused { .. } => Err(RelayError::Failed(Failure::Lost)),
        }
    }

    /// Where peers see us: one address, or one of each family.
    pub fn relayed(&self) -> &[SocketAddr] {
        &self.relayed
    }

    /// Where the relay sees us.
    pub const fn mapped(&self) -> Option<SocketAddr> {
        self.mapped
    }

    /// Our address on the way to the relay.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// How the relay is spoken to.
    pub const fn transport(&self) -> RelayTransport {
        self.transport
    }

    /// Sends data to a peer. A relay that refuses the peer is like a network that loses it.
    pub fn send(&mut self, peer: SocketAddr, data: &[u8]) {
        let now = self.now();
        // ICE tries everybody, media goes to one.
        if !data.first().is_some_and(|first| STUN.contains(first)) {
            self.client.bind_channel(now, peer);
        }
        if let Some(frame) = self.client.send(now, peer, data) {
            while let Some(message) = self.client.poll_transmit() {
                self.wire.send(&[&message]);
            }
            self.wire.send(&frame.parts());
        }
    }

    /// Newer credentials, used as soon as the relay takes them.
    pub fn set_credentials(&mut self, credentials: Credentials) {
        let now = self.now();
        self.client.set_credentials(now, credentials);
    }

    /// The next data that a peer sent to one of our relayed addresses. Nothing is lost when this is
    /// dropped.
    ///
    /// # Errors
    /// The allocation has ended.
    pub async fn receive(&mut self) -> Result<(SocketAddr, Vec<u8>), RelayError> {
        loop {
            match self.next().await? {
                Next::Data(peer, data) => return Ok((peer, data)),
                Next::Event(Event::Failed(failure)) => return Err(RelayError::Failed(failure)),
                Next::Event(Event::PeerRefused { peer, code }) => {
                    tracing::debug!(%peer, code, "the relay refuses a peer");
                }
                Next::Event(Event::Closed) => return Err(RelayError::Failed(Failure::Lost)),
                Next::Event(Event::Allocated { .. }) => {}
            }
        }
    }

    /// Gives the allocation back; what still comes in is lost.
    pub async fn close(mut self) {
        let now = self.now();
        self.client.close(now);
        while !matches!(
            self.next_event().await,
            Err(_) | Ok(Event::Closed | Event::Failed(_))
        ) {}
    }

    async fn next_event(&mut self) -> Result<Event, RelayError> {
        loop {
            if let Next::Event(event) = self.next().await? {
                return Ok(event);
            }
        }
    }

    async fn next(&mut self) -> Result<Next, RelayError> {
        loop {
            while let Some(message) = self.client.poll_transmit() {
                self.wire.send(&[&message]);
            }
            if let Some(event) = self.client.poll_event() {
                return Ok(Next::Event(event));
            }
            let Some(wake) = self.client.next_timeout(self.now()) else {
                return Err(RelayError::Failed(Failure::Lost));
            };
            let wake = self.origin + wake;
            tokio::select! {
                received = self.wire.receive() => match received {
                    Ok(packet) => {
                        let now = self.now();
                        if let Received::Data { peer, data } = self.client.receive(now, &packet) {
                            return Ok(Next::Data(peer, data.to_vec()));
                        }
                    }
                    // A datagram was refused. Once there is an allocation it may have been another
                    // network for a moment.
                    Err(error) if self.wire.is_datagrams() && self.relayed.is_empty() => {
                        return Err(RelayError::Unreachable(error));
                    }
                    Err(_) if self.wire.is_datagrams() => {}
                    Err(_) => return Err(RelayError::Failed(Failure::Lost)),
                },
                () = sleep_until(wake.into()) => {
                    let now = self.now();
                    self.client.handle_timeout(now);
                }
            }
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

enum Next {
    Data(SocketAddr, Vec<u8>),
    Event(Event),
}

impl std::fmt::Debug for RelayPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayPath")
            .field("transport", &self.transport)
            .field("relayed", &self.relayed)
            .finish_non_exhaustive()
    }
}

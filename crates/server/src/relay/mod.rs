//! The relay: STUN and TURN over UDP, TCP and TLS on one port.
//!
//! Everything is decided in `visavis_turn`; here are the sockets around it. One thread owns all
//! UDP sockets and the state machine ([`worker`]); connections over TCP and TLS are tasks that pass
//! whole messages to it and from it ([`streams`]).
//!
//! What clients send never reaches anybody but the peer it is for, and is never looked at.

mod access;
mod addresses;
#[cfg(test)]
mod no_memory_per_packet;
mod ports;
mod post;
mod streams;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use visavis_turn::server::{Config, Counters, Secret};

use crate::accept::Entrance;
use crate::clock::UnixTime;
use crate::config::RelayConfig;
use crate::metrics::ListenerCounts;
use crate::tasks::Tasks;

pub(crate) use access::{RelayAccess, RelayService};
pub(crate) use streams::Streams;

use addresses::Addresses;
use ports::Ports;
use worker::Worker;

/// What the system may keep of datagrams until they are read, in bytes: a burst of all calls.
const RECEIVE_BUFFER: usize = 4 << 20;
/// What it may keep of those to clients until the network takes them.
const SEND_BUFFER: usize = 4 << 20;

/// The sockets of the relay, bound and not yet served.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    datagrams: Socket,
    streams: TcpListener,
}

/// What the relay has done so far and has to do.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RelayStatus {
    /// Allocations that there are now.
    pub allocations: usize,
    /// Counts since the start.
    pub counters: Counters,
}

/// Where the worker leaves its status.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusBoard(Arc<Mutex<RelayStatus>>);

impl StatusBoard {
    fn publish(&self, status: RelayStatus) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    pub(crate) fn read(&self) -> RelayStatus {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the relay needs besides its sockets.
pub(crate) struct Setting<'a> {
    pub(crate) realm: &'a str,
    pub(crate) secret: Secret,
    pub(crate) config: &'a RelayConfig,
    /// Any protocol name will do in it: the client is known by its first message.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Where connections come in, with places shared with the other listeners.
    pub(crate) entrance: Entrance,
    /// Where its connections are counted.
    pub(crate) counts: ListenerCounts,
    /// Time for the first bytes of a connection, for its handshake, and for its allocation.
    pub(crate) patience: Duration,
}

/// Binds UDP and TCP to one address. Port 0 picks one that is free for both.
pub(crate) async fn listen(address: SocketAddr) -> io::Result<Listening> {
    const TRIES: u32 = 16;
    let mut tries = 0;
    loop {
        tries += 1;
        let streams = TcpListener::bind(address).await?;
        let bound = streams.local_addr()?;
        match bind_datagrams(bound) {
            Ok(datagrams) => {
                return Ok(Listening {
                    address: bound,
                    datagrams,
                    streams,
                });
            }
            // Another program has the UDP port: the next free one may fit.
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && address.port() == 0
                    && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

fn bind_datagrams(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    // The system may allow less; what there is will do.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Serves until the server ends. Gives back where its status is, and what serves connections that
/// come in elsewhere.
///
/// # Errors
/// When the system has no thread or no event queue left.
pub(crate) fn serve(
    listening: Listening,
    setting: Setting<'_>,
    tasks: &Tasks,
) -> io::Result<(StatusBoard, Streams)> {
    let addresses = Addresses::of(listening.address, setting.config);
    let mut config = Config::new(setting.realm, setting.secret);
    config.origin = Duration::from_secs(UnixTime::now().0.unsigned_abs());
    config.relay_v4 = addresses.public_v4();
    config.relay_v6 = addresses.public_v6();
    config.peers.own = addresses.own();
    config
        .peers
        .allowed
        .clone_from(&setting.config.allowed_peers);
    config.peers.denied.clone_from(&setting.config.denied_peers);
    config.limits = setting.config.limits.clone();
    let ports = Ports::new(setting.config.ports.clone(), addresses);
    let status = StatusBoard::default();
    let (worker, calls) = Worker::new(
        config,
        listening.datagrams.into(),
        ports,
        setting.patience,
        status.clone(),
    )?;
    worker.start(tasks)?;
    let streams = Streams::new(calls, setting.tls, setting.patience, tasks.clone());
    let own = streams.clone();
    let serve = move |stream, peer, slot| own.clone().serve(stream, peer, slot);
    tasks.spawn(
        setting
            .entrance
            .admit(listening.streams, setting.counts, serve),
    );
    Ok((status, streams))
}

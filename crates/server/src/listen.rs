//! The addresses that a server listens on.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::config::ServerConfig;
use crate::descriptors;
use crate::relay::{self, Listening};
use crate::start_error::StartError;

/// Bound and not yet served.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) http: Option<Bound>,
    pub(crate) https: Option<Bound>,
    pub(crate) xmpp: Option<Bound>,
    pub(crate) xmpps: Option<Bound>,
    pub(crate) relay: Option<Listening>,
    /// The operator on this machine, without encryption.
    pub(crate) desk: Option<Bound>,
    /// The operator elsewhere, over TLS.
    pub(crate) admin: Option<Bound>,
}

/// A listener, and its address with the port filled in.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listeners {
    pub(crate) async fn bind(config: &ServerConfig) -> Result<Self, StartError> {
        descriptors::allow_many();
        let outside = config.admin.filter(|address| !address.ip().is_loopback());
        let desk = match outside {
            Some(_) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            None => config.admin,
        };
        Ok(Self {
            http: listen(config.http)?,
            https: listen(config.https)?,
            xmpp: listen(config.xmpp)?,
            xmpps: listen(config.xmpps)?,
            relay: match config.relay {
                Some(address) => Some(
                    relay::listen(address)
                        .await
                        .map_err(|source| refused(address, source))?,
                ),
                None => None,
            },
            desk: listen(desk)?,
            admin: listen(outside)?,
        })
    }
}

/// Connections that wait to be accepted. After a break everybody comes back at
/// once, and who finds no place here tries again only a second later.
const BACKLOG: u32 = 4096;

fn listen(address: Option<SocketAddr>) -> Result<Option<Bound>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let failed = |source| refused(address, source);
    let listener = bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Some(Bound { listener, address }))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // The connections of a server that was here before may still linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn refused(address: SocketAddr, source: io::Error) -> StartError {
    if source.kind() == io::ErrorKind::AddrInUse {
        StartError::AddressInUse { address }
    } else {
        StartError::Address { address, source }
    }
}

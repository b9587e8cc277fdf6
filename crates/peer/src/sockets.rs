//! The UDP sockets of one connection, one for each local address.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

/// Room in the kernel for a burst of packets while the task is busy, in bytes.
const RECEIVE_BUFFER: usize = 1024 * 1024;
/// Room in the kernel for packets that wait for a neighbor who does not answer any more, in
/// bytes. With less than all that may wait they keep those to other addresses from being
/// sent: the checks of the paths that are to replace the one to him.
const SEND_BUFFER: usize = 1024 * 1024;

/// All sockets, closed when dropped.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    list: Vec<(SocketAddr, UdpSocket)>,
}

impl Sockets {
    /// Binds a free port at each address that has none yet; the new sockets'
    /// addresses. What cannot be bound is left out.
    pub(crate) fn bind(&mut self, addresses: &[IpAddr]) -> Vec<SocketAddr> {
        let mut new = Vec::new();
        for ip in addresses {
            if self.list.iter().any(|(address, _)| address.ip() == *ip) {
                continue;
            }
            match bind(*ip) {
                Ok(bound) => {
                    new.push(bound.0);
                    self.list.push(bound);
                }
                Err(error) => tracing::debug!(%error, "an address cannot be bound"),
            }
        }
        new
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.list.iter().map(|(address, _)| *address)
    }

    /// Sends a packet. A network that refuses it is like one that loses it:
    /// retransmission and the watch over the connection take care.
    ///
    /// The system is asked straight away: tokio would refuse for as long as
    /// its reactor has not looked at a new socket, and the first packets are
    /// the ones that connecting waits for.
    pub(crate) fn send(&self, source: SocketAddr, destination: SocketAddr, packet: &[u8]) {
        if let Some((_, socket)) = self.list.iter().find(|(address, _)| *address == source)
            && let Err(error) = SockRef::from(socket).send_to(packet, &destination.into())
        {
            tracing::trace!(%error, "a packet was not sent");
        }
    }

    /// Wakes the task when a socket has a packet.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut ready = Poll::Pending;
        for (_, socket) in &self.list {
            if socket.poll_recv_ready(cx).is_ready() {
                ready = Poll::Ready(());
            }
        }
        ready
    }

    /// The next packet that has arrived: where, from whom, how long.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> Option<(SocketAddr, SocketAddr, usize)> {
        for (address, socket) in &self.list {
            match socket.try_recv_from(buffer) {
                Ok((length, source)) => return Some((*address, source, length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // An ICMP error of an earlier packet: the next read goes on.
                Err(error) => tracing::trace!(%error, "a socket reports an error"),
            }
        }
        None
    }
}

/// Makes room for what waits in the kernel.
pub(crate) fn enlarge(socket: &SockRef<'_>) {
    // The system may grant less.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
}

fn bind(ip: IpAddr) -> io::Result<(SocketAddr, UdpSocket)> {
    let domain = if ip.is_ipv4() {
        Domain::IPV4
    } else {
        Domain::IPV6
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    enlarge(&SockRef::from(&socket));
    socket.bind(&SocketAddr::new(ip, 0).into())?;
    let socket = UdpSocket::from_std(socket.into())?;
    Ok((socket.local_addr()?, socket))
}

//! A forwarder of datagrams that knows nothing of TURN: as many sockets as a relay, and the same
//! batches. It is what a relay can cost at the least.
//!
//! The first datagram of a client has the address of its peer as text, and is sent back.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;

use clap::Args;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;
use visavis_datagrams::{Arrival, BATCH, Family, Inbox, Outbox, Parcel};

use crate::error::BenchError;

/// Events taken from the system at once, and datagrams from a socket, as by the relay.
const EVENTS: usize = 1024;
const TURN: usize = 16;

/// What the system may keep of clients' datagrams, as by the relay.
const RECEIVE_BUFFER: usize = 4 << 20;

/// The longest address as text; packets are longer.
const LONGEST_NAME: usize = 64;

const FRONT: usize = usize::MAX - 1;

/// Forward datagrams, to compare a relay with
#[derive(Debug, Args)]
pub(crate) struct ForwarderCommand {
    /// Where clients send to
    address: SocketAddr,
}

/// A client, and the socket that its peer sees.
struct Client {
    address: SocketAddr,
    peer: SocketAddr,
    socket: UdpSocket,
}

struct Forwarder {
    front: UdpSocket,
    family: Family,
    clients: Vec<Client>,
    by_address: HashMap<SocketAddr, usize>,
    poll: Poll,
}

impl ForwarderCommand {
    /// Until the process is ended.
    pub(crate) fn run(&self) -> Result<(), BenchError> {
        let mut front = UdpSocket::bind(self.address)?;
        // What the system allows will do.
        let _ = SockRef::from(&front).set_recv_buffer_size(RECEIVE_BUFFER);
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut front, Token(FRONT), Interest::READABLE)?;
        let mut forwarder = Forwarder {
            front,
            family: Family::of(&self.address),
            clients: Vec::new(),
            by_address: HashMap::new(),
            poll,
        };
        let mut events = Events::with_capacity(EVENTS);
        let (mut inbox, mut outbox) = (Inbox::default(), Outbox::default());
        let (mut ready, mut again) = (Vec::new(), Vec::new());
        loop {
            let rest = (!ready.is_empty()).then_some(std::time::Duration::ZERO);
            forwarder.poll.poll(&mut events, rest)?;
            for event in &events {
                if !ready.contains(&event.token().0) {
                    ready.push(event.token().0);
                }
            }
            for socket in ready.drain(..) {
                let most = if socket == FRONT { BATCH } else { TURN };
                if inbox.room() < most {
                    forwarder.forward(&mut inbox, &mut outbox)?;
                }
                let port = forwarder.socket(socket).as_fd();
                let received = inbox.receive(port, forwarder.family, most, socket);
                if received.is_ok_and(|received| received == most) {
                    again.push(socket);
                }
            }
            forwarder.forward(&mut inbox, &mut outbox)?;
            ready.append(&mut again);
        }
    }
}

impl Forwarder {
    fn socket(&self, number: usize) -> &UdpSocket {
        self.clients
            .get(number)
            .map_or(&self.front, |client| &client.socket)
    }

    fn forward(&mut self, inbox: &mut Inbox<usize>, outbox: &mut Outbox) -> io::Result<()> {
        let mut sendings: Vec<(usize, SocketAddr, &[u8])> = Vec::with_capacity(BATCH);
        for Arrival { mark, from, data } in inbox.arrivals() {
            if let Some(client) = self.clients.get(mark) {
                sendings.push((FRONT, client.address, data));
            } else if let Some(&number) = self.by_address.get(&from)
                && data.len() > LONGEST_NAME
            {
                sendings.push((number, self.clients[number].peer, data));
            } else {
                self.enter(from, data)?;
                sendings.push((FRONT, from, data));
            }
        }
        sendings.sort_by_key(|(socket, to, _)| (*socket, *to));
        for together in sendings.chunk_by(|one, next| one.0 == next.0) {
            let parcels = together.iter().map(|(_, to, data)| Parcel {
                to: Some(*to),
                parts: [data, &[], &[]],
            });
            outbox.send(self.socket(together[0].0).as_fd(), parcels);
        }
        drop(sendings);
        inbox.clear();
        Ok(())
    }

    /// A client that says who its peer is. It may have the port of an earlier one.
    fn enter(&mut self, address: SocketAddr, data: &[u8]) -> io::Result<()> {
        let text = std::str::from_utf8(data).unwrap_or_default();
        let Ok(peer) = text.parse() else {
            return Ok(());
        };
        if let Some(&number) = self.by_address.get(&address) {
            self.clients[number].peer = peer;
            return Ok(());
        }
        let mut socket = UdpSocket::bind(SocketAddr::new(address.ip(), 0))?;
        let number = self.clients.len();
        let registry = self.poll.registry();
        registry.register(&mut socket, Token(number), Interest::READABLE)?;
        self.clients.push(Client {
            address,
            peer,
            socket,
        });
        self.by_address.insert(address, number);
        Ok(())
    }
}

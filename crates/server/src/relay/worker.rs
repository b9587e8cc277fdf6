//! The thread that owns the relay's UDP sockets and its state machine.
//!
//! One thread, one event queue, no locks and no memory per datagram. A socket with much to read
//! takes turns with the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use tokio::sync::{mpsc, oneshot};
use visavis_turn::Frame;
use visavis_turn::server::{Client, Config, Family, Input, Output, Path, PortWish, Relay, RelayId};

use super::ports::Ports;
use super::{RelayStatus, StatusBoard};
use crate::tasks::Tasks;

/// The largest datagram.
const MAX_DATAGRAM: usize = 65_535;
/// Datagrams that are read from a socket before it is the next one's turn.
const TURN: usize = 64;
/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// Messages of connections that wait for the worker; then they wait in their connections.
const QUEUE: usize = 1024;

/// How often connections without an allocation are looked for.
const LOOK_ROUND: Duration = Duration::from_secs(1);

/// The clients' socket and the call of the entrance; relayed addresses come before them.
const CLIENTS: Token = Token(usize::MAX - 1);
const CALL: Token = Token(usize::MAX - 2);

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Worker {
    relay: Relay,
    shell: Shell,
    poll: Poll,
    calls: mpsc::Receiver<Call>,
    stop: Arc<Stop>,
    started: Instant,
    status: StatusBoard,
    /// Sockets that may have more to read.
    ready: HashSet<Token>,
    /// Those of them whose turn was too short.
    again: Vec<Token>,
    /// How long a connection may be without an allocation.
    patience: Duration,
    next_look: Duration,
}

/// What connections tell the worker.
#[derive(Debug)]
pub(super) enum Call {
    /// A new one, and where to put what is for it.
    Opened(Client, mpsc::Sender<Vec<u8>>),
    /// A whole message of it.
    Message(Client, BytesMut),
    /// It is closed.
    Closed(Client),
}

/// The way of connections to the worker.
#[derive(Clone, Debug)]
pub(super) struct Entrance {
    calls: mpsc::Sender<Call>,
    stop: Arc<Stop>,
}

impl Entrance {
    /// Tells the worker; waits while it has too much to do. `false` when it has ended.
    pub(super) async fn call(&self, call: Call) -> bool {
        let sent = self.calls.send(call).await.is_ok();
        self.stop.wake();
        sent
    }
}

/// Wakes the worker, and ends it.
#[derive(Debug)]
struct Stop {
    waker: Waker,
    asked: AtomicBool,
}

impl Stop {
    /// A worker that cannot be woken finds its calls when the next datagram comes.
    fn wake(&self) {
        let _ = self.waker.wake();
    }
}

/// Ends the worker when dropped.
#[derive(Debug)]
struct EndWorker(Arc<Stop>);

impl Drop for EndWorker {
    fn drop(&mut self) {
        self.0.asked.store(true, Ordering::Release);
        self.0.wake();
    }
}

impl Worker {
    pub(super) fn new(
        config: Config,
        clients: std::net::UdpSocket,
        ports: Ports,
        patience: Duration,
        status: StatusBoard,
    ) -> io::Result<(Self, Entrance)> {
        let poll = Poll::new()?;
        let mut clients = UdpSocket::from_std(clients);
        let registry = poll.registry();
        registry.register(&mut clients, CLIENTS, Interest::READABLE)?;
        let stop = Arc::new(Stop {
            waker: Waker::new(registry, CALL)?,
            asked: AtomicBool::new(false),
        });
        let (sender, calls) = mpsc::channel(QUEUE);
        let shell = Shell {
            registry: registry.try_clone()?,
            clients_are_v6: clients.local_addr()?.is_ipv6(),
            clients,
            ports,
            relayed: Vec::new(),
            connections: HashMap::new(),
            opened: VecDeque::new(),
            message: Vec::with_capacity(MAX_DATAGRAM),
        };
        let entrance = Entrance {
            calls: sender,
            stop: Arc::clone(&stop),
        };
        let worker = Self {
            relay: Relay::new(config),
            shell,
            poll,
            calls,
            stop,
            started: Instant::now(),
            status,
            ready: HashSet::new(),
            again: Vec::new(),
            patience,
            next_look: Duration::ZERO,
        };
        Ok((worker, entrance))
    }

    /// Runs on a thread of its own until the server ends.
    pub(super) fn start(self, tasks: &Tasks) -> io::Result<()> {
        let end = EndWorker(Arc::clone(&self.stop));
        let (ended, wait) = oneshot::channel();
        thread::Builder::new()
            .name("visavis-relay".to_owned())
            .spawn(move || {
                if let Err(error) = self.run() {
                    tracing::error!(%error, "the relay has failed");
                }
                // Nobody may be waiting any more.
                let _ = ended.send(());
            })?;
        let ending = tasks.clone();
        tasks.spawn(async move {
            ending.ending().await;
            drop(end);
            // An error means that it has ended as well.
            let _ = wait.await;
        });
        Ok(())
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut datagram = vec![0; MAX_DATAGRAM];
        while !self.stop.asked.load(Ordering::Acquire) {
            match self.poll.poll(&mut events, self.rest()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            let now = self.started.elapsed();
            for event in &events {
                let token = event.token();
                if token == CALL {
                    self.answer_calls(now);
                } else {
                    self.ready.insert(token);
                }
            }
            self.read_all(now, &mut datagram);
            if self.relay.next_timeout().is_some_and(|due| due <= now) {
                feed(&mut self.relay, &mut self.shell, now, Input::Timeout);
            }
            self.look_round(now);
            self.status.publish(RelayStatus {
                allocations: self.relay.allocations(),
                counters: *self.relay.counters(),
            });
        }
        Ok(())
    }

    /// How long to wait for events.
    fn rest(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let look = (!self.shell.connections.is_empty()).then_some(self.next_look);
        let due = self.relay.next_timeout().into_iter().chain(look).min()?;
        Some(due.saturating_sub(self.started.elapsed()))
    }

    /// Closes connections that take up room and relay nothing.
    fn look_round(&mut self, now: Duration) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_ROUND;
        let (relay, patience) = (&self.relay, self.patience);
        self.shell.connections.retain(|_, connection| {
            now < connection.opened + patience || relay.has_allocation(connection.client)
        });
    }

    fn answer_calls(&mut self, now: Duration) {
        while let Ok(call) = self.calls.try_recv() {
            match call {
                Call::Opened(client, messages) => {
                    let connection = Connection {
                        client,
                        messages,
                        opened: now,
                    };
                    self.shell.connections.insert(client.path, connection);
                }
                Call::Message(from, data) => {
                    let input = Input::FromClient { from, data: &data };
                    feed(&mut self.relay, &mut self.shell, now, input);
                }
                Call::Closed(client) => {
                    self.shell.connections.remove(&client.path);
                    feed(
                        &mut self.relay,
                        &mut self.shell,
                        now,
                        Input::Gone { client },
                    );
                }
            }
        }
    }

    /// Gives every socket that is ready a turn.
    fn read_all(&mut self, now: Duration, datagram: &mut [u8]) {
        let mut ready = std::mem::take(&mut self.ready);
        for token in ready.drain() {
            if self.read(token, now, datagram) {
                self.again.push(token);
            }
        }
        ready.extend(self.again.drain(..));
        self.ready = ready;
    }

    /// Reads for one turn. Whether there may be more.
    fn read(&mut self, token: Token, now: Duration, datagram: &mut [u8]) -> bool {
        for _ in 0..TURN {
            let received = match self.shell.socket(token) {
                Some(socket) => socket.recv_from(datagram),
                None => return false,
            };
            let (length, from) = match received {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // An ICMP error about something sent earlier, for one peer of many.
                Err(error) => {
                    tracing::trace!(%error, "a datagram could not be received");
                    continue;
                }
            };
            let data = &datagram[..length];
            // A dual-stack socket sees IPv4 as mapped IPv6.
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            let input = if token == CLIENTS {
                let path = Path::Datagrams(0);
                let from = Client {
                    address: from,
                    path,
                };
                Input::FromClient { from, data }
            } else {
                let at = relay_id(token);
                Input::FromPeer { at, from, data }
            };
            feed(&mut self.relay, &mut self.shell, now, input);
        }
        true
    }
}

/// Hands one thing to the state machine, and carries out what it wants.
fn feed(relay: &mut Relay, shell: &mut Shell, now: Duration, input: Input<'_>) {
    // The parser warns about every malformed message; a stranger could fill the log with that.
    let quiet = tracing::Dispatch::none();
    let quietly = |relay: &mut Relay, shell: &mut Shell, input: Input<'_>| {
        let is_message = matches!(
            input,
            Input::FromClient {
                data: [0..0x40, ..],
                ..
            }
        );
        let outputs = if is_message {
            tracing::dispatcher::with_default(&quiet, || relay.handle(now, input))
        } else {
            relay.handle(now, input)
        };
        for output in outputs {
            shell.carry_out(output);
        }
    };
    quietly(relay, shell, input);
    while let Some((id, port)) = shell.opened.pop_front() {
        quietly(relay, shell, Input::Opened { relay: id, port });
    }
}

fn relay_id(token: Token) -> RelayId {
    RelayId(u32::try_from(token.0).unwrap_or(u32::MAX))
}

/// The sockets and connections.
#[derive(Debug)]
struct Shell {
    registry: Registry,
    clients: UdpSocket,
    clients_are_v6: bool,
    ports: Ports,
    /// By [`RelayId`], which are small.
    relayed: Vec<Option<UdpSocket>>,
    connections: HashMap<Path, Connection>,
    /// Answers for the state machine.
    opened: VecDeque<(RelayId, Option<u16>)>,
    /// The message being put together.
    message: Vec<u8>,
}

/// A client over TCP or TLS. Dropping this closes its connection.
#[derive(Debug)]
struct Connection {
    client: Client,
    messages: mpsc::Sender<Vec<u8>>,
    opened: Duration,
}

impl Shell {
    fn socket(&self, token: Token) -> Option<&UdpSocket> {
        if token == CLIENTS {
            return Some(&self.clients);
        }
        self.relayed.get(token.0)?.as_ref()
    }

    fn carry_out(&mut self, output: Output<'_>) {
        match output {
            Output::Reply { to, message } => match to.path {
                Path::Datagrams(_) => self.send_to_client(to.address, &message),
                path @ Path::Stream(_) => self.write(path, || message),
            },
            Output::ToClient { to, frame } => self.pass_on(to, &frame),
            Output::ToPeer { from, to, data } => {
                if let Some(socket) = self.socket(Token(from.0 as usize)) {
                    lossy(socket.send_to(data, to));
                }
            }
            Output::Open {
                relay,
                family,
                port,
            } => self.open(relay, family, port),
            Output::Close { relay } => self.close(relay),
        }
    }

    fn pass_on(&mut self, to: Client, frame: &Frame<'_>) {
        match to.path {
            Path::Datagrams(_) => {
                let mut message = std::mem::take(&mut self.message);
                message.clear();
                for part in frame.parts() {
                    message.extend_from_slice(part);
                }
                self.send_to_client(to.address, &message);
                self.message = message;
            }
            path @ Path::Stream(_) => self.write(path, || frame.parts().concat()),
        }
    }

    fn send_to_client(&self, to: SocketAddr, message: &[u8]) {
        let to = match to.ip() {
            IpAddr::V4(address) if self.clients_are_v6 => {
                SocketAddr::new(address.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        lossy(self.clients.send_to(message, to));
    }

    /// A connection that is full loses the message, as a network would.
    fn write(&self, path: Path, message: impl FnOnce() -> Vec<u8>) {
        if let Some(connection) = self.connections.get(&path)
            && let Ok(place) = connection.messages.try_reserve()
        {
            place.send(message());
        }
    }

    fn open(&mut self, relay: RelayId, family: Family, wish: PortWish) {
        let opened = match wish {
            PortWish::Any => self.ports.open(family, false).map(|first| (first, None)),
            PortWish::Even => self.ports.open(family, true).map(|first| (first, None)),
            PortWish::EvenAndNext(next) => self
                .ports
                .open_pair(family)
                .map(|(first, second)| (first, Some((next, second)))),
        };
        let port = opened.and_then(|(first, next)| {
            let port = first.local_addr()?.port();
            self.keep(relay, first)?;
            if let Some((id, socket)) = next
                && let Err(error) = self.keep(id, socket)
            {
                self.close(relay);
                return Err(error);
            }
            Ok(port)
        });
        let port = match port {
            Ok(port) => Some(port),
            Err(error) => {
                tracing::warn!(%error, "no port for an allocation");
                None
            }
        };
        self.opened.push_back((relay, port));
    }

    fn keep(&mut self, relay: RelayId, mut socket: UdpSocket) -> io::Result<()> {
        let place = relay.0 as usize;
        self.registry
            .register(&mut socket, Token(place), Interest::READABLE)?;
        if self.relayed.len() <= place {
            self.relayed.resize_with(place + 1, || None);
        }
        self.relayed[place] = Some(socket);
        Ok(())
    }

    /// Dropping a socket takes it from the event queue.
    fn close(&mut self, relay: RelayId) {
        if let Some(place) = self.relayed.get_mut(relay.0 as usize) {
            *place = None;
        }
    }
}

/// A datagram that cannot be sent is lost, as in any network: the other side notices.
fn lossy(sent: io::Result<usize>) {
    if let Err(error) = sent {
        tracing::trace!(%error, "a datagram could not be sent");
    }
}

//! The thread that owns the relay's UDP sockets and its state machine.
//!
//! One thread, one event queue, no locks and no memory per datagram. Datagrams go through in
//! batches: those of several sockets are received one after the other, decided on, and sent off by
//! socket. A socket with much to read takes turns with the others.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use tokio::sync::{mpsc, oneshot};
use visavis_datagrams::{Arrival, BATCH, Inbox, Outbox};
use visavis_turn::server::{Client, Config, Family, Input, Output, Path, PortWish, Relay, RelayId};

use super::ports::Ports;
use super::post::{self, Post, Sending};
use super::{RelayStatus, StatusBoard};
use crate::tasks::Tasks;

/// Datagrams that are read from a relayed socket before it is the next one's turn. Clients all send
/// to one socket, which may fill a batch.
const TURN: usize = 16;
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
    /// Sockets that may have more to read, each once.
    ready: Vec<Token>,
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
        let registry = poll.registry();
        let mut clients = Port::new(UdpSocket::from_std(clients))?;
        registry.register(&mut clients.socket, CLIENTS, Interest::READABLE)?;
        let stop = Arc::new(Stop {
            waker: Waker::new(registry, CALL)?,
            asked: AtomicBool::new(false),
        });
        let (sender, calls) = mpsc::channel(QUEUE);
        let shell = Shell {
            registry: registry.try_clone()?,
            clients,
            ports,
            relayed: Vec::new(),
            connections: HashMap::new(),
            opened: VecDeque::new(),
            closed: Vec::new(),
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
            ready: Vec::with_capacity(EVENTS),
            again: Vec::with_capacity(EVENTS),
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
        let mut desk = Desk::new();
        while !self.stop.asked.load(Ordering::Acquire) {
            self.round(&mut desk)?;
        }
        Ok(())
    }

    /// Waits for something to do, and does it.
    pub(super) fn round(&mut self, desk: &mut Desk) -> io::Result<()> {
        match self.poll.poll(&mut desk.events, self.rest()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        let now = self.started.elapsed();
        for event in &desk.events {
            let token = event.token();
            if token == CALL {
                self.answer_calls(now, &mut desk.outbox);
            } else if let Some(port) = self.shell.port_mut(token)
                && !port.is_ready
            {
                port.is_ready = true;
                self.ready.push(token);
            }
        }
        self.read_all(now, desk);
        if self.relay.next_timeout().is_some_and(|due| due <= now) {
            self.feed(now, Input::Timeout, &mut desk.outbox);
        }
        self.look_round(now);
        self.status.publish(RelayStatus {
            allocations: self.relay.allocations(),
            counters: *self.relay.counters(),
        });
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

    fn answer_calls(&mut self, now: Duration, outbox: &mut Outbox) {
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
                    self.feed(now, Input::FromClient { from, data: &data }, outbox);
                }
                Call::Closed(client) => {
                    self.shell.connections.remove(&client.path);
                    self.feed(now, Input::Gone { client }, outbox);
                }
            }
        }
    }

    /// Gives every socket that is ready a turn.
    fn read_all(&mut self, now: Duration, desk: &mut Desk) {
        let mut ready = std::mem::take(&mut self.ready);
        for token in ready.drain(..) {
            let most = if token == CLIENTS { BATCH } else { TURN };
            if desk.inbox.room() < most {
                self.pass_on(now, desk);
            }
            if self.read(token, most, &mut desk.inbox) {
                self.again.push(token);
            } else if let Some(port) = self.shell.port_mut(token) {
                port.is_ready = false;
            }
        }
        self.pass_on(now, desk);
        ready.append(&mut self.again);
        self.ready = ready;
    }

    /// Reads for one turn. Whether there may be more.
    fn read(&self, token: Token, most: usize, inbox: &mut Inbox<usize>) -> bool {
        let Some(port) = self.shell.port(token) else {
            return false;
        };
        match inbox.receive(port.socket.as_fd(), port.family, most, token.0) {
            Ok(received) => received == most,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            // An ICMP error about something sent earlier, for one peer of many.
            Err(error) => {
                tracing::trace!(%error, "a datagram could not be received");
                true
            }
        }
    }

    /// Decides on a batch, and sends what is to be sent.
    fn pass_on(&mut self, now: Duration, desk: &mut Desk) {
        let Desk { inbox, outbox, .. } = desk;
        let mut post = Post::default();
        self.shell.closed.clear();
        for Arrival { mark, from, data } in inbox.arrivals() {
            // A dual-stack socket sees IPv4 as mapped IPv6.
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            let input = if mark == CLIENTS.0 {
                let path = Path::Datagrams(0);
                let from = Client {
                    address: from,
                    path,
                };
                Input::FromClient { from, data }
            } else {
                let at = relay_id(Token(mark));
                // It was for an allocation that has just ended, not for the next one of this number.
                if self.shell.closed.contains(&at) {
                    continue;
                }
                Input::FromPeer { at, from, data }
            };
            self.handle(now, input, &mut post, outbox);
        }
        post.send(&self.shell, outbox);
        drop(post);
        inbox.clear();
    }

    /// Hands one thing to the state machine, and carries out what it wants.
    fn feed(&mut self, now: Duration, input: Input<'_>, outbox: &mut Outbox) {
        let mut post = Post::default();
        self.handle(now, input, &mut post, outbox);
        post.send(&self.shell, outbox);
    }

    /// The same, but datagrams with data go into the `post`.
    fn handle<'d>(
        &mut self,
        now: Duration,
        input: Input<'d>,
        post: &mut Post<'d>,
        outbox: &mut Outbox,
    ) {
        let Self { relay, shell, .. } = self;
        let mut take = |shell: &mut Shell, output: Output<'d>| {
            // What waits may have to go through a socket that is closed now.
            if matches!(output, Output::Close { .. }) {
                post.send(shell, outbox);
            }
            if let Some(sending) = shell.carry_out(output, outbox) {
                post.push(sending);
            }
        };
        let is_message = matches!(
            input,
            Input::FromClient {
                data: [0..0x40, ..],
                ..
            }
        );
        if is_message {
            // The parser warns about every malformed message; a stranger could fill the log with
            // that.
            let quiet = tracing::Dispatch::none();
            tracing::dispatcher::with_default(&quiet, || {
                for output in relay.handle(now, input) {
                    take(shell, output);
                }
            });
        } else {
            for output in relay.handle(now, input) {
                take(shell, output);
            }
        }
        while let Some((id, port)) = shell.opened.pop_front() {
            for output in relay.handle(now, Input::Opened { relay: id, port }) {
                take(shell, output);
            }
        }
    }
}

/// What batches are made with.
pub(super) struct Desk {
    events: Events,
    inbox: Inbox<usize>,
    outbox: Outbox,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            events: Events::with_capacity(EVENTS),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
        }
    }
}

fn relay_id(token: Token) -> RelayId {
    RelayId(u32::try_from(token.0).unwrap_or(u32::MAX))
}

/// The sockets and connections.
#[derive(Debug)]
pub(super) struct Shell {
    registry: Registry,
    clients: Port,
    ports: Ports,
    /// By [`RelayId`], which are small.
    relayed: Vec<Option<Port>>,
    connections: HashMap<Path, Connection>,
    /// Answers for the state machine.
    opened: VecDeque<(RelayId, Option<u16>)>,
    /// Those closed while a batch is decided on.
    closed: Vec<RelayId>,
}

/// A socket.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    pub(super) family: visavis_datagrams::Family,
    /// Whether it is among those that may have more to read.
    is_ready: bool,
}

impl Port {
    fn new(socket: UdpSocket) -> io::Result<Self> {
        Ok(Self {
            family: visavis_datagrams::Family::of(&socket.local_addr()?),
            socket,
            is_ready: false,
        })
    }
}

/// A client over TCP or TLS. Dropping this closes its connection.
#[derive(Debug)]
struct Connection {
    client: Client,
    messages: mpsc::Sender<Vec<u8>>,
    opened: Duration,
}

impl Shell {
    /// That of clients, or a relayed one.
    pub(super) fn port(&self, token: Token) -> Option<&Port> {
        if token == CLIENTS {
            return Some(&self.clients);
        }
        self.relayed.get(token.0)?.as_ref()
    }

    fn port_mut(&mut self, token: Token) -> Option<&mut Port> {
        if token == CLIENTS {
            return Some(&mut self.clients);
        }
        self.relayed.get_mut(token.0)?.as_mut()
    }

    /// Gives back what can be sent together with others.
    fn carry_out<'d>(&mut self, output: Output<'d>, outbox: &mut Outbox) -> Option<Sending<'d>> {
        match output {
            Output::Reply { to, message } => match to.path {
                Path::Datagrams(_) => {
                    let reply = Sending::bare(CLIENTS, to.address, &message);
                    post::send([&reply].into_iter(), &self.clients, outbox);
                }
                path @ Path::Stream(_) => self.write(path, || message),
            },
            Output::ToClient { to, frame } => match to.path {
                Path::Datagrams(_) => return Some(Sending::framed(CLIENTS, to.address, frame)),
                path @ Path::Stream(_) => self.write(path, || frame.parts().concat()),
            },
            Output::ToPeer { from, to, data } => {
                return Some(Sending::bare(Token(from.0 as usize), to, data));
            }
            Output::Open {
                relay,
                family,
                port,
            } => self.open(relay, family, port),
            Output::Close { relay } => self.close(relay),
        }
        None
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

    fn keep(&mut self, relay: RelayId, socket: UdpSocket) -> io::Result<()> {
        let place = relay.0 as usize;
        let mut port = Port::new(socket)?;
        self.registry
            .register(&mut port.socket, Token(place), Interest::READABLE)?;
        if self.relayed.len() <= place {
            self.relayed.resize_with(place + 1, || None);
        }
        self.relayed[place] = Some(port);
        Ok(())
    }

    /// Dropping a socket takes it from the event queue.
    fn close(&mut self, relay: RelayId) {
        if let Some(place) = self.relayed.get_mut(relay.0 as usize) {
            *place = None;
            self.closed.push(relay);
        }
    }
}

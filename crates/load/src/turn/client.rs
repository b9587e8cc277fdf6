//! A client of the relay: its socket, and the requests that it makes before packets flow.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageWrite, MessageWriteExt, MessageWriteVec, Method,
};
use turn_types::attribute::{
    ChannelNumber, Lifetime, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use visavis_turn::server::Credentials;

use crate::error::LoadError;

/// The only channel of each client.
pub(super) const CHANNEL: u16 = 0x4000;

/// What a socket may keep, if the system lets it.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Requests that are under way at the same time.
const AT_ONCE: usize = 32;
/// After which a request is sent once more.
const RETRANSMISSION: Duration = Duration::from_millis(500);
/// How often a request is made anew: with credentials, with another nonce, from another port.
const TRIES: u32 = 5;

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    Allocation,
    Permission(SocketAddr),
    Channel(SocketAddr),
    End,
}

impl Wish {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Allocation => "an allocation",
            Self::Permission(_) => "a permission",
            Self::Channel(_) => "a channel",
            Self::End => "to end an allocation",
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Allocation => ALLOCATE,
            Self::Permission(_) => CREATE_PERMISSION,
            Self::Channel(_) => CHANNEL_BIND,
            Self::End => REFRESH,
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Client {
    pub(super) socket: UdpSocket,
    pub(super) relayed: Option<SocketAddr>,
    credentials: Credentials,
    challenge: Option<(String, String)>,
}

/// A request under way.
struct Asking {
    place: usize,
    message: Vec<u8>,
    sent: Instant,
    tries: u32,
}

impl Client {
    pub(super) fn new(server: SocketAddr, credentials: Credentials) -> io::Result<Self> {
        let any = match server {
            SocketAddr::V4(_) => ([0; 4], 0).into(),
            SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
        };
        let socket = open(any)?;
        socket.connect(server)?;
        Ok(Self {
            socket,
            relayed: None,
            credentials,
            challenge: None,
        })
    }

    fn request(&self, wish: Wish) -> Option<Vec<u8>> {
        let mut request = Message::builder_request(wish.method(), MessageWriteVec::new());
        let id = Message::from_bytes(&request).ok()?.transaction_id();
        match wish {
            Wish::Allocation => request.add_attribute(&RequestedTransport::new(17)),
            Wish::Permission(peer) => request.add_attribute(&XorPeerAddress::new(peer, id)),
            Wish::Channel(peer) => request
                .add_attribute(&ChannelNumber::new(CHANNEL))
                .and_then(|()| request.add_attribute(&XorPeerAddress::new(peer, id))),
            Wish::End => request.add_attribute(&Lifetime::new(0)),
        }
        .ok()?;
        if let Some((realm, nonce)) = &self.challenge {
            let Credentials { username, password } = &self.credentials;
            request.add_attribute(&Username::new(username).ok()?).ok()?;
            request.add_attribute(&Realm::new(realm).ok()?).ok()?;
            request.add_attribute(&Nonce::new(nonce).ok()?).ok()?;
            let key: MessageIntegrityCredentials =
                LongTermKeyCredentials::new(username.clone(), password.clone(), realm.clone())
                    .into();
            request
                .add_message_integrity(&key, IntegrityAlgorithm::Sha1)
                .ok()?;
        }
        Some(request.finish())
    }

    /// Takes an answer in. `Ok(false)`: the same has to be asked once more.
    fn answered(&mut self, wish: Wish, answer: &Message<'_>) -> Result<bool, LoadError> {
        let request = wish.name();
        if answer.has_class(MessageClass::Success) {
            if matches!(wish, Wish::Allocation) {
                let relayed = answer.attribute::<XorRelayedAddress>();
                let relayed = relayed.map_err(|_| LoadError::Answer { request })?;
                self.relayed = Some(relayed.addr(answer.transaction_id()));
            }
            return Ok(true);
        }
        let error = answer.attribute::<ErrorCode>();
        let error = error.map_err(|_| LoadError::Answer { request })?;
        if matches!(error.code(), 401 | 438)
            && let (Ok(realm), Ok(nonce)) =
                (answer.attribute::<Realm>(), answer.attribute::<Nonce>())
        {
            let challenge = Some((realm.realm().to_owned(), nonce.nonce().to_owned()));
            // Refused in spite of these credentials.
            if error.code() == 438 || self.challenge.is_none() {
                self.challenge = challenge;
                return Ok(false);
            }
        }
        // The relay still has an allocation of an earlier run from this port (RFC 8656 section 7.4).
        if error.code() == ErrorCode::ALLOCATION_MISMATCH && matches!(wish, Wish::Allocation) {
            let server = self.socket.peer_addr().map_err(LoadError::Socket)?;
            *self = Self::new(server, self.credentials.clone()).map_err(LoadError::Socket)?;
            return Ok(false);
        }
        Err(LoadError::Relay {
            request,
            code: error.code(),
            reason: error.reason().to_owned(),
        })
    }
}

/// A socket that does not wait.
pub(super) fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // What the system allows will do.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Lets every client ask for what `wish` tells, a few at a time.
///
/// # Errors
/// When one is refused or gets no answer within the patience.
pub(super) fn ask(
    clients: &mut [Client],
    wish: impl Fn(usize) -> Wish,
    patience: Duration,
) -> Result<(), LoadError> {
    let mut waiting = 0..clients.len();
    let mut asking: Vec<Asking> = Vec::new();
    let mut heard = Instant::now();
    let mut answer = [0; 2048];
    loop {
        let places = AT_ONCE.saturating_sub(asking.len());
        for place in waiting.by_ref().take(places) {
            asking.push(begin(&clients[place], place, wish(place), 0)?);
        }
        if asking.is_empty() {
            return Ok(());
        }
        let mut at = 0;
        while at < asking.len() {
            let Asking { place, tries, .. } = asking[at];
            let Some(length) = receive(&clients[place], &mut answer)? else {
                at += 1;
                continue;
            };
            let Some(message) = answer_to(&asking[at].message, &answer[..length]) else {
                continue;
            };
            heard = Instant::now();
            if clients[place].answered(wish(place), &message)? {
                asking.swap_remove(at);
            } else if tries < TRIES {
                asking[at] = begin(&clients[place], place, wish(place), tries + 1)?;
            } else {
                let request = wish(place).name();
                return Err(LoadError::Answer { request });
            }
        }
        if heard.elapsed() > patience {
            let server = clients[0].socket.peer_addr().map_err(LoadError::Socket)?;
            let seconds = patience.as_secs();
            return Err(LoadError::NoAnswer { server, seconds });
        }
        for asking in &mut asking {
            if asking.sent.elapsed() > RETRANSMISSION {
                asking.sent = Instant::now();
                send(&clients[asking.place], &asking.message)?;
            }
        }
        let mut sockets: Vec<PollFd<'_>> = asking
            .iter()
            .map(|asking| PollFd::new(&clients[asking.place].socket, PollFlags::IN))
            .collect();
        wait(&mut sockets)?;
    }
}

/// Tells a forwarder, for each client, which peer its packets are for.
///
/// # Errors
/// When it does not answer within the patience.
pub(super) fn introduce(
    clients: &[Client],
    peer: SocketAddr,
    patience: Duration,
) -> Result<(), LoadError> {
    let peer = peer.to_string();
    let mut answer = [0; 100];
    for client in clients {
        let begin = Instant::now();
        send(client, peer.as_bytes())?;
        while receive(client, &mut answer)?.is_none() {
            if begin.elapsed() > patience {
                let server = client.socket.peer_addr().map_err(LoadError::Socket)?;
                let seconds = patience.as_secs();
                return Err(LoadError::NoAnswer { server, seconds });
            }
            wait(&mut [PollFd::new(&client.socket, PollFlags::IN)])?;
        }
    }
    Ok(())
}

fn begin(client: &Client, place: usize, wish: Wish, tries: u32) -> Result<Asking, LoadError> {
    let request = wish.name();
    let message = client.request(wish).ok_or(LoadError::Answer { request })?;
    send(client, &message)?;
    Ok(Asking {
        place,
        message,
        sent: Instant::now(),
        tries,
    })
}

/// A request that cannot be sent now is sent again later.
fn send(client: &Client, message: &[u8]) -> Result<(), LoadError> {
    match client.socket.send(message) {
        Err(error) if !is_passing(&error) => Err(LoadError::Socket(error)),
        _ => Ok(()),
    }
}

fn receive(client: &Client, answer: &mut [u8]) -> Result<Option<usize>, LoadError> {
    match client.socket.recv(answer) {
        Ok(length) => Ok(Some(length)),
        Err(error) if is_passing(&error) => Ok(None),
        Err(error) => Err(LoadError::Socket(error)),
    }
}

/// Whether it may be otherwise the next time: a server that is just starting refuses, too.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionRefused
    )
}

/// The answer, if it is one to this request.
fn answer_to<'a>(request: &[u8], answer: &'a [u8]) -> Option<Message<'a>> {
    let request = Message::from_bytes(request).ok()?;
    let answer = Message::from_bytes(answer).ok()?;
    (answer.is_response() && answer.transaction_id() == request.transaction_id()).then_some(answer)
}

/// Waits until one of them has an answer, or until it is time to ask again.
fn wait(sockets: &mut [PollFd<'_>]) -> Result<(), LoadError> {
    let pause = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    match poll(sockets, Some(&pause)) {
        Err(error) if error != rustix::io::Errno::INTR => Err(LoadError::Socket(error.into())),
        _ => Ok(()),
    }
}

//! The server's end of a stream.
//!
//! [`ServerStream`] negotiates (RFC 6120 sections 4 to 7, over TCP or in the
//! framing of RFC 7395), manages the stream (XEP-0198), answers what a client asks of the server itself, and hands up
//! everything that is for somebody else. Wrong input is answered with the
//! stream error, SASL failure or stanza error that the RFC has for it.
//!
//! It does not know who may log in, which resources exist or who is online:
//! it asks, and goes on when it is answered. It keeps no time; whoever owns
//! the socket ends streams that take too long, with
//! [`Input::StreamFault`].

mod management;
mod negotiation;
mod requests;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};

use management::Management;
pub use management::Resumable;

pub use crate::framing::Framing;
use crate::framing::{self, Frame, Open};
use crate::ledger::UnackedLimits;
use crate::outputs::Outputs;
use crate::sasl::{Password, SaslFailure};
use crate::stanza::StanzaHeader;
use crate::stream_error::StreamError;
use crate::tcp::{self, Piece};
use crate::xml::{self, Element, Limits};
use crate::{Jid, ns};

/// A frame may be this long before the client is authenticated, in bytes
/// (RFC 6120 section 13.12 asks for no less).
pub const MAX_UNAUTHENTICATED_BYTES: usize = 10_000;

/// So many frames may wait while the stream waits for an answer of the shell.
pub const MAX_WAITING_FRAMES: usize = 8;

/// So often a client may fail to bind a resource.
pub const MAX_BIND_ATTEMPTS: u32 = 3;

/// The settings of one [`ServerStream`].
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The server's name.
    pub domain: Jid,
    /// The name of the first stream; the second one's gets a suffix. Must not
    /// be predictable (RFC 6120 section 4.7.3).
    pub id: String,
    /// How often authentication may fail: 3 by default.
    pub max_auth_attempts: u32,
    /// What one stanza may hold.
    pub limits: Limits,
    /// Whether a client may call the server by any name. Stanzas to that name
    /// are then taken as to `domain`. Off by default.
    pub accept_any_domain: bool,
    /// Whether the session request of older clients is offered. On by default.
    pub offer_session: bool,
    /// What carries the stream: WebSocket messages by default.
    pub framing: Framing,
    /// Who can read it on its way: nobody by default.
    pub encryption: Encryption,
    /// Whether a client may come back to its stream: not by default.
    pub resumption: Option<ResumptionOffer>,
}

/// How a stream relates to TLS (RFC 6120 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It is private: encrypted, or never leaves the machine.
    Private,
    /// It is private, and may be encrypted all the same.
    Offered,
    /// Nothing but encryption is offered.
    Required,
}

/// What a client that enables resumption is promised (XEP-0198 section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumptionOffer {
    /// The name of the resumable stream. Must not be predictable.
    pub id: String,
    /// How long it is kept for the client, in seconds.
    pub max_seconds: u64,
    /// What is kept for it. Beyond that it cannot come back.
    pub limits: UnackedLimits,
}

impl ServerConfig {
    /// The defaults.
    pub fn new(domain: Jid, id: String) -> Self {
        Self {
            domain,
            id,
            max_auth_attempts: 3,
            limits: Limits::default(),
            accept_any_domain: false,
            offer_session: true,
            framing: Framing::WebSocket,
            encryption: Encryption::Private,
            resumption: None,
        }
    }
}

/// What happens to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A text message came from the WebSocket.
    Frame(String),
    /// A piece of the stream came over TCP.
    Piece(Piece),
    /// The answer to [`Output::Authenticate`]: the local part of the user's
    /// address, or why not.
    Authenticated(Result<String, SaslFailure>),
    /// The answer to [`Output::Bind`]: the resource is the client's.
    Bound {
        /// The resource's name.
        resource: String,
    },
    /// The answer to [`Output::Bind`]: the user has too many resources.
    BindRefused,
    /// The answer to [`Output::Resume`]: the stream that the client comes
    /// back to.
    Resumed(Box<Resumable>),
    /// The answer to [`Output::Resume`]: there is no such stream of this user.
    ResumeRefused,
    /// Ask the client whether it is there, with a name to be used once. Only
    /// once the stream is [ready](Output::Ready).
    Ping {
        /// The name of the question.
        id: String,
    },
    /// A stanza for the client. Passed on as it is, and only once the stream is
    /// [ready](Output::Ready).
    Deliver(String),
    /// The stream has to end for this reason.
    StreamFault(StreamError),
    /// The server stops.
    Shutdown,
    /// The socket is gone.
    SocketClosed,
}

/// What a stream wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this, as a text message or as bytes.
    Send(String),
    /// Let TLS begin once everything is sent; what came unencrypted behind the
    /// request must not be read. The last output until then.
    StartTls,
    /// Check this password or token; answer with [`Input::Authenticated`].
    /// The last output until then.
    Authenticate {
        /// The local part of the user's address, as the client gave it.
        local: String,
        /// The password or token.
        password: Password,
    },
    /// Reserve a resource; answer with [`Input::Bound`] or
    /// [`Input::BindRefused`]. The last output until then.
    Bind {
        /// The client's wish.
        wanted: Option<String>,
    },
    /// Find the stream that has this name and this user, and take it from the
    /// connection that had it; answer with [`Input::Resumed`] or
    /// [`Input::ResumeRefused`]. The last output until then.
    Resume {
        /// The name of the stream.
        id: String,
    },
    /// From now on the client can come back to the stream under this name.
    Resumable {
        /// The name of the stream, that of the [offer](ResumptionOffer).
        id: String,
    },
    /// The client can send and get stanzas.
    Ready {
        /// Its address.
        jid: Jid,
    },
    /// The client sent a stanza that is not for the server itself. It is
    /// well-formed and within the limits. An iq that asks has an id.
    Stanza {
        /// Its header. `from` is what the client says.
        header: StanzaHeader,
        /// The stanza as it came, to be [stamped](crate::stanza::stamp).
        raw: String,
    },
    /// The client asks something of the server or of its own account. It has
    /// to be answered by [`Input::Deliver`].
    Request {
        /// The header; a `get` or `set` with an id.
        header: StanzaHeader,
        /// What is asked.
        payload: Element,
    },
    /// The client wants copies of its user's other messages, or no more.
    Carbons(bool),
    /// Close the socket once everything is sent. Always the last output.
    Close,
}

/// The server's end of one connection. See the [module](self).
#[derive(Clone, Debug)]
pub struct ServerStream {
    config: ServerConfig,
    state: State,
    /// The name by which the client calls the server, if it is another one.
    alias: Option<String>,
    streams: u32,
    failed_auths: u32,
    failed_binds: u32,
    /// Once the client has enabled it.
    management: Option<Management>,
    /// What is left when the connection was lost.
    left: Option<Box<Resumable>>,
    waiting: VecDeque<Received>,
    outputs: VecDeque<Output>,
}

/// What came from the socket, not looked at.
#[derive(Clone, Debug)]
enum Received {
    Frame(String),
    Piece(Piece),
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing came yet.
    Opening,
    /// Mechanisms are offered.
    Authentication,
    /// A client without an initial response was asked for it.
    Challenged,
    /// The shell checks the password.
    Authenticating,
    /// Authenticated; the client has to open a new stream.
    Reopening { user: Jid },
    /// Binding is offered.
    Binding { user: Jid },
    /// The shell reserves the resource.
    Reserving { user: Jid, request: StanzaHeader },
    /// The shell looks for the stream that the client comes back to.
    Resuming { user: Jid, handled: u32 },
    /// Stanzas flow.
    Ready { jid: Jid },
    /// Over.
    Closed,
}

impl ServerStream {
    /// A stream before its first byte.
    pub const fn new(config: ServerConfig) -> Self {
        Self {
            config,
            state: State::Opening,
            alias: None,
            streams: 0,
            failed_auths: 0,
            failed_binds: 0,
            management: None,
            left: None,
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The client's address, while stanzas flow.
    pub const fn jid(&self) -> Option<&Jid> {
        match &self.state {
            State::Ready { jid } => Some(jid),
            _ => None,
        }
    }

    /// Whether the stream is over. Further inputs do nothing.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes an input; gives back what to do. An answer that was not asked
    /// for does nothing.
    pub fn handle(&mut self, input: Input) -> Outputs<'_, Output> {
        match (input, self.state.clone()) {
            (_, State::Closed) => {}
            (Input::Frame(message), _) => self.hear(Received::Frame(message)),
            (Input::Piece(piece), _) => self.hear(Received::Piece(piece)),
            (Input::Authenticated(result), State::Authenticating) => {
                self.authenticated(result);
                self.catch_up();
            }
            (Input::Bound { resource }, State::Reserving { user, request }) => {
                self.bound(&user, &request, &resource);
                self.catch_up();
            }
            (Input::BindRefused, State::Reserving { user, request }) => {
                self.bind_refused(user, &request);
                self.catch_up();
            }
            (Input::Resumed(resumable), State::Resuming { handled, .. }) => {
                self.resumed(*resumable, handled);
                self.catch_up();
            }
            (Input::ResumeRefused, State::Resuming { user, .. }) => {
                self.resume_refused(user);
                self.catch_up();
            }
            (Input::Deliver(stanza), State::Ready { .. }) => self.send_stanza(stanza),
            (Input::Ping { id }, State::Ready { jid }) => self.ping(&jid, &id),
            (Input::StreamFault(StreamError::ConnectionTimeout), _) => {
                self.keep_what_is_left();
                self.fail(StreamError::ConnectionTimeout);
            }
            (Input::StreamFault(error), _) => self.fail(error),
            (Input::Shutdown, _) => self.fail(StreamError::SystemShutdown),
            (Input::SocketClosed, _) => {
                self.keep_what_is_left();
                self.end();
            }
            (
                Input::Authenticated(_)
                | Input::Bound { .. }
                | Input::BindRefused
                | Input::Resumed(_)
                | Input::ResumeRefused
                | Input::Ping { .. }
                | Input::Deliver(_),
                _,
            ) => {}
        }
        Outputs::new(&mut self.outputs)
    }

    const fn is_waiting(&self) -> bool {
        matches!(
            self.state,
            State::Authenticating | State::Reserving { .. } | State::Resuming { .. }
        )
    }

    fn hear(&mut self, received: Received) {
        if !self.is_waiting() {
            self.receive(received);
        } else if self.waiting.len() == MAX_WAITING_FRAMES
            || received.len() > self.limits().max_bytes
        {
            self.fail(StreamError::PolicyViolation);
        } else {
            self.waiting.push_back(received);
        }
    }

    fn catch_up(&mut self) {
        while !self.is_waiting()
            && let Some(received) = self.waiting.pop_front()
        {
            self.receive(received);
        }
    }

    fn limits(&self) -> Limits {
        let mut limits = self.config.limits;
        if matches!(
            self.state,
            State::Opening | State::Authentication | State::Challenged | State::Authenticating
        ) {
            limits.max_bytes = limits.max_bytes.min(MAX_UNAUTHENTICATED_BYTES);
        }
        limits
    }

    fn receive(&mut self, received: Received) {
        let limits = self.limits();
        if received.len() > limits.max_bytes {
            return self.fail(StreamError::PolicyViolation);
        }
        match received {
            Received::Frame(message) => match Frame::read(&message, &limits) {
                Ok(Frame::Blank) => {}
                Ok(Frame::Open(open)) => self.open(&open),
                Ok(Frame::Close { .. }) => self.close(),
                Ok(Frame::Other(raw)) => self.checked(raw, &limits),
                Err(error) => self.fail(error.into()),
            },
            Received::Piece(Piece::Open(open)) => self.open(&open),
            Received::Piece(Piece::Element(raw)) => self.checked(&raw, &limits),
            Received::Piece(Piece::Close) => self.close(),
        }
    }

    fn checked(&mut self, raw: &str, limits: &Limits) {
        match xml::check(raw, limits) {
            Ok(()) => self.element(raw),
            Err(error) => self.fail(error.into()),
        }
    }

    fn open(&mut self, open: &Open) {
        match self.state.clone() {
            State::Opening => self.first_open(open),
            State::Reopening { user } => self.second_open(open, user),
            _ => self.fail(StreamError::PolicyViolation),
        }
    }

    fn element(&mut self, raw: &str) {
        match self.state.clone() {
            State::Opening | State::Reopening { .. } => self.fail(not_an_open(raw)),
            State::Authentication | State::Challenged => self.authenticate(raw),
            State::Binding { user } => self.bind(user, raw),
            State::Ready { jid } => self.stanza(&jid, raw),
            State::Authenticating
            | State::Reserving { .. }
            | State::Resuming { .. }
            | State::Closed => {}
        }
    }

    fn send(&mut self, message: String) {
        self.outputs.push_back(Output::Send(message));
    }

    fn ping(&mut self, jid: &Jid, id: &str) {
        let ping = Element::new(ns::CLIENT, "iq")
            .with_attribute("type", "get")
            .with_attribute("id", id)
            .with_attribute("from", &self.config.domain.to_string())
            .with_attribute("to", &jid.to_string())
            .with_child(Element::new(ns::PING, "ping"));
        self.send_stanza(ping.to_xml());
    }

    /// Ends the stream with an error, within a stream in any case (RFC 6120
    /// section 4.9.1.2).
    fn fail(&mut self, error: StreamError) {
        if matches!(self.state, State::Opening | State::Reopening { .. }) {
            self.send_open();
        }
        self.send(error.to_xml());
        self.close();
    }

    fn close(&mut self) {
        self.send(match self.config.framing {
            Framing::WebSocket => framing::SERVER_CLOSE.into(),
            Framing::Tcp => tcp::CLOSE.into(),
        });
        self.outputs.push_back(Output::Close);
        self.end();
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.management = None;
        self.waiting.clear();
    }
}

impl Received {
    const fn len(&self) -> usize {
        match self {
            Self::Frame(text) | Self::Piece(Piece::Element(text)) => text.len(),
            Self::Piece(Piece::Open(_) | Piece::Close) => 0,
        }
    }
}

/// What is wrong with an element in place of an `<open/>`.
fn not_an_open(raw: &str) -> StreamError {
    match StanzaHeader::read(raw) {
        Ok(_) => StreamError::NotAuthorized,
        Err(_) if raw.starts_with("<open") || raw.contains(ns::STREAMS) => {
            StreamError::InvalidNamespace
        }
        Err(_) => StreamError::BadFormat,
    }
}

//! The server's end of a stream.
//!
//! [`ServerStream`] negotiates (RFC 6120 sections 4, 6 and 7, in the framing of
//! RFC 7395), answers what a client asks of the server itself, and hands up
//! everything that is for somebody else. Wrong input is answered with the
//! stream error, SASL failure or stanza error that the RFC has for it.
//!
//! It does not know who may log in, which resources exist or who is online:
//! it asks, and goes on when it is answered. It keeps no time; whoever owns
//! the socket ends streams that take too long, with
//! [`Input::StreamFault`].

mod negotiation;
mod requests;

use alloc::collections::VecDeque;
use alloc::string::String;

use crate::framing::{self, Frame, Open};
use crate::outputs::Outputs;
use crate::sasl::{Password, SaslFailure};
use crate::stanza::StanzaHeader;
use crate::stream_error::StreamError;
use crate::xml::{self, Limits};
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
        }
    }
}

/// What happens to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A text message came from the socket.
    Frame(String),
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
    /// Send this text message.
    Send(String),
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
    waiting: VecDeque<String>,
    outputs: VecDeque<Output>,
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
            (Input::Frame(message), State::Authenticating | State::Reserving { .. }) => {
                self.wait(message);
            }
            (Input::Frame(message), _) => self.receive(&message),
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
            (Input::Deliver(stanza), State::Ready { .. }) => self.send(stanza),
            (Input::StreamFault(error), _) => self.fail(error),
            (Input::Shutdown, _) => self.fail(StreamError::SystemShutdown),
            (Input::SocketClosed, _) => self.end(),
            (
                Input::Authenticated(_)
                | Input::Bound { .. }
                | Input::BindRefused
                | Input::Deliver(_),
                _,
            ) => {}
        }
        Outputs::new(&mut self.outputs)
    }

    fn wait(&mut self, message: String) {
        if self.waiting.len() == MAX_WAITING_FRAMES || message.len() > self.limits().max_bytes {
            self.fail(StreamError::PolicyViolation);
        } else {
            self.waiting.push_back(message);
        }
    }

    fn catch_up(&mut self) {
        while !matches!(self.state, State::Authenticating | State::Reserving { .. })
            && let Some(message) = self.waiting.pop_front()
        {
            self.receive(&message);
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

    fn receive(&mut self, message: &str) {
        let limits = self.limits();
        let frame = match Frame::read(message, &limits) {
            _ if message.len() > limits.max_bytes => {
                return self.fail(StreamError::PolicyViolation);
            }
            Ok(frame) => frame,
            Err(error) => return self.fail(error.into()),
        };
        match frame {
            Frame::Blank => {}
            Frame::Open(open) => self.open(&open),
            Frame::Close { .. } => self.close(),
            Frame::Other(raw) => match xml::check(raw, &limits) {
                Ok(()) => self.element(raw),
                Err(error) => self.fail(error.into()),
            },
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
            State::Authenticating | State::Reserving { .. } | State::Closed => {}
        }
    }

    fn send(&mut self, message: String) {
        self.outputs.push_back(Output::Send(message));
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
        self.send(framing::SERVER_CLOSE.into());
        self.outputs.push_back(Output::Close);
        self.end();
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.waiting.clear();
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

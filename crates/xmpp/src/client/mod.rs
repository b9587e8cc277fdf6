//! The client's end of a stream.
//!
//! [`ClientStream`] logs in (RFC 6120 sections 4, 6 and 7, in the framing of
//! RFC 7395 or over TCP, encrypted on request), asks for carbons (XEP-0280) and the contact list, announces
//! itself, answers pings and takes its leave. The order is that of existing
//! clients, which existing servers are used to.
//!
//! It keeps no time: whoever owns the socket gives up when the server takes
//! too long, and sends pings. It does not try again by itself.

mod error;
mod login;
mod management;
mod online;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

pub use error::{ConnectError, ProtocolError, Step};
use management::Management;
pub use management::Resumption;

pub use crate::framing::Framing;
use crate::framing::{self, Frame};
use crate::outputs::Outputs;
use crate::sasl::Password;
use crate::stream_error::StreamError;
use crate::tcp::{self, Piece};
use crate::xml::{Element, Limits, XmlError};
use crate::{Jid, ns};

/// So many of the own pings are remembered; an answer to an older one is
/// nobody's.
pub const MAX_PINGS: usize = 8;

/// So many stanzas that come before the login is complete are kept until then.
pub const MAX_EARLY_STANZAS: usize = 64;

/// Who logs in.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The user's address; a resource in it means nothing.
    pub user: Jid,
    /// The password or token.
    pub password: Password,
    /// The resource to ask for; the server chooses one if there is none.
    pub resource: Option<String>,
    /// The stream to come back to. Where the server cannot, or has forgotten
    /// it, a new one begins.
    pub resumption: Option<Box<Resumption>>,
    /// What carries the stream.
    pub framing: Framing,
    /// Whether TLS is asked for within the stream. In WebSocket messages it
    /// cannot be.
    pub start_tls: StartTls,
    /// Nothing is asked for once the resource is bound: no management, no
    /// carbons, no contact list; and nothing is announced.
    pub bare: bool,
}

/// Whether a client asks for TLS within a stream (RFC 6120 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTls {
    /// It does not.
    Never,
    /// Where the server offers it.
    IfOffered,
    /// There is no login without.
    Required,
}

impl ClientConfig {
    /// A client of a WebSocket that asks for everything.
    pub const fn new(user: Jid, password: Password) -> Self {
        Self {
            user,
            password,
            resource: None,
            resumption: None,
            framing: Framing::WebSocket,
            start_tls: StartTls::Never,
            bare: false,
        }
    }
}

/// What happens to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The socket is open.
    Opened,
    /// A text message came from the WebSocket.
    Frame(String),
    /// A piece of the stream came over TCP.
    Piece(Piece),
    /// TLS has begun, as [`Output::StartTls`] wanted.
    Encrypted,
    /// The socket is gone.
    SocketClosed,
    /// Send this stanza. Before [`Output::Connected`] and after the end it is lost.
    Send(String),
    /// Ask the server whether it is there.
    Ping {
        /// The name of the question, to be used once.
        id: String,
    },
    /// Take leave. [`Output::Closed`] follows when the server has answered or
    /// the socket is gone.
    Disconnect,
}

/// What a stream wants done. `Failed` or `Closed` comes last and only once;
/// the socket is then to be closed after everything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this, as a text message or as bytes.
    Send(String),
    /// Let TLS begin once everything is sent, then say
    /// [`Input::Encrypted`]. The last output until then.
    StartTls,
    /// Logged in: stanzas flow.
    Connected {
        /// The address that the server gave.
        jid: Jid,
    },
    /// Back on the stream that was lost: stanzas flow, and those that had not
    /// arrived have been sent again.
    Resumed {
        /// The address, as it was.
        jid: Jid,
    },
    /// A stanza for the app. Requests of others, which have to be answered,
    /// are answered here and do not come up.
    Stanza(Element),
    /// The answer to [`Input::Ping`].
    Pong {
        /// The name of the question.
        id: String,
    },
    /// The stream came to its end unasked.
    Failed(ConnectError),
    /// The stream came to its end as asked.
    Closed,
}

/// The client's end of one connection. See the [module](self).
#[derive(Clone, Debug)]
pub struct ClientStream {
    config: ClientConfig,
    state: State,
    offers_management: bool,
    /// Once it was asked for.
    management: Option<Management>,
    /// What is left when the socket is gone.
    left: Option<Box<Resumption>>,
    pings: VecDeque<String>,
    early: Vec<Element>,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Debug)]
enum State {
    /// The socket is not open yet.
    Unopened,
    /// The first `<open/>` is out.
    Opening,
    /// The server has to say how to authenticate.
    Features,
    /// TLS was asked for.
    AskingForTls,
    /// TLS begins.
    Encrypting,
    /// The password is out.
    Authenticating,
    /// The second `<open/>` is out.
    Reopening,
    /// The server has to offer binding.
    NewFeatures,
    /// The wish to come back is out.
    Resuming { needs_session: bool },
    /// The wish for a resource is out.
    Binding { needs_session: bool },
    /// The session request of older servers is out.
    Session { jid: Jid },
    /// The request for the contact list is out.
    Roster { jid: Jid },
    /// Stanzas flow.
    Online { jid: Jid },
    /// Our `<close/>` is out.
    Closing,
    /// Over.
    Closed,
}

impl ClientStream {
    /// A stream before its socket is open.
    pub const fn new(config: ClientConfig) -> Self {
        Self {
            config,
            state: State::Unopened,
            offers_management: false,
            management: None,
            left: None,
            pings: VecDeque::new(),
            early: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The own address, while stanzas flow.
    pub const fn jid(&self) -> Option<&Jid> {
        match &self.state {
            State::Online { jid } => Some(jid),
            _ => None,
        }
    }

    /// Whether the stream is over. Further inputs do nothing.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes an input; gives back what to do.
    pub fn handle(&mut self, input: Input) -> Outputs<'_, Output> {
        match (input, self.state.clone()) {
            (_, State::Closed) | (Input::Frame(_) | Input::Piece(_), State::Unopened) => {}
            (Input::Opened, State::Unopened) => self.open(State::Opening),
            (Input::Frame(message), State::Closing) => self.receive_last(&message),
            (Input::Frame(message), _) => self.receive(&message),
            (Input::Piece(piece), State::Closing) => self.receive_last_piece(&piece),
            (Input::Piece(Piece::Open(_)), _) => self.opened(),
            (Input::Piece(Piece::Element(raw)), _) => self.read(&raw, &Limits::default()),
            (Input::Piece(Piece::Close), _) => self.closed_by_server(None),
            (Input::Encrypted, State::Encrypting) => self.open(State::Opening),
            (Input::SocketClosed, State::Closing) | (Input::Disconnect, State::Unopened) => {
                self.closed();
            }
            (Input::SocketClosed, _) => {
                self.left = self.take_resumption();
                self.end(ConnectError::ConnectionLost);
            }
            (Input::Send(stanza), State::Online { .. }) => self.send_stanza(stanza),
            (Input::Ping { id }, State::Online { jid }) => self.ping(&jid, id),
            (Input::Disconnect, state) => self.disconnect(&state),
            (Input::Opened | Input::Encrypted | Input::Send(_) | Input::Ping { .. }, _) => {}
        }
        Outputs::new(&mut self.outputs)
    }

    fn receive(&mut self, message: &str) {
        let limits = Limits::default();
        let frame = match Frame::read(message, &limits) {
            Ok(frame) => frame,
            Err(error) => return self.unreadable(error),
        };
        match frame {
            Frame::Blank => {}
            Frame::Open(_) => self.opened(),
            Frame::Close { see_other_uri } => self.closed_by_server(see_other_uri),
            Frame::Other(raw) => self.read(raw, &limits),
        }
    }

    fn read(&mut self, raw: &str, limits: &Limits) {
        match Element::parse(raw, limits) {
            Ok(element) => self.element(element),
            Err(error) => self.unreadable(error),
        }
    }

    fn closed_by_server(&mut self, see_other_uri: Option<String>) {
        self.send_close();
        self.end(match see_other_uri {
            Some(uri) => ConnectError::SeeOtherUri { uri },
            None => ConnectError::ClosedByServer,
        });
    }

    /// After our `<close/>` only the server's matters.
    fn receive_last(&mut self, message: &str) {
        let limits = Limits::default();
        let over = match Frame::read(message, &limits) {
            Ok(Frame::Close { .. }) => true,
            Ok(Frame::Other(raw)) => is_stream_error(raw),
            Ok(Frame::Blank | Frame::Open(_)) | Err(_) => false,
        };
        if over {
            self.closed();
        }
    }

    fn receive_last_piece(&mut self, piece: &Piece) {
        let over = match piece {
            Piece::Close => true,
            Piece::Element(raw) => is_stream_error(raw),
            Piece::Open(_) => false,
        };
        if over {
            self.closed();
        }
    }

    fn element(&mut self, element: Element) {
        if let Some(error) = StreamError::read(&element) {
            self.send_close();
            return self.end(ConnectError::Stream(error));
        }
        if element.namespace() == ns::STREAM_MANAGEMENT {
            return self.manage(&element);
        }
        match self.state.clone() {
            State::Features => self.features(&element),
            State::AskingForTls => self.start_tls(&element),
            State::Authenticating => self.authenticated(&element),
            State::NewFeatures => self.bind(&element),
            State::Binding { needs_session } => self.bound(&element, needs_session),
            State::Session { jid } | State::Roster { jid } | State::Online { jid } => {
                self.stanza(&jid, element);
            }
            State::Opening | State::Reopening => self.unexpected(Step::Open),
            State::Resuming { .. } => self.unexpected(Step::Resumption),
            State::Unopened | State::Encrypting | State::Closing | State::Closed => {}
        }
    }

    /// What somebody else wrote may be too big; the stream is not to blame.
    fn unreadable(&mut self, error: XmlError) {
        let too_big = StreamError::from(error) == StreamError::PolicyViolation;
        let flowing = matches!(
            self.state,
            State::Session { .. } | State::Roster { .. } | State::Online { .. }
        );
        if !(too_big && flowing) {
            self.send(StreamError::from(error).to_xml());
            self.misbehaved(ProtocolError::Xml(error));
        }
    }

    fn unexpected(&mut self, step: Step) {
        self.misbehaved(ProtocolError::Unexpected { step });
    }

    fn misbehaved(&mut self, error: ProtocolError) {
        self.send_close();
        self.end(ConnectError::Protocol(error));
    }

    fn send(&mut self, message: String) {
        self.outputs.push_back(Output::Send(message));
    }

    fn send_close(&mut self) {
        self.send(match self.config.framing {
            Framing::WebSocket => framing::CLIENT_CLOSE.into(),
            Framing::Tcp => tcp::CLOSE.into(),
        });
    }

    fn end(&mut self, error: ConnectError) {
        self.outputs.push_back(Output::Failed(error));
        self.state = State::Closed;
    }

    fn closed(&mut self) {
        self.outputs.push_back(Output::Closed);
        self.state = State::Closed;
    }
}

fn is_stream_error(raw: &str) -> bool {
    Element::parse(raw, &Limits::default())
        .is_ok_and(|element| StreamError::read(&element).is_some())
}

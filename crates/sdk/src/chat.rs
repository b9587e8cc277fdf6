//! Chat: the XMPP connection that carries the signals.
//!
//! [`ChatClient::connect`] logs in to the accounts service, opens the
//! WebSocket and authenticates with the token. The connection is kept by a
//! task: it answers pings, notices a dead server, and comes back by itself.

mod connection;
mod inbound;
mod relays;
mod websocket;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};
use visavis_call::Address;
use visavis_signal::{MessageId, Signal, UserId};
use visavis_xmpp::Jid;

use crate::accounts::{Accounts, LoginError};
use crate::app::App;
use crate::http::{Client, HttpError};
use crate::ice::IceServer;
use crate::signaling::{NotConnected, Signaling, SignalingEvent};
use crate::tls::{self, TlsError};

pub use self::websocket::WebSocketError;

/// Where to log in, and as whom.
#[derive(Clone)]
pub struct ChatConfig {
    /// The server's `http://` or `https://` address.
    pub server: String,
    /// The application.
    pub app: App,
    /// The user's login.
    pub login: String,
    /// The user's password; kept no longer than logging in takes.
    pub password: String,
    /// Root certificates to trust beside the system's, in PEM form.
    pub extra_roots_pem: Vec<u8>,
}

impl fmt::Debug for ChatConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatConfig")
            .field("server", &self.server)
            .field("app", &self.app)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Why chat could not be connected; each variant says who has to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server's address is not one: the app.
    #[error("`{server}` is not an http:// or https:// address")]
    Address {
        /// The address as given.
        server: String,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Logging in failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The WebSocket does not open.
    #[error(transparent)]
    WebSocket(#[from] WebSocketError),
    /// The accounts service gave addresses that chat cannot have: the operator.
    #[error("the server gives no valid chat address")]
    ChatAddress,
    /// Chat refuses the token: log in again.
    #[error("chat refuses the login")]
    Refused,
    /// Chat ended the connection while it was being set up: the operator.
    #[error("chat ended the connection: {reason}")]
    Ended {
        /// What was said last.
        reason: String,
    },
}

/// A connection to chat, under one user's name.
///
/// A handle: clones mean the same connection, which ends with the last of
/// them or with [`disconnect`](Self::disconnect).
#[derive(Clone)]
pub struct ChatClient {
    shared: Arc<Shared>,
}

struct Shared {
    user: UserId,
    app: u32,
    domain: String,
    ice_servers: Mutex<Vec<IceServer>>,
    requests: UnboundedSender<Request>,
    connected: watch::Receiver<Option<Jid>>,
    listener: Arc<Listener>,
    machine: [u8; 3],
    process: u16,
    counter: AtomicU32,
}

/// Whoever is subscribed right now.
#[derive(Default)]
struct Listener(Mutex<Option<UnboundedSender<SignalingEvent>>>);

impl Listener {
    fn tell(&self, event: SignalingEvent) {
        if let Some(listener) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody listens any more: the event is for nobody.
            let _ = listener.send(event);
        }
    }
}

/// What the handle asks of the task.
enum Request {
    Send(String),
    /// The connection may stand on an address that is gone: make a new one.
    Reconnect,
    /// Ask the server for a sign of life.
    Ping(oneshot::Sender<()>),
    Disconnect(oneshot::Sender<()>),
}

impl ChatClient {
    /// Logs in and connects.
    ///
    /// # Errors
    /// [`ConnectError`]; nothing is left running.
    pub async fn connect(config: ChatConfig) -> Result<Self, ConnectError> {
        let tls = Arc::new(tls::client_config(&config.extra_roots_pem)?);
        let http = Client::new(&config.server, Arc::clone(&tls)).map_err(|error| match error {
            HttpError::Address => ConnectError::Address {
                server: config.server.clone(),
            },
            source => LoginError::Unreachable {
                server: config.server.clone(),
                source,
            }
            .into(),
        })?;
        let accounts = Accounts::new(http);
        let session = accounts
            .log_in(&config.app, &config.login, &config.password)
            .await?;
        let (address, list) =
            tokio::try_join!(accounts.chat_address(), accounts.ice_servers(&session))?;

        let user = UserId(session.user);
        let domain = address.domain.ok_or(ConnectError::ChatAddress)?;
        let jid = Jid::user(&format!("{user}-{}", config.app.id), &domain)
            .map_err(|_| ConnectError::ChatAddress)?;
        let listener = Arc::new(Listener::default());
        let (requests, receiver) = unbounded_channel();
        let (online, connected) = watch::channel(None);
        let server = connection::Server {
            url: address.url,
            jid,
            token: session.token.clone(),
            tls,
        };
        connection::start(server, receiver, online, Arc::clone(&listener)).await?;

        let ttl = list.ttl;
        let shared = Arc::new(Shared {
            user,
            app: config.app.id,
            domain,
            ice_servers: Mutex::new(relays::servers(list)),
            requests,
            connected,
            listener,
            machine: rand::random(),
            process: rand::random(),
            counter: AtomicU32::new(0),
        });
        if let Some(ttl) = ttl {
            tokio::spawn(relays::renew(
                Arc::downgrade(&shared),
                accounts,
                session,
                ttl,
            ));
        }
        Ok(Self { shared })
    }

    /// Our address, while connected.
    pub fn jid(&self) -> Option<String> {
        self.shared
            .connected
            .borrow()
            .as_ref()
            .map(ToString::to_string)
    }

    /// Asks the server for a sign of life (XEP-0199); gives back how long the
    /// answer took.
    ///
    /// # Errors
    /// [`NotConnected`]: there is no connection, or it is lost meanwhile.
    pub async fn ping(&self) -> Result<Duration, NotConnected> {
        if !self.is_connected() {
            return Err(NotConnected);
        }
        let begin = Instant::now();
        let (answered, answer) = oneshot::channel();
        let asked = self.shared.requests.send(Request::Ping(answered));
        asked.map_err(|_| NotConnected)?;
        answer.await.map_err(|_| NotConnected)?;
        Ok(begin.elapsed())
    }

    /// Leaves chat politely and ends the connection. Calls that are under way
    /// go on without it.
    pub async fn disconnect(&self) {
        let (done, ended) = oneshot::channel();
        if self.shared.requests.send(Request::Disconnect(done)).is_ok() {
            // An error means that the task ended by itself.
            let _ = ended.await;
        }
    }
}

impl Shared {
    fn address(&self, to: &Address) -> Option<Jid> {
        let bare = Jid::user(&format!("{}-{}", to.user, self.app), &self.domain).ok()?;
        match &to.resource {
            Some(resource) => bare.with_resource(resource).ok(),
            None => Some(bare),
        }
    }

    fn message_id(&self) -> String {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |age| age.as_secs());
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        // The id's time field is 32 bits wide.
        MessageId::new(seconds as u32, self.machine, self.process, counter).to_string()
    }
}

impl Signaling for ChatClient {
    fn user(&self) -> UserId {
        self.shared.user
    }

    fn is_connected(&self) -> bool {
        self.shared.connected.borrow().is_some()
    }

    fn send(&self, to: &Address, signal: &Signal) -> Result<(), NotConnected> {
        let shared = &self.shared;
        if !self.is_connected() {
            return Err(NotConnected);
        }
        let to = shared.address(to).ok_or(NotConnected)?;
        let message = signal.to_message(&shared.message_id(), shared.user, &to);
        shared
            .requests
            .send(Request::Send(message))
            .map_err(|_| NotConnected)
    }

    fn subscribe(&self) -> UnboundedReceiver<SignalingEvent> {
        let (sender, receiver) = unbounded_channel();
        *self
            .shared
            .listener
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    fn network_changed(&self) {
        // A task that has ended has no connection to renew.
        let _ = self.shared.requests.send(Request::Reconnect);
    }

    fn ice_servers(&self) -> Vec<IceServer> {
        let servers = self.shared.ice_servers.lock();
        servers.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for ChatClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatClient")
            .field("user", &self.shared.user)
            .finish_non_exhaustive()
    }
}

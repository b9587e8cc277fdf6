//! One chat connection: the socket on one side, the stream's state machine on
//! the other.
//!
//! Reads no faster than the client may send, writes no longer than the client
//! takes to read, and ends when it falls silent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Input, Output, ServerConfig, ServerStream};
use visavis_xmpp::xml::Limits as XmlLimits;
use visavis_xmpp::{Jid, StreamError};

use super::Chat;
use super::account::Account;
use super::login;
use super::membership::Membership;
use super::outbox::{End, Outbox, Outgoing, outbox};
use super::silence::{Measure, Silence};
use super::throttle::Throttle;
use super::wire::{Heard, Lost, Violation, Wire};
use crate::account::Refusal;
use crate::clock::UnixTime;
use crate::http::Peer;
use crate::store::{StoreError, TokenHash};

/// Most stanzas written before the socket is flushed.
const BATCH: usize = 64;

/// Traffic counts as use of the session, noted this often.
const USE_EVERY: Duration = Duration::from_secs(60);

/// Random characters in the name of a stream and of a resource.
const STREAM_NAME: usize = 22;
const RESOURCE_NAME: usize = 12;

/// Serves a WebSocket until it ends.
pub(super) async fn run<S>(chat: Arc<Chat>, socket: WebSocketStream<S>, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (outbox, outgoing) = outbox(&chat.limits);
    let now = Instant::now();
    let connection = Connection {
        stream: ServerStream::new(stream_config(&chat)),
        wire: Wire::new(socket, outgoing.end()),
        throttle: Throttle::new(chat.limits.stanzas_per_second, now),
        silence: Silence::new(&chat.limits, now),
        login_by: now + chat.limits.login_time,
        read_on: now,
        used_at: now,
        code: CloseCode::Normal,
        login: None,
        membership: None,
        outbox,
        chat,
        peer,
    };
    connection.run(outgoing).await;
}

fn stream_config(chat: &Chat) -> ServerConfig {
    ServerConfig {
        limits: XmlLimits {
            max_bytes: chat.limits.frame_bytes,
            ..XmlLimits::default()
        },
        ..ServerConfig::new(chat.domain.clone(), random_name(STREAM_NAME))
    }
}

fn random_name(length: usize) -> String {
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

struct Connection<S> {
    chat: Arc<Chat>,
    peer: Peer,
    stream: ServerStream,
    wire: Wire<S>,
    outbox: Arc<Outbox>,
    /// Who logged in, and the session if it was by token.
    login: Option<(Account, Option<TokenHash>)>,
    /// The place among those who are online.
    membership: Option<Membership>,
    throttle: Throttle,
    silence: Silence,
    login_by: Instant,
    read_on: Instant,
    used_at: Instant,
    code: CloseCode,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(mut self, mut outgoing: Outgoing) {
        let (chat, mut end) = (Arc::clone(&self.chat), outgoing.end());
        let stopping = chat.tasks.ending();
        tokio::pin!(stopping);
        while !self.stream.is_closed() {
            let now = Instant::now();
            let reads = self.read_on <= now;
            let due = if reads {
                self.due()
            } else {
                self.due().min(self.read_on)
            };
            let input = tokio::select! {
                () = &mut stopping => {
                    self.code = CloseCode::Away;
                    Some(Input::Shutdown)
                }
                end = end.wait() => Some(Input::StreamFault(reason(end))),
                Some(stanza) = outgoing.next() => {
                    if self.pass_on(&stanza, &mut outgoing).await.is_err() {
                        return;
                    }
                    None
                }
                heard = self.wire.hear(), if reads => self.heard(heard).await,
                () = time::sleep_until(due.into()) => self.overdue().await,
            };
            if let Some(input) = input
                && self.handle(input).await.is_err()
            {
                return;
            }
        }
        // Others learn that it is gone before the client has said goodbye.
        self.membership = None;
        self.wire.close(self.code).await;
    }

    /// Sends what others have for this client.
    async fn pass_on(&mut self, first: &str, outgoing: &mut Outgoing) -> Result<(), Lost> {
        self.carry_out_all(Input::Deliver(first.to_owned())).await?;
        for _ in 1..BATCH {
            let Some(stanza) = outgoing.take() else {
                break;
            };
            self.carry_out_all(Input::Deliver(stanza.to_string()))
                .await?;
        }
        self.wire.flush().await
    }

    async fn handle(&mut self, input: Input) -> Result<(), Lost> {
        self.carry_out_all(input).await?;
        self.wire.flush().await
    }

    async fn carry_out_all(&mut self, input: Input) -> Result<(), Lost> {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let outputs: Vec<Output> = self.stream.handle(input).collect();
            for output in outputs {
                // A question is always the last output until it is answered.
                next = self.carry_out(output).await?;
            }
        }
        Ok(())
    }

    async fn carry_out(&mut self, output: Output) -> Result<Option<Input>, Lost> {
        match output {
            Output::Send(message) => self.wire.feed(message).await?,
            Output::Authenticate { local, password } => {
                let result = self.authenticate(&local, password.to_string()).await;
                return Ok(Some(Input::Authenticated(result)));
            }
            Output::Bind { wanted } => return Ok(Some(self.bind(wanted).await)),
            Output::Stanza { header, raw } => {
                if let Some(membership) = &self.membership
                    && let Some(reply) = membership.deliver(&header, &raw)
                {
                    self.wire.feed(reply).await?;
                }
            }
            Output::Carbons(wanted) => {
                if let Some(membership) = &self.membership {
                    membership.set_carbons(wanted);
                }
            }
            Output::Ready { jid } => {
                tracing::debug!(%jid, address = %self.peer.address, "online");
            }
            // The stream says that it is closed; and there is nothing more.
            _ => {}
        }
        Ok(None)
    }

    async fn authenticate(&mut self, local: &str, password: String) -> Result<String, SaslFailure> {
        let address = self.peer.address.ip();
        match login::admit(&self.chat, local, password, address).await {
            Ok((account, session)) => {
                self.login = Some((account, session));
                Ok(account.to_string())
            }
            Err(Refusal::Wrong) => Err(SaslFailure::NotAuthorized),
            Err(Refusal::TooMany(_) | Refusal::Failed) => Err(SaslFailure::TemporaryAuthFailure),
        }
    }

    async fn bind(&mut self, wanted: Option<String>) -> Input {
        let Some((account, session)) = self.login else {
            return Input::BindRefused;
        };
        let resource = wanted.unwrap_or_else(|| random_name(RESOURCE_NAME));
        let address = Jid::user(&account.to_string(), self.chat.domain.domain())
            .and_then(|user| user.with_resource(&resource));
        let Ok(jid) = address else {
            return Input::BindRefused;
        };
        let directory = Arc::clone(&self.chat.directory);
        let outbox = Arc::clone(&self.outbox);
        let Ok(membership) = Membership::enter(directory, account, jid, outbox, session) else {
            return Input::BindRefused;
        };
        // Only now does a removal find this connection; one that came between
        // the login and here has to be looked up.
        if !Self::is_valid(&self.chat, account, session).await {
            return Input::StreamFault(reason(End::Revoked));
        }
        self.membership = Some(membership);
        Input::Bound { resource }
    }

    async fn is_valid(chat: &Chat, account: Account, session: Option<TokenHash>) -> bool {
        let Account { application, user } = account;
        let found = chat
            .store
            .run(move |store| {
                let user = store.user(application, user)?.is_some();
                let session = session.map_or(Ok(true), |session| store.has_session(&session))?;
                Ok::<_, StoreError>(user && session)
            })
            .await;
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "a login could not be confirmed");
            false
        })
    }

    async fn heard(&mut self, heard: Heard) -> Option<Input> {
        let now = Instant::now();
        self.silence.broken(now);
        match heard {
            Heard::Text(text) => {
                self.read_on = now + self.throttle.take(now);
                let revoked = !self.note_use(now).await;
                Some(if revoked {
                    Input::StreamFault(reason(End::Revoked))
                } else {
                    Input::Frame(text)
                })
            }
            Heard::Sign => {
                let revoked = !self.note_use(now).await;
                revoked.then(|| Input::StreamFault(reason(End::Revoked)))
            }
            Heard::Bad(Violation::TooLarge) => {
                self.code = CloseCode::Size;
                Some(Input::StreamFault(StreamError::PolicyViolation))
            }
            Heard::Bad(Violation::NotText) => {
                self.code = CloseCode::Unsupported;
                Some(Input::StreamFault(StreamError::BadFormat))
            }
            Heard::Bad(Violation::NotFrames) => {
                self.code = CloseCode::Protocol;
                Some(Input::StreamFault(StreamError::BadFormat))
            }
            Heard::Gone => Some(Input::SocketClosed),
        }
    }

    /// Traffic is use of the session; `false` when that is gone.
    async fn note_use(&mut self, now: Instant) -> bool {
        let Some((_, Some(session))) = self.login else {
            return true;
        };
        if now.duration_since(self.used_at) < USE_EVERY {
            return true;
        }
        self.used_at = now;
        let idle = self.chat.limits.session_idle;
        let found = self
            .chat
            .store
            .run(move |store| store.use_session(&session, idle, UnixTime::now()))
            .await;
        match found {
            Ok(found) => found.is_some(),
            Err(error) => {
                tracing::error!(%error, "the use of a session could not be noted");
                true
            }
        }
    }

    fn due(&self) -> Instant {
        match self.membership {
            Some(_) => self.silence.due(),
            None => self.silence.due().min(self.login_by),
        }
    }

    async fn overdue(&mut self) -> Option<Input> {
        let now = Instant::now();
        let timeout = Some(Input::StreamFault(StreamError::ConnectionTimeout));
        if self.membership.is_none() && self.login_by <= now {
            return timeout;
        }
        match self.silence.measure(now)? {
            Measure::Ask => self.wire.ping().await.err().map(|Lost| Input::SocketClosed),
            Measure::GiveUp => timeout,
        }
    }
}

/// What the client is told of the end.
fn reason(end: End) -> StreamError {
    match end {
        End::Conflict => StreamError::Conflict,
        End::TooSlow => StreamError::ResourceConstraint,
        End::Revoked => StreamError::NotAuthorized,
    }
}

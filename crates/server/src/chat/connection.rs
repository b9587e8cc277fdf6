//! One chat connection: the socket on one side, the stream's state machine on
//! the other.
//!
//! Reads no faster than the client may send, writes no longer than the client
//! takes to read, and ends when it falls silent. What is left of it then may
//! wait for the client to come back.

use std::collections::VecDeque;
use std::iter;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::time;
use visavis_xmpp::StreamError;
use visavis_xmpp::UnackedLimits;
use visavis_xmpp::server::{
    Encryption, Input, Output, ResumptionOffer, ServerConfig, ServerStream,
};
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader};
use visavis_xmpp::tcp::Piece;
use visavis_xmpp::xml::Limits as XmlLimits;

use super::Chat;
use super::account::Account;
use super::delivery::Delivery;
use super::kept::save_texts;
use super::membership::Membership;
use super::outbox::{End, Ending, Outbox, Outgoing, outbox};
use super::resumption::{Claim, Claims, Held, next_claim, park};
use super::silence::{Measure, Silence};
use super::wire::{Closing, Heard, Lost, Wire, in_time};
use crate::accept::{Peer, Slot};
use crate::clock::UnixTime;
use crate::store::TokenHash;
use crate::tasks::Phase;
use crate::throttle::{SharedThrottle, Throttle};

/// Most stanzas written before the socket is flushed.
const BATCH: usize = 64;

/// Traffic counts as use of the session, noted this often.
const USE_EVERY: Duration = Duration::from_secs(60);

/// Random characters in the names of a stream, of one that can be resumed, and
/// of a question to the client.
const STREAM_NAME: usize = 22;
const PING_NAME: usize = 8;

/// Serves a connection until it ends, and what is left of it until its client
/// is back. Boxed, and made before the future begins: futures hold their
/// arguments beside what becomes of them, and there are many connections.
pub(super) fn run<W: Wire + 'static>(
    chat: Arc<Chat>,
    peer: Peer,
    slot: Slot,
    encryption: Encryption,
    wire: W,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let (outbox, outgoing) = outbox(&chat.limits);
    let now = Instant::now();
    let mut connection = Connection {
        stream: ServerStream::new(stream_config::<W>(&chat, encryption)),
        wire,
        throttle: Throttle::new(chat.limits.stanzas_per_second, now),
        silence: Silence::new(&chat.limits, now),
        login_by: now + chat.limits.login_time,
        read_on: now,
        used_at: now,
        closing: Closing::Normal,
        leave_at: None,
        login: None,
        rate: None,
        membership: None,
        claims: None,
        ending: outgoing.end(),
        outgoing,
        outbox,
        chat,
        peer,
    };
    Box::pin(async move {
        let lost = connection.serve().await.is_err();
        Box::pin(connection.end(lost, slot)).await;
    })
}

fn stream_config<W: Wire>(chat: &Chat, encryption: Encryption) -> ServerConfig {
    ServerConfig {
        limits: XmlLimits {
            max_bytes: chat.limits.frame_bytes,
            ..XmlLimits::default()
        },
        framing: W::FRAMING,
        encryption,
        resumption: Some(ResumptionOffer {
            id: random_name(STREAM_NAME),
            max_seconds: chat.limits.resume_time.as_secs(),
            limits: UnackedLimits {
                max_stanzas: chat.limits.outbound_stanzas,
                max_bytes: chat.limits.outbound_bytes,
            },
        }),
        ..ServerConfig::new(chat.domain.clone(), random_name(STREAM_NAME))
    }
}

pub(super) fn random_name(length: usize) -> String {
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

pub(super) struct Connection<W> {
    pub(super) chat: Arc<Chat>,
    pub(super) peer: Peer,
    pub(super) stream: ServerStream,
    wire: W,
    pub(super) outbox: Arc<Outbox>,
    pub(super) outgoing: Outgoing,
    pub(super) ending: Ending,
    /// Who logged in, and the session if it was by token.
    pub(super) login: Option<(Account, Option<TokenHash>)>,
    /// What its user may send, on all his connections together.
    pub(super) rate: Option<SharedThrottle>,
    /// The place among those who are online.
    pub(super) membership: Option<Membership>,
    /// Once the client can come back to the stream.
    pub(super) claims: Option<Claims>,
    throttle: Throttle,
    silence: Silence,
    login_by: Instant,
    read_on: Instant,
    used_at: Instant,
    closing: Closing,
    /// When it ends because the server does.
    leave_at: Option<Instant>,
}

impl<W: Wire> Connection<W> {
    /// Says goodbye, and keeps what is left for the client to come back to.
    async fn end(mut self, lost: bool, slot: Slot) {
        if lost {
            drop(self.stream.handle(Input::SocketClosed));
        }
        let left = self.take_apart();
        // What is parked ends later.
        if let Some(end) = self.ending.reason() {
            self.chat.note_end(end);
        }
        // Others learn that it is gone before the client has said goodbye.
        self.membership = None;
        let close = async {
            if !lost {
                self.wire.close(self.closing).await;
            }
            drop(slot);
        };
        match left {
            Some((account, held)) => tokio::join!(close, park(&self.chat, account, held)).0,
            None => {
                close.await;
                if let Some((account, _)) = self.login {
                    let unsent = iter::from_fn(|| self.outgoing.take()).collect();
                    save_texts(&self.chat, account, unsent).await;
                }
            }
        }
    }

    /// What is boxed needs its room only while there is something to do, and
    /// most connections have nothing to do most of the time.
    async fn serve(&mut self) -> Result<(), Lost> {
        let chat = Arc::clone(&self.chat);
        let stopping = chat.tasks.reach(Phase::Closing);
        tokio::pin!(stopping);
        // Set anew when it has run out, or would be late: what is due mostly
        // moves on with every stanza, and a timer costs more than a look.
        let alarm = time::sleep_until(self.due().into());
        tokio::pin!(alarm);
        while !self.stream.is_closed() {
            let now = Instant::now();
            let reads = self.read_on <= now;
            let due = if reads {
                self.due()
            } else {
                self.due().min(self.read_on)
            };
            if alarm.is_elapsed() || due < alarm.deadline().into_std() {
                alarm.as_mut().reset(due.into());
            }
            let input = tokio::select! {
                () = &mut stopping => {
                    if self.leave_at.is_some() {
                        Some(self.shut_down())
                    } else {
                        self.leave_at = Some(now + self.stay());
                        stopping.set(chat.tasks.reach(Phase::Ending));
                        None
                    }
                }
                end = self.ending.wait() => Some(Input::StreamFault(reason(end))),
                claim = next_claim(&mut self.claims) => self.hand_over(claim),
                stanza = self.outgoing.next() => {
                    Box::pin(self.pass_on(&stanza)).await?;
                    None
                }
                heard = self.wire.hear(), if reads => self.heard(heard).await,
                () = &mut alarm => self.overdue(),
            };
            if let Some(input) = input {
                Box::pin(self.carry_out_all(input)).await?;
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Sends what others have for this client.
    async fn pass_on(&mut self, first: &str) -> Result<(), Lost> {
        self.carry_out_all(Input::Deliver(first.to_owned())).await?;
        for _ in 1..BATCH {
            let Some(stanza) = self.outgoing.take() else {
                break;
            };
            self.carry_out_all(Input::Deliver(stanza.to_string()))
                .await?;
        }
        self.flush().await
    }

    pub(super) async fn flush(&mut self) -> Result<(), Lost> {
        let flush = pin!(self.wire.flush());
        in_time(flush, &mut self.ending, &mut self.claims).await
    }

    async fn carry_out_all(&mut self, input: Input) -> Result<(), Lost> {
        let mut first = Some(input);
        let mut inputs = VecDeque::new();
        while let Some(input) = first.take().or_else(|| inputs.pop_front()) {
            let outputs: Vec<Output> = self.stream.handle(input).collect();
            for output in outputs {
                inputs.extend(self.carry_out(output).await?);
            }
        }
        Ok(())
    }

    /// What happens once or seldom is boxed, as in [`Self::serve`].
    async fn carry_out(&mut self, output: Output) -> Result<Option<Input>, Lost> {
        match output {
            Output::Send(message) => self.feed(message).await?,
            Output::StartTls => {
                self.flush().await?;
                self.wire.encrypt().await?;
            }
            Output::Authenticate { local, password } => {
                let login = Box::pin(self.authenticate(&local, password.to_string()));
                let login = login.await;
                if self.login.is_some() {
                    self.wire.trust(self.chat.limits.frame_bytes);
                }
                return Ok(Some(Input::Authenticated(login)));
            }
            Output::Bind { wanted } => return Ok(Some(Box::pin(self.bind(wanted)).await)),
            Output::Resume { id } => return Ok(Some(Box::pin(self.resume(&id)).await)),
            Output::Resumable { id } => {
                self.claims = Some(self.chat.resumptions.register(id));
            }
            Output::Stanza { header, .. } | Output::Request { header, .. }
                if self.is_too_much() =>
            {
                return Ok(self.refusal(&header, StanzaError::ResourceConstraint));
            }
            Output::Stanza { header, raw } => return self.deliver(&header, &raw).await,
            Output::Request { header, payload } => {
                return Ok(Box::pin(self.answer(&header, &payload)).await);
            }
            Output::Carbons(wanted) => {
                if let Some(membership) = &self.membership {
                    membership.set_carbons(wanted);
                }
            }
            Output::Ready { jid } => {
                let account = self.login.map(|(account, _)| account);
                let (application, user) = account
                    .map(|account| (account.application.0, account.user.0))
                    .unzip();
                tracing::debug!(%jid, application, user, "online");
            }
            // The stream says that it is closed; and there is nothing more.
            _ => {}
        }
        Ok(None)
    }

    /// Whether the user sends more than he may.
    fn is_too_much(&self) -> bool {
        let rate = self.rate.as_ref();
        let refused = rate.is_some_and(|rate| rate.try_take(Instant::now()).is_err());
        if refused {
            self.chat.metrics.chat.refused.inc();
        }
        refused
    }

    /// What tells the client that a stanza was refused, if anything may.
    pub(super) fn refusal(&self, header: &StanzaHeader, error: StanzaError) -> Option<Input> {
        let sender = self.membership.as_ref()?.jid();
        stanza::error_reply(header, error, sender).map(Input::Deliver)
    }

    /// Delivers a stanza of the client; gives back what it has to be answered.
    async fn deliver(&mut self, header: &StanzaHeader, raw: &str) -> Result<Option<Input>, Lost> {
        let Some(membership) = &self.membership else {
            return Ok(None);
        };
        let told = match membership.deliver(header, raw) {
            Delivery::Done => Ok(()),
            Delivery::Answer(answer) => return Ok(Some(Input::Deliver(answer))),
            Delivery::Keep(account, stamped) => {
                return Ok(Box::pin(self.keep(header, account, &stamped)).await);
            }
            Delivery::Appeared => {
                Box::pin(self.hand_out_kept()).await?;
                Box::pin(self.repeat_questions()).await
            }
            Delivery::Tell(contact, verb) => Box::pin(self.tell(contact, verb)).await,
        };
        Ok(told.err().and_then(|error| self.refusal(header, error)))
    }

    /// Sends the client a stanza that nobody else has for it.
    pub(super) async fn send_stanza(&mut self, stanza: String) -> Result<(), Lost> {
        let outputs: Vec<Output> = self.stream.handle(Input::Deliver(stanza)).collect();
        for output in outputs {
            if let Output::Send(message) = output {
                self.feed(message).await?;
            }
        }
        Ok(())
    }

    async fn feed(&mut self, message: String) -> Result<(), Lost> {
        self.chat.metrics.chat.sent(&message);
        let feed = pin!(self.wire.feed(message));
        in_time(feed, &mut self.ending, &mut self.claims).await
    }

    /// Gives the stream to another connection of its user.
    fn hand_over(&mut self, claim: Claim) -> Option<Input> {
        let (account, _) = self.login?;
        if claim.account != account || claim.hand_over.is_closed() {
            return None;
        }
        let (_, held) = self.take_apart()?;
        // Should the other have gone in this very moment, the stream is lost.
        let _ = claim.hand_over.send(held);
        Some(Input::StreamFault(reason(End::Conflict)))
    }

    /// Everything that the client could come back to.
    fn take_apart(&mut self) -> Option<(Account, Held)> {
        let (account, _) = self.login?;
        let stream = self.stream.take_resumable()?;
        let (membership, claims) = (self.membership.take()?, self.claims.take()?);
        let (_, nothing) = outbox(&self.chat.limits);
        self.ending = nothing.end();
        let outgoing = mem::replace(&mut self.outgoing, nothing);
        let held = Held {
            stream,
            membership,
            outgoing,
            claims,
        };
        Some((account, held))
    }

    async fn heard(&mut self, heard: Heard) -> Option<Input> {
        let now = Instant::now();
        self.silence.broken(now);
        match heard {
            Heard::Input(input) => {
                self.read_on = now + self.throttle.take(now);
                if let Input::Frame(text) | Input::Piece(Piece::Element(text)) = &input {
                    self.chat.metrics.chat.received(text);
                }
                let revoked = !self.note_use(now).await;
                Some(if revoked {
                    Input::StreamFault(reason(End::Revoked))
                } else {
                    input
                })
            }
            Heard::Sign => {
                let revoked = !self.note_use(now).await;
                revoked.then(|| Input::StreamFault(reason(End::Revoked)))
            }
            Heard::Bad(error, closing) => {
                self.closing = closing;
                Some(Input::StreamFault(error))
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
        let store = &self.chat.store;
        let found =
            Box::pin(store.run(move |store| store.use_session(&session, idle, UnixTime::now())));
        match found.await {
            Ok(found) => found.is_some(),
            Err(error) => {
                tracing::error!(%error, "the use of a session could not be noted");
                true
            }
        }
    }

    /// How long it stays while the server closes.
    fn stay(&self) -> Duration {
        match self.membership {
            Some(_) => self.chat.departures.next(),
            None => Duration::ZERO,
        }
    }

    fn shut_down(&mut self) -> Input {
        self.closing = Closing::Away;
        Input::Shutdown
    }

    fn due(&self) -> Instant {
        let login_by = self.membership.is_none().then_some(self.login_by);
        let others = login_by.into_iter().chain(self.leave_at);
        others.fold(self.silence.due(), Instant::min)
    }

    fn overdue(&mut self) -> Option<Input> {
        let now = Instant::now();
        if self.leave_at.is_some_and(|leave_at| leave_at <= now) {
            return Some(self.shut_down());
        }
        let timeout = Some(Input::StreamFault(StreamError::ConnectionTimeout));
        if self.membership.is_none() && self.login_by <= now {
            return timeout;
        }
        match self.silence.measure(now)? {
            Measure::Ask => Some(Input::Ping {
                id: random_name(PING_NAME),
            }),
            Measure::GiveUp => timeout,
        }
    }
}

/// What the client is told of the end.
pub(super) fn reason(end: End) -> StreamError {
    match end {
        End::Conflict => StreamError::Conflict,
        End::TooSlow => StreamError::ResourceConstraint,
        End::Revoked => StreamError::NotAuthorized,
    }
}

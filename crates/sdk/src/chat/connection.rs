//! The task that keeps chat connected.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use visavis_xmpp::Jid;
use visavis_xmpp::client::{
    ClientConfig as StreamConfig, ClientStream, ConnectError as StreamError, Input, Output,
    Resumption,
};
use visavis_xmpp::sasl::Password;

use super::websocket::{self, WebSocket};
use super::{ConnectError, Listener, Request, inbound};
use crate::signaling::SignalingEvent;

/// How often the server is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// How long the WebSocket may take to open. A network that was away for a while is
/// tried anew rather than waited for.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long authentication and binding may take.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the end of the stream is waited for.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before the second attempt to come back; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Signals that are kept until a connection that broke is taken up again; they
/// were sent before it was known that it broke.
const MAX_PENDING: usize = 256;

/// Where chat is and how we authenticate.
pub(super) struct Server {
    pub(super) url: String,
    pub(super) jid: Jid,
    pub(super) token: String,
    pub(super) tls: Arc<ClientConfig>,
}

/// Connects, then leaves a task behind that keeps the connection.
pub(super) async fn start(
    server: Server,
    requests: UnboundedReceiver<Request>,
    online: watch::Sender<Option<Jid>>,
    listener: Arc<Listener>,
) -> Result<(), ConnectError> {
    let first = Link::open(&server, None).await?;
    online.send_replace(Some(first.jid.clone()));
    tokio::spawn(
        Keeper {
            server,
            requests,
            pending: Vec::new(),
            online,
            listener,
        }
        .run(first),
    );
    Ok(())
}

/// An authenticated stream on its WebSocket.
struct Link {
    socket: WebSocket,
    stream: ClientStream,
    jid: Jid,
    /// The stream is the one that was lost, with all that was under way.
    resumed: bool,
}

/// What is left of a connection that was lost.
#[derive(Clone)]
struct Former {
    /// With it we are the same device to everybody: calls that go on are
    /// addressed to it (RFC 6120 section 7.7).
    resource: String,
    /// If the server keeps the stream for us.
    resumption: Option<Box<Resumption>>,
}

impl Link {
    async fn open(server: &Server, former: Option<Former>) -> Result<Self, ConnectError> {
        let socket = timeout(OPEN_TIMEOUT, websocket::open(&server.url, &server.tls))
            .await
            .map_err(|_| ended("the server does not answer"))??;
        timeout(LOGIN_TIMEOUT, Self::log_in(socket, server, former))
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::Ended {
                    reason: "the login takes too long".into(),
                })
            })
    }

    async fn log_in(
        mut socket: WebSocket,
        server: &Server,
        former: Option<Former>,
    ) -> Result<Self, ConnectError> {
        let mut stream = ClientStream::new(StreamConfig {
            resource: former.as_ref().map(|former| former.resource.clone()),
            resumption: former.and_then(|former| former.resumption),
            ..StreamConfig::new(server.jid.clone(), Password::from(server.token.as_str()))
        });
        let mut input = Input::Opened;
        loop {
            let outputs: Vec<Output> = stream.handle(input).collect();
            let mut online = None;
            for output in outputs {
                match output {
                    Output::Send(frame) => send(&mut socket, frame)
                        .await
                        .map_err(|()| ended("the connection broke"))?,
                    Output::Connected { jid } => online = Some((jid, false)),
                    Output::Resumed { jid } => online = Some((jid, true)),
                    Output::Failed(StreamError::NotAuthorized { .. } | StreamError::Refused(_)) => {
                        return Err(ConnectError::Refused);
                    }
                    Output::Failed(error) => return Err(ended(&error.to_string())),
                    Output::Closed => return Err(ended("the server closed the stream")),
                    _ => {}
                }
            }
            if let Some((jid, resumed)) = online {
                return Ok(Self {
                    socket,
                    stream,
                    jid,
                    resumed,
                });
            }
            input = receive(&mut socket).await;
        }
    }
}

fn ended(reason: &str) -> ConnectError {
    ConnectError::Ended {
        reason: reason.to_owned(),
    }
}

async fn send(socket: &mut WebSocket, frame: String) -> Result<(), ()> {
    socket.send(Message::text(frame)).await.map_err(drop)
}

/// The next stanza, or the end of the connection.
async fn receive(socket: &mut WebSocket) -> Input {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Input::Frame(text.as_str().to_owned()),
            Some(Ok(
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_),
            )) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Input::SocketClosed,
        }
    }
}

/// How a connection ended.
enum End {
    /// We were asked to leave, or nobody holds the client any more.
    Asked(Option<oneshot::Sender<()>>),
    /// It broke.
    Lost,
}

/// What came of an input, beside what was done about it.
enum Carried {
    Nothing,
    /// The server has answered our question.
    Answered,
}

struct Keeper {
    server: Server,
    requests: UnboundedReceiver<Request>,
    /// What could not be sent any more before the connection broke.
    pending: Vec<String>,
    online: watch::Sender<Option<Jid>>,
    listener: Arc<Listener>,
}

impl Keeper {
    async fn run(mut self, mut link: Link) {
        loop {
            match self.serve(&mut link).await {
                End::Asked(done) => {
                    self.leave(link).await;
                    if let Some(done) = done {
                        let _ = done.send(());
                    }
                    return;
                }
                End::Lost => {
                    let former = Former {
                        resource: link.jid.resource().unwrap_or_default().to_owned(),
                        resumption: link.stream.take_resumption(),
                    };
                    drop(link);
                    self.online.send_replace(None);
                    self.listener.tell(SignalingEvent::Lost);
                    match self.come_back(&former).await {
                        Some(new) => link = new,
                        None => return,
                    }
                    self.online.send_replace(Some(link.jid.clone()));
                    self.listener.tell(SignalingEvent::Restored);
                }
            }
        }
    }

    /// Moves stanzas both ways until the connection ends.
    async fn serve(&mut self, link: &mut Link) -> End {
        for stanza in self.pending.split_off(0) {
            if self.carry(link, Input::Send(stanza)).await.is_err() {
                return End::Lost;
            }
        }
        let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        let mut pinged = 0u64;
        let mut answered = 0u64;
        let mut waiting = Vec::new();
        loop {
            let input = tokio::select! {
                biased;
                request = self.requests.recv() => match request {
                    Some(Request::Send(stanza)) => Input::Send(stanza),
                    Some(Request::Ping(answer)) => {
                        waiting.push(answer);
                        pinged += 1;
                        Input::Ping { id: format!("ping-{pinged}") }
                    }
                    Some(Request::Reconnect) => return End::Lost,
                    Some(Request::Disconnect(done)) => return End::Asked(Some(done)),
                    None => return End::Asked(None),
                },
                input = receive(&mut link.socket) => input,
                _ = pings.tick() => {
                    if answered < pinged {
                        return End::Lost;
                    }
                    pinged += 1;
                    Input::Ping { id: format!("ping-{pinged}") }
                }
            };
            match self.carry(link, input).await {
                Ok(Carried::Answered) => {
                    answered = pinged;
                    for asked in waiting.drain(..) {
                        // Whoever does not wait any longer needs no answer.
                        let _: Result<(), ()> = asked.send(());
                    }
                }
                Ok(Carried::Nothing) => {}
                Err(()) => return End::Lost,
            }
        }
    }

    /// Gives the stream an input and does what it wants; an error when the
    /// connection is lost.
    async fn carry(&self, link: &mut Link, input: Input) -> Result<Carried, ()> {
        let mut carried = Carried::Nothing;
        let outputs: Vec<Output> = link.stream.handle(input).collect();
        for output in outputs {
            match output {
                Output::Send(frame) => send(&mut link.socket, frame).await?,
                Output::Stanza(stanza) => {
                    if let Some((from, signal)) = inbound::signal(&stanza, &link.jid) {
                        self.listener.tell(SignalingEvent::Received {
                            from,
                            signal: Box::new(signal),
                        });
                    }
                }
                Output::Pong { .. } => carried = Carried::Answered,
                Output::Failed(_) | Output::Closed => return Err(()),
                _ => {}
            }
        }
        Ok(carried)
    }

    /// Tries again until it works or nobody wants it any more. The pauses
    /// grow and are spread, so that a restarted server is not met by everybody
    /// at once. What was under way is lost unless the server resumes the
    /// stream.
    async fn come_back(&mut self, former: &Former) -> Option<Link> {
        let mut pause = Duration::ZERO;
        'attempts: loop {
            let spread = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            let attempt = async {
                sleep(spread).await;
                Link::open(&self.server, Some(former.clone())).await
            };
            tokio::pin!(attempt);
            let opened = loop {
                tokio::select! {
                    opened = &mut attempt => break opened,
                    request = self.requests.recv() => match request {
                        Some(Request::Send(stanza)) => {
                            if self.pending.len() < MAX_PENDING {
                                self.pending.push(stanza);
                            }
                        }
                        // There is nobody who could answer.
                        Some(Request::Ping(_)) => {}
                        Some(Request::Reconnect) => {
                            pause = Duration::ZERO;
                            continue 'attempts;
                        }
                        Some(Request::Disconnect(done)) => {
                            let _ = done.send(());
                            return None;
                        }
                        None => return None,
                    },
                }
            };
            match opened {
                Ok(link) => {
                    if !link.resumed {
                        self.pending.clear();
                    }
                    return Some(link);
                }
                Err(ConnectError::Refused) => {
                    tracing::warn!("chat refuses the token; log in again");
                    return None;
                }
                Err(error) => tracing::debug!(%error, "chat is still away"),
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
    }

    /// Says goodbye and waits for the answer, within reason.
    async fn leave(&self, mut link: Link) {
        self.online.send_replace(None);
        let goodbye = async {
            let mut input = Input::Disconnect;
            loop {
                let outputs: Vec<Output> = link.stream.handle(input).collect();
                for output in outputs {
                    match output {
                        Output::Send(frame) => send(&mut link.socket, frame).await?,
                        Output::Closed | Output::Failed(_) => {
                            return link.socket.close(None).await.map_err(drop);
                        }
                        _ => {}
                    }
                }
                input = receive(&mut link.socket).await;
            }
        };
        // Gone either way.
        let _: Result<Result<(), ()>, _> = timeout(GOODBYE_TIMEOUT, goodbye).await;
    }
}

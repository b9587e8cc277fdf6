//! A small server that makes one kind of mistake with every tenth message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedSender};
use visavis_xmpp::Jid;
use visavis_xmpp::server::{Framing, Input, Output, ServerConfig, ServerStream};
use visavis_xmpp::stanza::{self, StanzaError, StanzaHeader};
use visavis_xmpp::tcp::TcpReader;

use crate::stage::DOMAIN;

/// What the server does with every tenth message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Lose,
    Duplicate,
    /// Held back until the next one of the same sender has passed.
    Reorder,
    Change,
    Misdeliver,
    Return,
    HangUp,
    /// Nobody is ever let in.
    LetNobodyIn,
}

struct Clumsy {
    mistake: Mistake,
    passed: AtomicU64,
    online: Mutex<HashMap<Jid, UnboundedSender<String>>>,
}

/// Starts it; gives back its address.
pub(crate) async fn start(mistake: Mistake) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let server = Arc::new(Clumsy {
        mistake,
        passed: AtomicU64::new(0),
        online: Mutex::default(),
    });
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(Arc::clone(&server), socket));
        }
    });
    url
}

async fn serve(server: Arc<Clumsy>, socket: TcpStream) {
    let (mut read, mut write) = socket.into_split();
    let (outbox, mut outgoing) = mpsc::unbounded_channel::<String>();
    let reading = async move {
        let mut connection = Connection::new(server, outbox);
        while let Some(inputs) = connection.read(&mut read).await {
            for input in inputs {
                if !connection.handle(input) {
                    return;
                }
            }
        }
    };
    let writing = async {
        while let Some(text) = outgoing.recv().await {
            if write.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
}

struct Connection {
    server: Arc<Clumsy>,
    outbox: UnboundedSender<String>,
    stream: ServerStream,
    reader: TcpReader,
    held_back: Option<(Jid, String)>,
}

impl Connection {
    fn new(server: Arc<Clumsy>, outbox: UnboundedSender<String>) -> Self {
        let domain = DOMAIN.parse().unwrap();
        Self {
            server,
            outbox,
            stream: ServerStream::new(ServerConfig {
                framing: Framing::Tcp,
                ..ServerConfig::new(domain, "stream".to_owned())
            }),
            reader: TcpReader::new(100_000),
            held_back: None,
        }
    }

    async fn read(&mut self, socket: &mut OwnedReadHalf) -> Option<Vec<Input>> {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.ok()?;
        self.reader.push(&chunk[..count]);
        let mut inputs = Vec::new();
        while let Some(piece) = self.reader.next_piece().ok()? {
            inputs.push(Input::Piece(piece));
        }
        (count > 0).then_some(inputs)
    }

    /// False when the server hangs up.
    fn handle(&mut self, input: Input) -> bool {
        let outputs: Vec<Output> = self.stream.handle(input).collect();
        outputs.into_iter().all(|output| match output {
            Output::Send(text) => self.outbox.send(text).is_ok(),
            Output::Authenticate { local, .. } => {
                self.server.mistake == Mistake::LetNobodyIn
                    || self.handle(Input::Authenticated(Ok(local)))
            }
            Output::Bind { .. } => self.handle(Input::Bound {
                resource: "r".to_owned(),
            }),
            Output::Ready { jid } => {
                let outbox = self.outbox.clone();
                self.server.online.lock().unwrap().insert(jid, outbox);
                true
            }
            Output::Stanza { header, raw } => self.route(&header, &raw),
            _ => true,
        })
    }

    fn route(&mut self, header: &StanzaHeader, raw: &str) -> bool {
        let (Some(from), Some(to)) = (self.stream.jid(), &header.to) else {
            return true;
        };
        let stamped = stanza::stamp(raw, from, None);
        let tenth = self.server.passed.fetch_add(1, Ordering::Relaxed) % 10 == 5;
        if !tenth {
            self.push(to, stamped);
            if let Some((to, stamped)) = self.held_back.take() {
                self.push(&to, stamped);
            }
            return true;
        }
        match self.server.mistake {
            Mistake::Lose | Mistake::LetNobodyIn => {}
            Mistake::Duplicate => {
                self.push(to, stamped.clone());
                self.push(to, stamped);
            }
            Mistake::Reorder => self.held_back = Some((to.clone(), stamped)),
            Mistake::Change => self.push(to, stamped.replace("xyz", "XYZ")),
            Mistake::Misdeliver => {
                let from = from.clone();
                self.push(&from, stamped);
            }
            Mistake::Return => {
                let error = StanzaError::ServiceUnavailable;
                if let Some(reply) = stanza::error_reply(header, error, from) {
                    self.outbox.send(reply).unwrap();
                }
            }
            Mistake::HangUp => return false,
        }
        true
    }

    fn push(&self, to: &Jid, stanza: String) {
        if let Some(outbox) = self.server.online.lock().unwrap().get(to) {
            // Who has gone gets nothing.
            let _ = outbox.send(stanza);
        }
    }
}

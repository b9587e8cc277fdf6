//! One user's session: the login, and what the server asks afterwards.

use std::io;
use std::time::Duration;

use tokio::time;
use visavis_xmpp::Jid;
use visavis_xmpp::client::{ClientConfig, ClientStream, Input, Output, StartTls};

use crate::error::LoadError;
use crate::link::{Heard, Link};
use crate::people::Person;
use crate::target::{Target, Transport};

/// What makes servers deliver to a session.
const PRESENCE: &str = "<presence xmlns=\"jabber:client\"/>";

/// A session with its resource bound, or what was one.
pub(crate) struct Session {
    link: Link,
    stream: ClientStream,
    jid: Jid,
}

impl Session {
    /// Logs somebody in and announces him. `at` counts the sessions of the run.
    pub(crate) async fn begin(
        target: &Target,
        person: &Person,
        at: usize,
        patience: Duration,
    ) -> Result<Self, LoadError> {
        let login = Self::log_in(target, person, at);
        time::timeout(patience, login).await.unwrap_or_else(|_| {
            Err(LoadError::Slow {
                login: person.login.clone(),
                seconds: patience.as_secs(),
            })
        })
    }

    async fn log_in(target: &Target, person: &Person, at: usize) -> Result<Self, LoadError> {
        let unreachable = |source| LoadError::Unreachable {
            login: person.login.clone(),
            source,
        };
        let source = target.sources.get(at % target.sources.len().max(1));
        let mut link = Link::open(target, source.copied())
            .await
            .map_err(unreachable)?;
        let mut stream = ClientStream::new(config(target, person, &link)?);
        let mut input = Input::Opened;
        loop {
            let mut next = None;
            let outputs: Vec<Output> = stream.handle(input).collect();
            for output in outputs {
                match output {
                    Output::Send(text) => link.send(&text).await.map_err(unreachable)?,
                    Output::StartTls => {
                        link.encrypt(target).await.map_err(unreachable)?;
                        next = Some(Input::Encrypted);
                    }
                    Output::Connected { jid } => {
                        link.send(PRESENCE).await.map_err(unreachable)?;
                        return Ok(Self { link, stream, jid });
                    }
                    Output::Failed(source) => {
                        return Err(LoadError::Refused {
                            login: person.login.clone(),
                            source,
                        });
                    }
                    _ => {}
                }
            }
            input = match next {
                Some(input) => input,
                None => match link.hear().await {
                    Ok(heard) => heard.into_input(),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        Input::SocketClosed
                    }
                    Err(error) => return Err(unreachable(error)),
                },
            };
        }
    }

    /// The address that the server gave.
    pub(crate) const fn jid(&self) -> &Jid {
        &self.jid
    }

    /// What the server says next. May be dropped and called again.
    pub(crate) async fn hear(&mut self) -> io::Result<Heard> {
        self.link.hear().await
    }

    /// Answers what is no message and has to be answered.
    pub(crate) async fn take(&mut self, heard: Heard) -> io::Result<()> {
        let outputs: Vec<Output> = self.stream.handle(heard.into_input()).collect();
        for output in outputs {
            match output {
                Output::Send(text) => self.link.send(&text).await?,
                Output::Failed(error) => return Err(io::Error::other(error.to_string())),
                _ => {}
            }
        }
        Ok(())
    }

    /// The next message, everything else being answered on the way. Not to be
    /// dropped before it is over.
    pub(crate) async fn message(&mut self) -> io::Result<Heard> {
        loop {
            let heard = self.hear().await?;
            if heard.text().starts_with("<message") {
                return Ok(heard);
            }
            self.take(heard).await?;
        }
    }

    /// Sends a stanza.
    pub(crate) async fn send(&mut self, stanza: &str) -> io::Result<()> {
        self.link.send(stanza).await
    }
}

fn config(target: &Target, person: &Person, link: &Link) -> Result<ClientConfig, LoadError> {
    let user = Jid::user(&person.login, target.domain.domain());
    let user = user.map_err(|_| LoadError::Login {
        login: person.login.clone(),
    })?;
    Ok(ClientConfig {
        framing: link.framing(),
        start_tls: match target.transport {
            Transport::Tcp(start_tls) => start_tls,
            Transport::Tls | Transport::WebSocket { .. } => StartTls::Never,
        },
        bare: true,
        ..ClientConfig::new(user, person.password.as_str().into())
    })
}

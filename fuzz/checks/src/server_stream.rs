//! The server's end of a stream.

use visavis_xmpp::sasl::SaslFailure;
use visavis_xmpp::server::{Input, Output, Resumable, ResumptionOffer, ServerConfig, ServerStream};
use visavis_xmpp::stanza::StanzaHeader;
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, StreamError, UnackedLimits};

use crate::{DOMAIN, PASSWORD, ROOMY, USER};

/// The name of the stream that can be resumed.
const STREAM: &str = "one";

/// The resource that somebody else has.
const TAKEN: &str = "taken";

/// Plays the client's part, a frame a line, and the shell's, which lets one user
/// in and answers at once, or after `!patient` only at `!answer`. Lines that
/// begin with `!` are what else can happen; `!back` is another socket, on which
/// the client may come back. The stream keeps the rules of [`Output`].
pub(crate) fn server_stream(script: &[u8]) {
    let Ok(script) = std::str::from_utf8(script) else {
        return;
    };
    let mut play = Play::new(script.starts_with("!any\n"));
    for line in script.split('\n') {
        play.line(line);
    }
}

struct Play {
    stream: ServerStream,
    accept_any_domain: bool,
    /// What is left of the stream before.
    left: Option<Box<Resumable>>,
    /// What has to be sent again as soon as the client is back.
    due: Vec<Output>,
    /// What the stream asked the shell and was not told yet.
    asked: Option<Input>,
    patient: bool,
    authenticated: bool,
    ready: Option<Jid>,
}

impl Play {
    fn new(accept_any_domain: bool) -> Self {
        let domain = Jid::server(DOMAIN).expect("an address");
        let mut config = ServerConfig::new(domain, "stream".to_owned());
        config.accept_any_domain = accept_any_domain;
        config.resumption = Some(ResumptionOffer {
            id: STREAM.to_owned(),
            max_seconds: 60,
            limits: UnackedLimits::default(),
        });
        Self {
            stream: ServerStream::new(config),
            accept_any_domain,
            left: None,
            due: Vec::new(),
            asked: None,
            patient: false,
            authenticated: false,
            ready: None,
        }
    }

    fn line(&mut self, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("!any", _) => {}
            ("!patient", _) => self.patient = true,
            ("!answer", _) => self.answer(),
            ("!in", _) => self.unasked(Input::Authenticated(Ok(USER.to_owned()))),
            ("!out", _) => {
                self.unasked(Input::Authenticated(Err(SaslFailure::CredentialsExpired)));
            }
            ("!bound", resource) => self.unasked(Input::Bound {
                resource: resource.to_owned(),
            }),
            ("!full", _) => self.unasked(Input::BindRefused),
            ("!deliver", stanza) => self.give(Input::Deliver(stanza.to_owned())),
            ("!fault", _) => self.give(Input::StreamFault(StreamError::ConnectionTimeout)),
            ("!shutdown", _) => self.give(Input::Shutdown),
            ("!gone", _) => self.give(Input::SocketClosed),
            ("!ping", id) => self.give(Input::Ping { id: id.to_owned() }),
            ("!back", _) => self.back(),
            _ => self.give(Input::Frame(line.to_owned())),
        }
        if !self.patient {
            self.answer();
        }
    }

    fn back(&mut self) {
        let left = self.stream.take_resumable();
        *self = Self {
            left,
            patient: self.patient,
            ..Self::new(self.accept_any_domain)
        };
    }

    /// Answers until nothing is asked: what waited may ask again.
    fn answer(&mut self) {
        while let Some(answer) = self.asked.take() {
            self.authenticated |= matches!(answer, Input::Authenticated(Ok(_)));
            self.give(answer);
        }
    }

    /// An answer that nobody asked for does nothing.
    fn unasked(&mut self, input: Input) {
        if self.asked.is_none() {
            assert_eq!(self.stream.handle(input).count(), 0);
        }
    }

    fn give(&mut self, input: Input) {
        let over = self.stream.is_closed();
        let resumed = matches!(input, Input::Resumed(_));
        let delivered = match &input {
            Input::Deliver(stanza) => Some(stanza.clone()),
            _ => None,
        };
        let mut outputs: Vec<_> = self.stream.handle(input).collect();
        if over {
            assert_eq!(outputs, []);
        }
        if let Some(stanza) = delivered {
            // A question about what has arrived may follow.
            let passed_on = self.ready.is_some() && !over;
            let sent = passed_on.then_some(Output::Send(stanza));
            assert_eq!(outputs.first(), sent.as_ref());
            assert!(outputs.len() <= 2 && (passed_on || outputs.is_empty()));
            outputs.clear();
        }
        if resumed && !over {
            self.check_resumed(&mut outputs);
        }
        let last = outputs.len().saturating_sub(1);
        let closed = outputs.last() == Some(&Output::Close);
        for (at, output) in outputs.into_iter().enumerate() {
            self.check(output, at == last);
        }
        assert!(!closed || self.stream.is_closed());
        assert_eq!(
            self.stream.jid(),
            self.ready.as_ref().filter(|_| !self.stream.is_closed())
        );
    }

    /// What has to be sent again comes first, but for what the client has
    /// acknowledged. A question may follow.
    fn check_resumed(&mut self, outputs: &mut Vec<Output>) {
        let is_ready = |output: &Output| matches!(output, Output::Ready { .. });
        let ready = outputs.iter().position(is_ready);
        let mut again: Vec<_> = outputs.drain(1..ready.expect("it is ready")).collect();
        assert!(self.due.ends_with(&again) || again.pop().is_some() && self.due.ends_with(&again));
    }

    fn check(&mut self, output: Output, last: bool) {
        match output {
            Output::Send(sent) => {
                assert!(read(&sent).is_some(), "{sent}");
            }
            Output::Authenticate { local, password } => {
                assert!(last && !self.authenticated);
                let known = local == USER && &*password == PASSWORD;
                let answer = if known {
                    Ok(local)
                } else {
                    Err(SaslFailure::NotAuthorized)
                };
                self.asked = Some(Input::Authenticated(answer));
            }
            Output::Bind { wanted } => {
                assert!(last && self.authenticated && self.ready.is_none());
                self.asked = Some(if wanted.as_deref() == Some(TAKEN) {
                    Input::BindRefused
                } else {
                    let resource = wanted.unwrap_or_else(|| "given".to_owned());
                    Input::Bound { resource }
                });
            }
            Output::Ready { jid } => {
                assert!(self.authenticated && self.ready.is_none());
                assert_eq!((jid.local(), jid.domain()), (Some(USER), DOMAIN));
                assert!(jid.is_full());
                self.ready = Some(jid);
            }
            Output::Stanza { header, raw } => self.check_stanza(&header, &raw),
            Output::Resumable { id } => {
                assert!(self.ready.is_some() && id == STREAM);
            }
            Output::Resume { id } => {
                assert!(last && self.authenticated && self.ready.is_none());
                let left = self.left.take().filter(|_| id == STREAM);
                self.asked = Some(left.map_or(Input::ResumeRefused, |left| {
                    let again = left.unacked().map(ToOwned::to_owned);
                    self.due = again.map(Output::Send).collect();
                    Input::Resumed(left)
                }));
            }
            Output::Request { header, payload } => {
                assert!(self.ready.is_some() && header.is_request() && header.id.is_some());
                let known = Element::parse(&payload.to_xml(), &ROOMY);
                assert_eq!(known.as_ref(), Ok(&payload));
            }
            Output::Carbons(_) => assert!(self.ready.is_some()),
            Output::Close => assert!(last),
            other => panic!("no rule for {other:?}"),
        }
    }

    fn check_stanza(&self, header: &StanzaHeader, raw: &str) {
        assert!(self.ready.is_some());
        assert!(read(raw).is_some(), "{raw}");
        let read = StanzaHeader::read(raw).expect("the header was read before");
        // The address may be another name of the server.
        let expected = StanzaHeader {
            to: header.to.clone(),
            ..read
        };
        assert_eq!(header, &expected);
        assert!(!header.is_request() || header.id.is_some());
    }
}

fn read(text: &str) -> Option<Element> {
    Element::parse(text, &ROOMY).ok()
}

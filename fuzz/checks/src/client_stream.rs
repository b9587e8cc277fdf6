//! The client's end of a stream.

use visavis_xmpp::Jid;
use visavis_xmpp::client::{
    ClientConfig, ClientStream, Input, MAX_EARLY_STANZAS, Output, Resumption,
};
use visavis_xmpp::xml::Element;

use crate::{DOMAIN, PASSWORD, ROOMY, USER};

/// Plays the server's part, a frame a line; lines that begin with `!` are what
/// the app and the socket do; `!back` comes back on another socket. The stream
/// keeps the rules of [`Output`].
pub(crate) fn client_stream(script: &[u8]) {
    let Ok(script) = std::str::from_utf8(script) else {
        return;
    };
    let mut play = Play::new(None);
    for line in script.split('\n') {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("!opened", _) => play.give(Input::Opened),
            ("!send", stanza) => play.give(Input::Send(stanza.to_owned())),
            ("!ping", id) => play.ping(id),
            ("!leave", _) => play.leave(),
            ("!gone", _) => play.give(Input::SocketClosed),
            ("!back", _) => play = Play::new(play.stream.take_resumption()),
            _ => play.give(Input::Frame(line.to_owned())),
        }
    }
}

struct Play {
    stream: ClientStream,
    /// Stanzas that may be sent again.
    under_way: usize,
    pings: Vec<String>,
    connected: bool,
    left: bool,
    over: bool,
}

impl Play {
    fn new(resumption: Option<Box<Resumption>>) -> Self {
        let under_way = resumption.as_ref().map_or(0, |left| left.unacked().count());
        let user = Jid::user(USER, DOMAIN).expect("an address");
        let config = ClientConfig {
            resource: Some("tab".to_owned()),
            resumption,
            ..ClientConfig::new(user, PASSWORD.into())
        };
        Self {
            stream: ClientStream::new(config),
            under_way,
            pings: Vec::new(),
            connected: false,
            left: false,
            over: false,
        }
    }

    fn ping(&mut self, id: &str) {
        self.pings.push(id.to_owned());
        self.give(Input::Ping { id: id.to_owned() });
    }

    fn leave(&mut self) {
        self.left = true;
        self.give(Input::Disconnect);
        assert_eq!(self.stream.jid(), None);
    }

    fn give(&mut self, input: Input) {
        let sent_by_app = match &input {
            Input::Send(stanza) => Some(stanza.clone()),
            _ => None,
        };
        let outputs: Vec<_> = self.stream.handle(input).collect();
        if let Some(stanza) = sent_by_app {
            // A question about what has arrived may follow.
            let sent = self.stream.jid().map(|_| Output::Send(stanza));
            assert_eq!(outputs.first(), sent.as_ref());
            assert!(outputs.len() <= 2 && (sent.is_some() || outputs.is_empty()));
            return;
        }
        assert!(outputs.len() <= MAX_EARLY_STANZAS + self.under_way + 5);
        for output in outputs {
            self.check(output);
        }
        assert_eq!(self.stream.is_closed(), self.over);
        assert!(self.connected || self.stream.jid().is_none());
    }

    fn check(&mut self, output: Output) {
        assert!(!self.over, "{output:?} after the end");
        match output {
            Output::Send(sent) => {
                assert!(Element::parse(&sent, &ROOMY).is_ok(), "{sent}");
            }
            Output::Connected { jid } => {
                assert!(!self.connected && jid.is_full());
                assert_eq!(self.stream.jid(), Some(&jid));
                self.connected = true;
            }
            Output::Resumed { jid } => {
                assert!(!self.connected && jid.is_full());
                assert_eq!(self.stream.jid(), Some(&jid));
                self.connected = true;
            }
            Output::Stanza(_) => assert!(self.connected && !self.left),
            Output::Pong { id } => {
                let asked = self.pings.iter().position(|ping| *ping == id);
                self.pings.remove(asked.expect("a ping for every pong"));
            }
            Output::Failed(_) => {
                assert!(!self.left);
                self.over = true;
            }
            Output::Closed => {
                assert!(self.left);
                self.over = true;
            }
            other => panic!("no rule for {other:?}"),
        }
    }
}

//! A recorded call.

pub(crate) mod compare;
pub(crate) mod player;

use std::path::Path;
use std::time::Duration;

use visavis_signal::{Signal, UserId};
use visavis_xmpp::Jid;
use visavis_xmpp::xml::{Element, Limits};

#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Duration,
    pub(crate) user: UserId,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// His app calls, accepts or rejects.
    App(String),
    /// What his connection with somebody reports.
    Connected(UserId),
    Lost(UserId),
    /// Another device of his own decided.
    Copy(String),
    Sent(Box<Sent>),
    /// Something that has no place here.
    Other,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) to: UserId,
    pub(crate) signal: Signal,
    /// A busy client rejects with everything that it received.
    pub(crate) is_echo: bool,
}

impl Recording {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a recording");
        let lines = text.lines().map(Line::read).collect();
        Self { lines }
    }

    /// Everybody in it.
    pub(crate) fn users(&self) -> Vec<UserId> {
        let mut users: Vec<_> = self.lines.iter().map(|line| line.user).collect();
        users.sort();
        users.dedup();
        users
    }

    /// What a user said, in order.
    pub(crate) fn said_by(&self, user: UserId) -> impl Iterator<Item = (Duration, &Sent)> {
        let his = self.lines.iter().filter(move |line| line.user == user);
        his.filter_map(|line| match &line.what {
            What::Sent(sent) => Some((line.at, &**sent)),
            _ => None,
        })
    }
}

impl Line {
    fn read(text: &str) -> Self {
        let mut words = text.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let at = word().parse().expect("seconds");
        let user = word().parse().expect("a user");
        let (kind, rest) = (word(), word());
        let about = || rest.parse().expect("a user");
        Self {
            at: Duration::from_secs_f64(at),
            user,
            what: match kind {
                "app" => What::App(rest.to_owned()),
                "connected" => What::Connected(about()),
                "lost" => What::Lost(about()),
                "copy" => What::Copy(rest.to_owned()),
                "sent" => What::Sent(Box::new(Sent::read(&unescape(rest)))),
                _ => What::Other,
            },
        }
    }
}

impl Sent {
    fn read(stanza: &str) -> Self {
        let message = Element::parse(stanza, &Limits::default()).expect("a stanza");
        let signal = Signal::decode(&message)
            .expect("a signal")
            .expect("a signal");
        let to: Jid = message.attribute("to").expect("to").parse().expect("a JID");
        let local = to.local().expect("a user");
        let user = local
            .split('-')
            .next()
            .expect("a user")
            .parse()
            .expect("a user");
        let is_echo = stanza.contains("<signalType>reject<") && stanza.contains("<sdp>");
        Self {
            to: user,
            signal,
            is_echo,
        }
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                other => other.unwrap_or('\\'),
            },
            c => c,
        });
    }
    plain
}

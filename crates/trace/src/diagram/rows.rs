//! What is in each row.

use std::collections::BTreeMap;
use std::time::Duration;

use visavis_call::{Address, Event, Input, Output, SessionState, Time, TransportEvent};
use visavis_signal::{SessionId, Signal, SignalKind, UserId};

use super::label;
use super::lanes::{DEVICE, Lanes};
use crate::{Act, Ending, Outcome, Step, Trace};

/// What is left out beyond this.
const ROWS_AT_MOST: usize = 4000;
/// A pause that is worth a row.
const PAUSE: Duration = Duration::from_millis(700);

/// One row, from left to right.
#[derive(Debug)]
pub(super) struct Row {
    /// When, unless the row above says so.
    pub(super) at: Option<Time>,
    /// The line of the trace.
    pub(super) line: usize,
    pub(super) mark: Mark,
    /// States that were entered, beside this device's lane.
    pub(super) states: Vec<State>,
}

/// What a row shows.
#[derive(Debug)]
pub(super) enum Mark {
    /// Between the app and this device.
    App {
        to_app: bool,
        text: String,
        tone: &'static str,
    },
    /// Between this device and others, through the server.
    Signal {
        from_us: bool,
        lanes: Vec<usize>,
        text: String,
        tone: &'static str,
    },
    /// The connection between this device and a peer.
    Link {
        lanes: Vec<usize>,
        text: String,
        tone: &'static str,
    },
    /// On this device.
    Note { text: String, tone: &'static str },
    /// The clock.
    Timer,
    /// Between this device and the server.
    Chat { text: String, is_up: Option<bool> },
    /// Nothing for a while.
    Pause(Duration),
    /// A remark over the whole width.
    Remark(String),
    /// Only states.
    Nothing,
}

/// A state that the call or a peer entered.
#[derive(Debug)]
pub(super) struct State {
    /// Which of the sessions, from 0.
    pub(super) session: usize,
    /// A peer's, or the call's.
    pub(super) user: Option<UserId>,
    pub(super) text: String,
    pub(super) tone: &'static str,
    /// Whose bars they are: the lanes of the peer's device, or of all his devices.
    pub(super) lanes: Vec<usize>,
    /// Nothing follows.
    pub(super) is_last: bool,
}

pub(super) fn rows(trace: &Trace, lanes: &Lanes) -> Vec<Row> {
    let mut writer = Writer {
        lanes,
        sessions: sessions(trace),
        heard: BTreeMap::new(),
        rows: Vec::new(),
        last: None,
        is_new: false,
        line: 0,
        at: Time::ORIGIN,
    };
    for step in &trace.steps {
        if writer.rows.len() >= ROWS_AT_MOST {
            let text = format!(
                "from line {} on, the trace is not drawn: it is too long",
                step.line
            );
            writer.push(Mark::Remark(text));
            return writer.rows;
        }
        writer.step(step);
    }
    let remark = match (trace.ending, trace.torn) {
        (Some(Ending::Closed), _) => None,
        (Some(Ending::Limit { bytes }), _) => Some(format!(
            "the trace ends at its limit of {bytes} bytes; what happened later was not recorded"
        )),
        (None, Some(line)) => Some(format!("the trace breaks off in the middle of line {line}")),
        (None, None) => Some("the trace breaks off".into()),
    };
    if let Some(remark) = remark {
        writer.push(Mark::Remark(remark));
    }
    writer.rows
}

/// Every session of a trace, in the order in which they come; not those that an app asked for and
/// that there never were.
pub(super) fn sessions(trace: &Trace) -> Vec<SessionId> {
    let mut sessions = Vec::new();
    let mut see = |session: &SessionId| {
        if !sessions.contains(session) {
            sessions.push(session.clone());
        }
    };
    for step in &trace.steps {
        let session = match &step.act {
            Act::Command(command) => label::commanded(command),
            Act::Input(input) => label::concerned(input),
        };
        let Outcome::Done(outputs) = &step.outcome else {
            continue;
        };
        session.into_iter().for_each(&mut see);
        for output in outputs {
            see(session_of(output));
        }
    }
    sessions
}

const fn session_of(output: &Output) -> &SessionId {
    match output {
        Output::Send { signal, .. } => &signal.session,
        Output::Transport { session, .. } => session,
        Output::Event(event) => event.session(),
    }
}

/// The letter of a session, where there are several.
pub(super) fn letter(session: usize) -> String {
    let letter = u8::try_from(session).ok().filter(|at| *at < 26);
    letter.map_or_else(
        || (session + 1).to_string(),
        |at| char::from(b'A' + at).to_string(),
    )
}

struct Writer<'a> {
    lanes: &'a Lanes,
    sessions: Vec<SessionId>,
    /// The device that each user was last heard from.
    heard: BTreeMap<UserId, Address>,
    rows: Vec<Row>,
    last: Option<Time>,
    /// No row of this step was written yet.
    is_new: bool,
    line: usize,
    at: Time,
}

impl Writer<'_> {
    fn push(&mut self, mark: Mark) {
        let at = std::mem::take(&mut self.is_new).then_some(self.at);
        if let (Some(at), Some(last)) = (at, self.last)
            && at - last >= PAUSE
        {
            self.rows.push(Row {
                at: None,
                line: self.line,
                mark: Mark::Pause(at - last),
                states: Vec::new(),
            });
        }
        self.last = Some(self.at);
        self.rows.push(Row {
            at,
            line: self.line,
            mark,
            states: Vec::new(),
        });
    }

    /// Where several calls go on, each label says which one it is about.
    fn marked(&self, session: Option<&SessionId>, text: &str) -> String {
        let several = self.sessions.len() > 1;
        match session.and_then(|session| self.place(session)) {
            Some(place) if several => format!("{} · {text}", letter(place)),
            _ => text.to_owned(),
        }
    }

    fn place(&self, session: &SessionId) -> Option<usize> {
        self.sessions.iter().position(|known| known == session)
    }

    fn step(&mut self, step: &Step) {
        (self.line, self.at, self.is_new) = (step.line, step.at, true);
        let outputs = match &step.outcome {
            Outcome::Done(outputs) => outputs.as_slice(),
            Outcome::Refused(_) => &[],
        };
        match &step.act {
            Act::Command(command) => {
                let (text, tone) = match &step.outcome {
                    Outcome::Done(_) => (label::command(command), "command"),
                    Outcome::Refused(error) => {
                        let refusal = label::name(error);
                        (format!("{} ✗ {refusal}", label::name(command)), "bad")
                    }
                };
                let text = self.marked(label::commanded(command), &text);
                self.push(Mark::App {
                    to_app: false,
                    text: label::short(&text),
                    tone,
                });
            }
            Act::Input(input) => self.input(input, outputs.is_empty()),
        }
        self.outputs(outputs);
    }

    fn input(&mut self, input: &Input, is_ignored: bool) {
        let session = label::concerned(input);
        match input {
            Input::Signal { from, signal } => {
                self.heard.insert(from.user, from.clone());
                let ignored = if is_ignored { " · no effect" } else { "" };
                let text = label::short(&label::signal(signal)) + ignored;
                self.signal(false, from, signal, &text);
            }
            Input::Transport { peer, event, .. } => self.transport(*peer, event, session),
            Input::Timeout if is_ignored => {}
            Input::Timeout => self.push(Mark::Timer),
            Input::SignalFailed { to, kind, .. } => {
                let text = self.marked(session, &format!("{kind} to {to} was not sent"));
                self.push(Mark::Chat { text, is_up: None });
            }
            Input::ChatLost => self.push(Mark::Chat {
                text: "chat is lost".into(),
                is_up: Some(false),
            }),
            Input::ChatRestored => self.push(Mark::Chat {
                text: "chat is back".into(),
                is_up: Some(true),
            }),
            Input::NetworkChanged => self.push(Mark::Note {
                text: "other addresses".into(),
                tone: "network",
            }),
        }
    }

    fn signal(&mut self, from_us: bool, other: &Address, signal: &Signal, text: &str) {
        let tone = match signal.kind() {
            SignalKind::Call => "call",
            SignalKind::Accept => "good",
            SignalKind::Reject | SignalKind::HangUp => "bad",
            SignalKind::IceCandidates => "minor",
            SignalKind::Update => "update",
        };
        let text = self.marked(Some(&signal.session), text);
        self.push(Mark::Signal {
            from_us,
            lanes: self.lanes.reached(other),
            text,
            tone,
        });
    }

    fn transport(&mut self, peer: UserId, event: &TransportEvent, session: Option<&SessionId>) {
        let text = label::transport(event);
        let tone = match event {
            TransportEvent::LocalOffer(_)
            | TransportEvent::LocalAnswer(_)
            | TransportEvent::LocalCandidates(_)
            | TransportEvent::Closed => {
                let text = format!("connection to {peer}: {text}");
                return self.note(&self.marked(session, &text));
            }
            TransportEvent::Checking => "network",
            TransportEvent::Connected => "good",
            TransportEvent::Disconnected => "warn",
            TransportEvent::Failed | TransportEvent::DescriptionRejected(_) => "bad",
        };
        let (text, lanes) = (self.marked(session, &text), self.lanes_of(Some(peer)));
        self.push(Mark::Link { lanes, text, tone });
    }

    /// This device's lane, or that of the peer's device which spoke last: the call is with it.
    fn lanes_of(&self, user: Option<UserId>) -> Vec<usize> {
        match user.map(|user| self.heard.get(&user).ok_or(user)) {
            None => vec![DEVICE],
            Some(Ok(device)) => self.lanes.reached(device),
            Some(Err(user)) => self.lanes.of_user(user),
        }
    }

    fn note(&mut self, text: &str) {
        self.push(Mark::Note {
            text: label::short_note(text),
            tone: "minor",
        });
    }

    fn outputs(&mut self, outputs: &[Output]) {
        let mut states = Vec::new();
        let mut steering: Option<(&SessionId, UserId, Vec<String>)> = None;
        for output in outputs {
            if let Output::Transport {
                session,
                peer,
                command,
            } = output
            {
                let text = label::steering(command);
                match &mut steering {
                    Some((_, user, texts)) if user == peer => texts.push(text),
                    _ => {
                        self.steered(steering.take());
                        steering = Some((session, *peer, vec![text]));
                    }
                }
                continue;
            }
            self.steered(steering.take());
            match output {
                Output::Send { to, signal } => {
                    self.entered(&mut states);
                    let text = label::short(&label::signal(signal));
                    self.signal(true, to, signal, &text);
                }
                Output::Event(event) => self.event(event, &mut states),
                Output::Transport { .. } => {}
            }
        }
        self.steered(steering.take());
        self.entered(&mut states);
    }

    fn event(&mut self, event: &Event, states: &mut Vec<State>) {
        let session = self.place(event.session()).unwrap_or_default();
        let several = self.sessions.len() > 1;
        let letter = if several {
            letter(session) + " "
        } else {
            String::new()
        };
        match event {
            Event::StateChanged { state, .. } => states.push(State {
                session,
                user: None,
                text: format!("{letter}call {state}"),
                tone: label::session_tone(*state),
                lanes: self.lanes_of(None),
                is_last: *state == SessionState::Closed,
            }),
            Event::PeerStateChanged { user, state, .. } => states.push(State {
                session,
                user: Some(*user),
                text: format!("{letter}{user} {state:?}"),
                tone: label::peer_tone(*state),
                lanes: self.lanes_of(Some(*user)),
                is_last: label::peer_tone(*state) == "over",
            }),
            _ => {
                if let Event::NewSession { caller, .. } = event {
                    // Both begin as `Pending`, which no event says.
                    for user in [None, Some(*caller)] {
                        states.push(State {
                            session,
                            user,
                            text: String::new(),
                            tone: "pending",
                            lanes: self.lanes_of(user),
                            is_last: false,
                        });
                    }
                }
                let text = self.marked(Some(event.session()), &label::event(event));
                self.push(Mark::App {
                    to_app: true,
                    text: label::short(&text),
                    tone: "event",
                });
                self.attach(states);
            }
        }
    }

    fn steered(&mut self, steering: Option<(&SessionId, UserId, Vec<String>)>) {
        if let Some((session, peer, texts)) = steering {
            let text = format!("connection to {peer}: {}", texts.join("; "));
            self.note(&self.marked(Some(session), &text));
        }
    }

    /// States to which no event belongs have a row of their own.
    fn entered(&mut self, states: &mut Vec<State>) {
        if !states.is_empty() {
            self.push(Mark::Nothing);
            self.attach(states);
        }
    }

    fn attach(&mut self, states: &mut Vec<State>) {
        if let Some(row) = self.rows.last_mut() {
            row.states.append(states);
        }
    }
}

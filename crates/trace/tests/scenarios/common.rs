//! A call in virtual time, recorded.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use visavis_call::{
    Address, CallConfig, Command, CommandError, Input, Output, Time, TransportCommand,
    TransportEvent,
};
use visavis_signal::{
    Body, CallType, Candidate, Capabilities, Description, DescriptionKind, Platform,
    SessionDescription, SessionId, Signal, Update, UserId, UserInfo, capability,
};
use visavis_trace::{Recorded, Recorder, Trace};

pub(crate) const ALICE: UserId = UserId(101);
pub(crate) const BOB: UserId = UserId(102);
pub(crate) const CAROL: UserId = UserId(103);

/// What must not be in any trace, in all the places where it may come in.
pub(crate) const SECRET: &str = "hunter2";

/// A file in memory that can be looked at while it is written.
#[derive(Clone, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn session(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

pub(crate) fn phone(user: UserId) -> Address {
    Address::device(user, format!("{SECRET}-phone-of-{}", user.0))
}

pub(crate) fn info() -> UserInfo {
    UserInfo::from_entries([("note", format!("my password is {SECRET}"))]).unwrap()
}

fn description(what: &str) -> Description {
    Description::new(&format!("v=0\r\na=ice-pwd:{SECRET}{what}\r\n"))
}

fn candidate(number: u32) -> Candidate {
    Candidate {
        candidate: format!("candidate:{number} 1 udp 1 192.0.2.{number} 9 typ host {SECRET}")
            .into(),
        sdp_mid: Some(SECRET.into()),
        sdp_mline_index: Some(0),
    }
}

/// A device of Alice, and what happens to it.
pub(crate) struct Story {
    pub(crate) call: Recorded,
    pub(crate) paper: Paper,
    now: Duration,
    pub(crate) outputs: Vec<Output>,
}

impl Story {
    pub(crate) fn new(prepare: impl FnOnce(Recorder) -> Recorder) -> Self {
        let paper = Paper::default();
        let recorder = prepare(Recorder::new(paper.clone()));
        let call = Recorded::new(ALICE, CallConfig::default(), 0xfeed, Some(recorder)).unwrap();
        Self {
            call,
            paper,
            now: Duration::ZERO,
            outputs: Vec::new(),
        }
    }

    /// Lets time pass, and the timers go off that are due.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        while let Some(due) = self
            .call
            .core()
            .next_timeout()
            .filter(|due| due.elapsed() <= until)
        {
            self.now = self.now.max(due.elapsed());
            self.happens(Input::Timeout);
        }
        self.now = until;
    }

    pub(crate) fn wants(&mut self, command: Command) -> Result<(), CommandError> {
        let now = Time::since_origin(self.now);
        self.outputs = self.call.command(now, command)?;
        Ok(())
    }

    pub(crate) fn happens(&mut self, input: Input) {
        self.outputs = self.call.handle(Time::since_origin(self.now), input);
    }

    pub(crate) fn hears(&mut self, from: UserId, body: Body) {
        let signal = Signal {
            call_type: Some(CallType::Video),
            caller: Some(ALICE),
            opponents: vec![BOB, CAROL],
            user_info: info(),
            platform: Some(Platform::from_name(SECRET)),
            capabilities: Capabilities::from_names(capability::ALL.into_iter().chain([SECRET]))
                .unwrap(),
            ..Signal::new(session(1), body)
        };
        let from = phone(from);
        self.happens(Input::Signal { from, signal });
    }

    pub(crate) fn connection(&mut self, peer: UserId, event: TransportEvent) {
        self.happens(Input::Transport {
            session: session(1),
            peer,
            event,
        });
    }

    /// Alice calls Bob and Carol. Both take the call; Carol's connection gets lost and is
    /// repaired, chat is gone for a while, and Alice leaves.
    pub(crate) fn of_three() -> Self {
        let mut story = Self::new(|recorder| recorder);
        story.tell();
        story
    }

    pub(crate) fn tell(&mut self) {
        let id = session(1);
        self.wants(Command::StartProcessing).unwrap();
        let missing = self.wants(Command::Hold {
            session: session(9),
        });
        assert_eq!(missing, Err(CommandError::UnknownSession));
        self.wants(Command::Create {
            session: id.clone(),
            opponents: vec![BOB, CAROL],
            call_type: CallType::Video,
        })
        .unwrap();
        self.wants(Command::Start {
            session: id.clone(),
            user_info: info(),
        })
        .unwrap();
        for (peer, number) in [(BOB, 1), (CAROL, 2)] {
            self.pass(2);
            self.connection(
                peer,
                TransportEvent::LocalOffer(description(&format!("offer{number}"))),
            );
            self.connection(
                peer,
                TransportEvent::LocalCandidates(vec![candidate(number)]),
            );
        }
        // Dialing repeats the call.
        self.pass(6_000);
        for (peer, number) in [(BOB, 3), (CAROL, 4)] {
            self.hears(peer, Body::Update(Update::Ringing));
            self.pass(40);
            let answer = description(&format!("answer{number}"));
            self.hears(peer, Body::Accept { answer });
            self.hears(peer, Body::IceCandidates(vec![candidate(number)]));
            self.connection(peer, TransportEvent::Checking);
            self.pass(9);
            self.connection(peer, TransportEvent::Connected);
        }
        self.pass(2_000);
        self.hears(
            BOB,
            Body::Update(Update::Data {
                reason: Some(SECRET.into()),
            }),
        );
        self.wants(Command::SetMedia {
            session: id.clone(),
            audio: false,
            video: true,
        })
        .unwrap();
        self.happens(Input::ChatLost);
        self.pass(1_500);
        self.happens(Input::ChatRestored);
        self.connection(CAROL, TransportEvent::Disconnected);
        self.repair();
        self.pass(3_000);
        self.wants(Command::HangUp {
            session: id,
            user_info: info(),
        })
        .unwrap();
        for peer in [BOB, CAROL] {
            self.connection(peer, TransportEvent::Closed);
        }
    }

    /// Alice offers new paths, and Carol answers by the id of the offer.
    fn repair(&mut self) {
        let asked = self.outputs.iter().any(|output| {
            matches!(
                output,
                Output::Transport {
                    command: TransportCommand::Renegotiate { .. },
                    ..
                }
            )
        });
        assert!(asked, "{:?}", self.outputs);
        self.connection(CAROL, TransportEvent::LocalOffer(description("repair")));
        let offer_id = self.outputs.iter().find_map(|output| match output {
            Output::Send { signal, .. } => match &signal.body {
                Body::Update(Update::Renegotiate(offer)) => Some(offer.offer_id.clone()),
                _ => None,
            },
            _ => None,
        });
        self.pass(20);
        self.hears(
            CAROL,
            Body::Update(Update::Renegotiate(SessionDescription {
                offer_id: offer_id.expect("an offer"),
                kind: DescriptionKind::Answer,
                sdp: description("repaired"),
            })),
        );
        self.pass(30);
        self.connection(CAROL, TransportEvent::Connected);
    }

    /// The client lets go; what was written.
    pub(crate) fn end(self) -> String {
        drop(self.call);
        self.paper.text()
    }
}

pub(crate) fn read(text: &str) -> Trace {
    Trace::read(text.as_bytes()).unwrap()
}

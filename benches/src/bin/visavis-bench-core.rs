//! `visavis-bench-core`: what call control costs, without any network around it.
//!
//! One core with many calls in one thread: nanoseconds for each input that it handles, and
//! bytes for each call that is connected. A program of its own, because it counts what
//! is allocated.

use std::hint::black_box;
use std::time::{Duration, Instant};

use visavis_call::{Address, CallConfig, Command, Core, Input, SessionState, Time, TransportEvent};
use visavis_signal::{
    Body, CallType, Candidate, Capabilities, Description, SessionId, Signal, Update, UserId,
    UserInfo, capability,
};

type Failure = Box<dyn std::error::Error>;

/// What was handled and how long it took.
#[derive(Default)]
struct Measured {
    inputs: u32,
    time: Duration,
}

impl Measured {
    fn nanoseconds(&self) -> u128 {
        self.time.as_nanos() / u128::from(self.inputs.max(1))
    }
}

/// A core with calls to one user each.
struct Bench {
    core: Core,
    now: Time,
    calls: Vec<(SessionId, UserId)>,
    offer: Description,
}

impl Bench {
    fn new() -> Result<Self, Failure> {
        let mut core = Core::new(UserId(1), CallConfig::default(), 1)?;
        drop(core.command(Time::ORIGIN, Command::StartProcessing)?);
        Ok(Self {
            core,
            now: Time::ORIGIN,
            calls: Vec::new(),
            // As long as a browser's.
            offer: Description::new(&"a=fmtp:96 as-long-as-a-line-may-be\r\n".repeat(170)),
        })
    }

    /// Calls somebody, who takes the call and is connected: six inputs and two commands.
    fn connect(&mut self, number: u32) -> Result<Measured, Failure> {
        // Nobody calls everybody in one instant; what is due comes one after the other.
        self.now = self.now + Duration::from_micros(700);
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        let (session, peer) = (SessionId::from_bytes(bytes), UserId(1000 + number));
        self.calls.push((session.clone(), peer));
        let create = Command::Create {
            session: session.clone(),
            opponents: vec![peer],
            call_type: CallType::Video,
        };
        drop(self.core.command(self.now, create)?);
        let start = Command::Start {
            session: session.clone(),
            user_info: UserInfo::new(),
        };
        drop(self.core.command(self.now, start)?);
        let accept = Signal {
            capabilities: Capabilities::from_names(capability::ALL)?,
            ..Signal::new(
                session.clone(),
                Body::Accept {
                    answer: self.offer.clone(),
                },
            )
        };
        let inputs = [
            transport(
                &session,
                peer,
                TransportEvent::LocalOffer(self.offer.clone()),
            ),
            transport(
                &session,
                peer,
                TransportEvent::LocalCandidates(candidates()),
            ),
            signal(peer, accept),
            signal(
                peer,
                Signal::new(session.clone(), Body::IceCandidates(candidates())),
            ),
            transport(&session, peer, TransportEvent::Checking),
            transport(&session, peer, TransportEvent::Connected),
        ];
        Ok(self.handle(inputs))
    }

    /// Something for each call, in turns: data of the app, further candidates, a state of the
    /// media that is no news.
    fn talk(&mut self, rounds: u32) -> Measured {
        let mut all = Measured::default();
        for _ in 0..rounds {
            self.now = self.now + Duration::from_millis(10);
            for (session, peer) in self.calls.clone() {
                let data = Body::Update(Update::default());
                let measured = self.handle([
                    signal(peer, Signal::new(session.clone(), data)),
                    signal(
                        peer,
                        Signal::new(session.clone(), Body::IceCandidates(candidates())),
                    ),
                    transport(
                        &session,
                        peer,
                        TransportEvent::LocalCandidates(candidates()),
                    ),
                ]);
                all.inputs += measured.inputs;
                all.time += measured.time;
            }
        }
        all
    }

    /// Lets time pass from one timeout to the next.
    fn wait(&mut self, span: Duration) -> Measured {
        let end = self.now + span;
        let mut all = Measured::default();
        while let Some(due) = self.core.next_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            let measured = self.handle([Input::Timeout]);
            all.inputs += measured.inputs;
            all.time += measured.time;
        }
        self.now = end;
        all
    }

    fn handle<const N: usize>(&mut self, inputs: [Input; N]) -> Measured {
        let begun = Instant::now();
        for input in inputs {
            for output in self.core.handle(self.now, input) {
                black_box(output);
            }
        }
        Measured {
            inputs: u32::try_from(N).unwrap_or(u32::MAX),
            time: begun.elapsed(),
        }
    }

    fn connected(&self) -> usize {
        let connected =
            |session: &&visavis_call::Session| session.state() == SessionState::Connected;
        self.core.sessions().filter(connected).count()
    }
}

fn transport(session: &SessionId, peer: UserId, event: TransportEvent) -> Input {
    Input::Transport {
        session: session.clone(),
        peer,
        event,
    }
}

fn signal(peer: UserId, signal: Signal) -> Input {
    Input::Signal {
        from: Address::device(peer, "phone"),
        signal,
    }
}

fn candidates() -> Vec<Candidate> {
    let line = "candidate:1467250027 1 udp 2122260223 192.0.2.7 46243 typ host generation 0";
    let candidate = Candidate {
        candidate: line.into(),
        sdp_mid: Some("0".into()),
        sdp_mline_index: Some(0),
    };
    vec![candidate; 4]
}

fn main() -> Result<(), Failure> {
    println!(
        "| calls at once | setting up, ns an input | talking, ns an input | timers, ns each | bytes a call |"
    );
    println!("|---|---|---|---|---|");
    for calls in [1, 10, 100, 1000] {
        let mut bench = Bench::new()?;
        let mut setting_up = Measured::default();
        let mut failed = None;
        let memory = allocation_counter::measure(|| {
            for number in 0..calls {
                match bench.connect(number) {
                    Ok(measured) => {
                        setting_up.inputs += measured.inputs;
                        setting_up.time += measured.time;
                    }
                    Err(failure) => failed = Some(failure),
                }
            }
        });
        if let Some(failure) = failed {
            return Err(failure);
        }
        let timers = bench.wait(Duration::from_secs(5));
        let talking = bench.talk(200_000 / calls);
        if bench.connected() != bench.calls.len() {
            return Err("a call did not last".into());
        }
        println!(
            "| {calls} | {} | {} | {} | {} |",
            setting_up.nanoseconds(),
            talking.nanoseconds(),
            timers.nanoseconds(),
            memory.bytes_current / i64::from(calls),
        );
    }
    Ok(())
}

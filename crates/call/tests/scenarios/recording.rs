//! A run can be written down without giving anything away, and replayed.

use crate::common::{ALICE, BOB, accept, call, id, info, secs, signal};
use visavis_call::{Address, CallConfig, Command, Core, Input, Output, Time, TransportEvent};
use visavis_signal::{Body, CallType, Candidate, Signal};

const SECRET: &str = "hunter2";

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Command(Command),
    Input(Input),
}

/// Alice calls Bob, who accepts, connects and leaves.
fn run() -> Vec<(Time, Step)> {
    let candidate = Candidate {
        candidate: SECRET.into(),
        sdp_mid: None,
        sdp_mline_index: Some(0),
    };
    let from = Address::device(BOB, "phone");
    let heard = |body| {
        Step::Input(Input::Signal {
            from: from.clone(),
            signal: signed(body),
        })
    };
    let happened = |event| {
        Step::Input(Input::Transport {
            session: id(1),
            peer: BOB,
            event,
        })
    };
    let steps = [
        Step::Command(Command::StartProcessing),
        Step::Command(Command::Create {
            session: id(1),
            opponents: vec![BOB],
            call_type: CallType::Video,
        }),
        Step::Command(Command::Start {
            session: id(1),
            user_info: info(&[("note", SECRET)]),
        }),
        happened(TransportEvent::LocalOffer(SECRET.into())),
        happened(TransportEvent::LocalCandidates(vec![candidate.clone()])),
        Step::Input(Input::Timeout),
        heard(Body::IceCandidates(vec![candidate])),
        heard(accept(SECRET)),
        happened(TransportEvent::Checking),
        happened(TransportEvent::Connected),
        Step::Input(Input::ChatLost),
        Step::Input(Input::Timeout),
        heard(call(SECRET)),
        heard(Body::HangUp),
        happened(TransportEvent::Closed),
    ];
    steps
        .into_iter()
        .enumerate()
        .map(|(second, step)| (Time::since_origin(secs(second as u64)), step))
        .collect()
}

fn signed(body: Body) -> Signal {
    Signal {
        user_info: info(&[("note", SECRET)]),
        ..signal(&id(1), ALICE, &[BOB], body)
    }
}

fn play(run: &[(Time, Step)]) -> (Core, Vec<Output>) {
    let mut core = Core::new(ALICE, CallConfig::default(), 1).unwrap();
    let mut outputs = Vec::new();
    for (now, step) in run {
        match step.clone() {
            Step::Command(command) => outputs.extend(core.command(*now, command).unwrap()),
            Step::Input(input) => outputs.extend(core.handle(*now, input)),
        }
    }
    (core, outputs)
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let (_, first) = play(&run());
    let (_, second) = play(&run());
    assert_eq!(first, second);
    assert!(first.len() > 20, "a whole call: {first:?}");
}

#[test]
fn what_is_written_down_holds_no_description_no_address_and_no_user_info() {
    let run = run();
    for length in 0..=run.len() {
        let (core, outputs) = play(&run[..length]);
        let text = format!("{:?} {outputs:?} {core:?}", &run[..length]);
        assert!(!text.contains(SECRET), "{text}");
    }
}

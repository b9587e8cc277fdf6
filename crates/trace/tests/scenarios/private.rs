//! What a trace must not hold.

use visavis_call::{Address, Command, Input, reason};
use visavis_signal::{Body, Signal, UserInfo};

use crate::common::{BOB, SECRET, Story, info, phone, read, session};
use visavis_trace::{Act, replay};

#[test]
fn nothing_that_people_or_apps_chose_is_in_it() {
    let text = Story::of_three().end();
    for private in [
        SECRET,
        "192.0.2",
        "ice-pwd",
        "v=0",
        "candidate:",
        "password",
        "phone",
    ] {
        assert!(!text.contains(private), "`{private}` is in it: {text}");
    }
}

#[test]
fn the_same_text_has_the_same_stand_in() {
    let trace = read(&Story::of_three().end());
    let devices: Vec<_> = trace
        .steps
        .iter()
        .filter_map(|step| match &step.act {
            Act::Input(Input::Signal { from, .. }) => from.resource.as_deref(),
            _ => None,
        })
        .collect();
    let (first, second) = devices.split_at(3);
    assert_eq!(first, ["device-1"; 3]);
    assert_eq!(second[..3], ["device-2"; 3]);
}

#[test]
fn keys_and_our_own_reasons_stay_and_values_are_numbered() {
    let mut story = Story::new(|recorder| recorder);
    story.wants(Command::StartProcessing).unwrap();
    let entries = [
        ("note", "one"),
        ("again", "one"),
        ("other", "two"),
        ("empty", ""),
        (reason::KEY, reason::BUSY),
    ];
    let mut hears = |entries: &[(&str, &str)]| {
        let mut signal = Signal::new(session(2), Body::Reject);
        signal.user_info = UserInfo::from_entries(entries.iter().copied()).unwrap();
        let from = phone(BOB);
        story.happens(Input::Signal { from, signal });
    };
    hears(&entries);
    hears(&[(reason::KEY, "because of Mallory")]);
    let text = story.end();
    assert!(text.contains(
        r#"[["note","value-1"],["again","value-1"],["other","value-2"],["empty",""],["reason","busy"]]"#
    ), "{text}");
    assert!(text.contains(r#"[["reason","value-3"]]"#), "{text}");
}

/// The core acts on a machine's reason, so the replay has to see it, too.
#[test]
fn a_reason_leads_where_it_led() {
    let mut story = Story::new(|recorder| recorder);
    story.wants(Command::StartProcessing).unwrap();
    let from = Address::device(BOB, "x");
    let offer = Body::Call {
        offer: SECRET.into(),
    };
    let signal = |body, user_info| Signal {
        call_type: Some(visavis_signal::CallType::Audio),
        caller: Some(BOB),
        opponents: vec![crate::common::ALICE],
        user_info,
        ..Signal::new(session(3), body)
    };
    story.happens(Input::Signal {
        from: from.clone(),
        signal: signal(offer, info()),
    });
    let why = UserInfo::from_entries([(reason::KEY, reason::NOT_ANSWERED)]).unwrap();
    story.happens(Input::Signal {
        from,
        signal: signal(Body::HangUp, why),
    });
    let text = story.end();
    assert!(text.contains("NoActions"), "{text}");
    replay(&read(&text)).unwrap();
}

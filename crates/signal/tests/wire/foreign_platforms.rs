//! The orders and peculiarities of the Android, iOS and .NET clients.

use crate::common::{decoded, headline};
use visavis_signal::{
    Body, CallType, Candidate, Description, Platform, SessionId, Signal, SignalKind, UserId,
};

const UPPER: &str = "17BFF4C0-9275-4273-A84B-BD247E1AD652";
const CANDIDATE: &str = "candidate:1 1 udp 2122194687 192.0.2.1 53526 typ host";

#[test]
fn android_call() {
    let signal = decoded(
        "<callType>1</callType><platform>android</platform><callerID>101</callerID>\
         <signalType>call</signalType><moduleIdentifier>WebRTCVideoChat</moduleIdentifier>\
         <sessionID>17bff4c0-9275-4273-a84b-bd247e1ad652</sessionID><sdp>v=0\no=- 1 2 IN IP4 127.0.0.1\n</sdp>\
         <version_sdk>3.4</version_sdk>\
         <opponentsIDs><opponentID>102</opponentID><opponentID>103</opponentID></opponentsIDs>\
         <userInfo><name>Alice</name></userInfo>",
    );
    assert_eq!(signal.call_type, Some(CallType::Video));
    assert_eq!(signal.caller, Some(UserId(101)));
    assert_eq!(signal.opponents, [UserId(102), UserId(103)]);
    assert_eq!(signal.platform, Some(Platform::Android));
    assert_eq!(signal.bandwidth, None);
    assert!(signal.user_info.iter().eq([("name", "Alice")]));
    assert_eq!(
        signal.body,
        Body::Call {
            offer: Description::new("v=0\no=- 1 2 IN IP4 127.0.0.1\n")
        }
    );
}

#[test]
fn ios_accept_keeps_its_upper_case_session_id() {
    let signal = decoded(&format!(
        "<callType>2</callType><moduleIdentifier>WebRTCVideoChat</moduleIdentifier><callerID>101</callerID>\
         <platform>ios</platform><sdkVersion>2.6.5</sdkVersion><sdp>v=0\r\ns=-\r\n</sdp>\
         <sessionID>{UPPER}</sessionID><signalType>accept</signalType>\
         <userInfo><k>v</k></userInfo><opponentsIDs><opponentID>102</opponentID></opponentsIDs>"
    ));
    assert_eq!(signal.call_type, Some(CallType::Audio));
    assert_eq!(signal.platform, Some(Platform::Ios));
    assert_eq!(
        signal.session,
        SessionId::parse(crate::common::SESSION).unwrap()
    );
    assert_eq!(signal.session.as_str(), UPPER);
    assert!(signal.encode(UserId(102)).to_xml().contains(UPPER));
    assert_eq!(
        signal.body,
        Body::Accept {
            answer: Description::new("v=0\ns=-\n")
        }
    );
}

#[test]
fn ios_candidates_have_an_order_of_their_own() {
    let signal = decoded(&format!(
        "<callType>1</callType><moduleIdentifier>WebRTCVideoChat</moduleIdentifier><callerID>101</callerID>\
         <platform>ios</platform><sdkVersion>2.6.5</sdkVersion><iceCandidates><iceCandidate>\
         <sdpMLineIndex>1</sdpMLineIndex><sdpMid>video</sdpMid><candidate>{CANDIDATE}</candidate>\
         </iceCandidate></iceCandidates><sessionID>{UPPER}</sessionID>\
         <signalType>iceCandidates</signalType>\
         <opponentsIDs><opponentID>102</opponentID></opponentsIDs>"
    ));
    let expected = Candidate {
        candidate: CANDIDATE.into(),
        sdp_mid: Some("video".into()),
        sdp_mline_index: Some(1),
    };
    assert_eq!(signal.body, Body::IceCandidates(vec![expected]));
}

#[test]
fn dotnet_signals_name_only_the_session() {
    for (kind, rest) in [
        (SignalKind::Reject, String::new()),
        (SignalKind::HangUp, String::new()),
        (
            SignalKind::IceCandidates,
            format!(
                "<iceCandidates><iceCandidate><candidate>{CANDIDATE}</candidate></iceCandidate></iceCandidates>"
            ),
        ),
    ] {
        let signal = decoded(&format!("{}{rest}", crate::common::constants(kind.name())));
        assert_eq!(signal.kind(), kind);
        assert_eq!(
            (signal.call_type, signal.caller, signal.platform.as_ref()),
            (None, None, None)
        );
        assert!(signal.opponents.is_empty() && signal.user_info.is_empty());
    }
}

#[test]
fn reject_may_echo_the_offer() {
    let signal = decoded(&format!(
        "{}{}",
        crate::common::constants("reject"),
        crate::common::CALL_PARTS.concat()
    ));
    assert_eq!(signal.body, Body::Reject);
    assert_eq!(signal.caller, Some(UserId(101)));
    assert!(!signal.encode(UserId(102)).to_xml().contains("<sdp>"));
}

#[test]
fn order_and_unknown_children_do_not_matter() {
    let mut parts: Vec<String> = crate::common::CALL_PARTS.map(String::from).to_vec();
    parts.push(crate::common::constants("call"));
    parts.push("<platform>web</platform>".into());
    parts.push("<userInfo><k>v</k></userInfo>".into());
    let expected = decoded(&parts.concat());
    parts.push("<version_sdk>1</version_sdk>".into());
    parts.push("<x xmlns='urn:example'><sdp>no</sdp></x>".into());
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        assert_eq!(decoded(&parts.concat()), expected);
    }
}

#[test]
fn nested_user_info_becomes_dotted_keys() {
    let signal = decoded(&format!(
        "{}<userInfo><a><b>1</b><c><d>2</d></c></a><e/><f>text<g>3</g></f><bandwidth>x</bandwidth></userInfo>",
        crate::common::constants("hangUp"),
    ));
    assert!(signal.user_info.iter().eq([
        ("a.b", "1"),
        ("a.c.d", "2"),
        ("e", ""),
        ("f", "text"),
        ("f.g", "3")
    ]));
    assert_eq!(signal.bandwidth, None);
}

#[test]
fn empty_and_senseless_values_are_absent() {
    let signal = decoded(&format!(
        "{}<callType/><callerID>null</callerID><opponentsIDs/><platform/><reason/><userInfo/><capabilities/>",
        crate::common::constants("update"),
    ));
    let expected = Signal {
        platform: None,
        ..Signal::new(signal.session.clone(), Body::Update(Default::default()))
    };
    assert_eq!(signal, expected);
}

#[test]
fn a_bandwidth_limit_never_reaches_the_app() {
    let signal = decoded(&format!(
        "{}{}<userInfo><bandwidth> 512 </bandwidth><k>v</k></userInfo>",
        crate::common::constants("call"),
        crate::common::CALL_PARTS.concat(),
    ));
    assert_eq!(signal.bandwidth, Some(512));
    assert!(signal.user_info.iter().eq([("k", "v")]));
}

#[test]
fn capabilities_travel_as_the_last_child() {
    let mut signal = decoded(&format!(
        "{}<sdp>v=0\n</sdp>",
        crate::common::constants("accept")
    ));
    signal.capabilities.insert("ringing").unwrap();
    signal.capabilities.insert("hold").unwrap();
    let written = signal.encode(UserId(1)).to_xml();
    assert!(
        written.ends_with("<capabilities>hold ringing</capabilities></extraParams>"),
        "{written}"
    );
    let inner = written
        .split_once('>')
        .unwrap()
        .1
        .trim_end_matches("</extraParams>");
    assert_eq!(Signal::decode(&headline(inner)), Ok(Some(signal)));
}

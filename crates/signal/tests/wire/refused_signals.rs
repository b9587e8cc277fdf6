//! What is no signal, and what is a bad one.

use crate::common::{CALL_PARTS, constants, decoded, parse, refused};
use visavis_signal::limits::{
    MAX_CANDIDATE_BYTES, MAX_CANDIDATES, MAX_CAPABILITIES, MAX_OPPONENTS, MAX_SDP_BYTES,
    MAX_USER_INFO_BYTES, MAX_USER_INFO_ENTRIES, MAX_VALUE_BYTES,
};
use visavis_signal::{Body, DecodeError, Field, Signal, SignalKind};

#[test]
fn other_messages_carry_no_signal() {
    let parameters = format!("<extraParams>{}</extraParams>", constants("hangUp"));
    let stanza = |attributes: &str, children: &str| {
        parse(&format!("<message {attributes}>{children}</message>"))
    };
    let headline = "xmlns='jabber:client' type='headline'";
    assert!(SignalKind::peek(&stanza(headline, &parameters)).is_some());

    for message in [
        stanza("xmlns='jabber:client' type='chat'", &parameters),
        stanza("xmlns='jabber:client' type='error'", &parameters),
        stanza("xmlns='jabber:client'", &parameters),
        stanza("xmlns='urn:example' type='headline'", &parameters),
        stanza(headline, ""),
        stanza(headline, "<extraParams/>"),
        stanza(
            headline,
            &parameters.replace("WebRTCVideoChat", "SystemNotifications"),
        ),
        stanza(
            headline,
            &format!("{parameters}<delay xmlns='urn:xmpp:delay' stamp='2026-11-22T12:00:00Z'/>"),
        ),
        stanza(
            headline,
            &format!("{parameters}<x xmlns='jabber:x:delay' stamp='20261122T12:00:00'/>"),
        ),
        parse(&format!(
            "<presence xmlns='jabber:client' type='headline'>{parameters}</presence>"
        )),
    ] {
        assert_eq!(Signal::decode(&message), Ok(None));
        assert_eq!(SignalKind::peek(&message), None);
    }
}

#[test]
fn mandatory_parts_are_named_when_missing() {
    let module = "<moduleIdentifier>WebRTCVideoChat</moduleIdentifier>";
    assert_eq!(refused(module), DecodeError::Missing(Field::SignalType));
    assert_eq!(
        refused(&format!("{module}<signalType>hangUp</signalType>")),
        DecodeError::Missing(Field::SessionId)
    );
    let fields = [
        Field::CallType,
        Field::CallerId,
        Field::OpponentsIds,
        Field::Sdp,
    ];
    for (at, field) in fields.into_iter().enumerate() {
        let mut parts = CALL_PARTS;
        parts[at] = "";
        assert_eq!(
            refused(&format!("{}{}", constants("call"), parts.concat())),
            DecodeError::Missing(field)
        );
    }
    assert_eq!(
        refused(&constants("accept")),
        DecodeError::Missing(Field::Sdp)
    );
    assert_eq!(
        refused(&format!("{}<sdp> \n</sdp>", constants("accept"))),
        DecodeError::Missing(Field::Sdp)
    );
    assert_eq!(
        refused(&constants("iceCandidates")),
        DecodeError::Missing(Field::IceCandidates)
    );
    let update = |inner: &str| {
        format!(
            "{}<sessionDescription>{inner}</sessionDescription>",
            constants("update")
        )
    };
    assert_eq!(refused(&update("")), DecodeError::Missing(Field::OfferId));
    assert_eq!(
        refused(&update("<offerId>1</offerId>")),
        DecodeError::Missing(Field::DescriptionType)
    );
    assert_eq!(
        refused(&update("<offerId>1</offerId><type>offer</type>")),
        DecodeError::Missing(Field::Sdp)
    );
}

#[test]
fn mandatory_parts_have_to_make_sense() {
    assert_eq!(
        refused(&constants("removeUser")),
        DecodeError::Invalid(Field::SignalType)
    );
    assert_eq!(
        refused(&constants("hangup")),
        DecodeError::Invalid(Field::SignalType)
    );
    assert_eq!(
        refused(&constants("hangUp").replace(crate::common::SESSION, "1")),
        DecodeError::Invalid(Field::SessionId)
    );
    for (from, to, field) in [
        ("<callType>1", "<callType>3", Field::CallType),
        ("<callerID>101", "<callerID>Alice", Field::CallerId),
        ("<opponentID>102", "<opponentID>-102", Field::OpponentsIds),
    ] {
        let children = format!("{}{}", constants("call"), CALL_PARTS.concat()).replace(from, to);
        assert_eq!(refused(&children), DecodeError::Invalid(field));
    }
    let candidate = "<iceCandidates><iceCandidate><candidate>candidate:1\na=x</candidate></iceCandidate></iceCandidates>";
    assert_eq!(
        refused(&format!("{}{candidate}", constants("iceCandidates"))),
        DecodeError::Invalid(Field::Candidate)
    );
}

#[test]
fn opponents_are_bounded_and_named_once() {
    let list = |count: usize| {
        let ids: String = (0..count)
            .map(|id| format!("<opponentID>{id}</opponentID>"))
            .collect();
        format!("{}<opponentsIDs>{ids}</opponentsIDs>", constants("hangUp"))
    };
    assert_eq!(decoded(&list(MAX_OPPONENTS)).opponents.len(), MAX_OPPONENTS);
    assert_eq!(
        refused(&list(MAX_OPPONENTS + 1)),
        DecodeError::TooMany {
            field: Field::OpponentsIds,
            limit: MAX_OPPONENTS
        }
    );
    let twice = format!(
        "{}<opponentsIDs><opponentID>2</opponentID><opponentID>1</opponentID><opponentID>2</opponentID></opponentsIDs>",
        constants("hangUp")
    );
    assert!(decoded(&twice).opponents.iter().map(|id| id.0).eq([2, 1]));
}

#[test]
fn descriptions_are_bounded() {
    let accept = |bytes: usize| format!("{}<sdp>{}</sdp>", constants("accept"), "v".repeat(bytes));
    assert!(matches!(
        decoded(&accept(MAX_SDP_BYTES)).body,
        Body::Accept { .. }
    ));
    assert_eq!(
        refused(&accept(MAX_SDP_BYTES + 1)),
        DecodeError::TooLong {
            field: Field::Sdp,
            limit: MAX_SDP_BYTES
        }
    );
}

#[test]
fn candidates_are_bounded_and_blank_ones_dropped() {
    let list = |count: usize, line: &str| {
        let entries =
            format!("<iceCandidate><candidate>{line}</candidate></iceCandidate>").repeat(count);
        format!(
            "{}<iceCandidates>{entries}</iceCandidates>",
            constants("iceCandidates")
        )
    };
    assert_eq!(decoded(&list(3, "")).body, Body::IceCandidates(Vec::new()));
    let full = decoded(&list(MAX_CANDIDATES, &"x".repeat(MAX_CANDIDATE_BYTES)));
    assert!(
        matches!(full.body, Body::IceCandidates(candidates) if candidates.len() == MAX_CANDIDATES)
    );
    assert_eq!(
        refused(&list(MAX_CANDIDATES + 1, "x")),
        DecodeError::TooMany {
            field: Field::IceCandidates,
            limit: MAX_CANDIDATES
        }
    );
    assert_eq!(
        refused(&list(1, &"x".repeat(MAX_CANDIDATE_BYTES + 1))),
        DecodeError::TooLong {
            field: Field::Candidate,
            limit: MAX_CANDIDATE_BYTES
        }
    );
}

#[test]
fn user_info_is_bounded() {
    let with = |entries: String| format!("{}<userInfo>{entries}</userInfo>", constants("hangUp"));
    let entries = |count: usize| with((0..count).map(|n| format!("<k{n}/>")).collect());
    assert_eq!(
        decoded(&entries(MAX_USER_INFO_ENTRIES)).user_info.len(),
        MAX_USER_INFO_ENTRIES
    );
    assert_eq!(
        refused(&entries(MAX_USER_INFO_ENTRIES + 1)),
        DecodeError::TooMany {
            field: Field::UserInfo,
            limit: MAX_USER_INFO_ENTRIES
        }
    );
    let value = |bytes: usize| with(format!("<k>{}</k>", "v".repeat(bytes)));
    assert_eq!(decoded(&value(MAX_USER_INFO_BYTES - 1)).user_info.len(), 1);
    assert_eq!(
        refused(&value(MAX_USER_INFO_BYTES)),
        DecodeError::TooLong {
            field: Field::UserInfo,
            limit: MAX_USER_INFO_BYTES
        }
    );
    let deep = with(format!("{}{}", "<k>".repeat(30), "</k>".repeat(30)));
    assert!(decoded(&deep).user_info.is_empty());
}

#[test]
fn ten_times_what_clients_send_is_read() {
    let entries: String = (0..10)
        .map(|n| format!("<k{n}>{}</k{n}>", "x".repeat(1000)))
        .collect();
    let signal = decoded(&format!(
        "{}<userInfo>{entries}</userInfo>",
        constants("hangUp")
    ));
    assert_eq!(signal.user_info.len(), 10);
}

#[test]
fn every_other_value_is_bounded() {
    let long = "x".repeat(MAX_VALUE_BYTES + 1);
    let too_long = |field| DecodeError::TooLong {
        field,
        limit: MAX_VALUE_BYTES,
    };
    assert_eq!(
        refused(&format!(
            "{}<platform>{long}</platform>",
            constants("hangUp")
        )),
        too_long(Field::Platform)
    );
    assert_eq!(
        refused(&format!("{}<reason>{long}</reason>", constants("update"))),
        too_long(Field::Reason)
    );
    let names: String = (0..=MAX_CAPABILITIES).map(|n| format!("x{n} ")).collect();
    assert_eq!(
        refused(&format!(
            "{}<capabilities>{names}</capabilities>",
            constants("hangUp")
        )),
        DecodeError::TooMany {
            field: Field::Capabilities,
            limit: MAX_CAPABILITIES
        }
    );
}

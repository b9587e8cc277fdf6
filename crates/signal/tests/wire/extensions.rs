//! `docs/signaling.md` shows what is written between our own clients, byte for byte.

use visavis_signal::{
    AddRefusal, Body, DecodeError, Description, DescriptionKind, Field, Join, MediaState,
    SessionDescription, Signal, SignalKind, Update, UserId,
};
use visavis_xmpp::Jid;

use crate::common::{CALL_PARTS, SESSION, constants, decoded, refused};

/// The blocks of the document, each on one line as on the wire.
fn documented() -> Vec<String> {
    let document = include_str!("../../../../docs/signaling.md");
    let blocks = document.split("```xml\n").skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().replace('\n', ""))
        .collect()
}

/// The document says this.
fn says(block: &str) -> bool {
    let block = block.replace("<cause>present</cause>", "<cause>full|present</cause>");
    documented()
        .iter()
        .any(|documented| documented.ends_with(&block))
}

fn written(body: Body) -> String {
    let to: Jid = "102-1@chat.example".parse().unwrap();
    signal(body).to_message("id", UserId(101), &to)
}

fn signal(body: Body) -> Signal {
    Signal::new(SESSION.parse().unwrap(), body)
}

fn updates() -> Vec<(Update, &'static str)> {
    let users = |id| vec![UserId(id)];
    vec![
        (
            Update::Renegotiate(SessionDescription {
                offer_id: "1f0c…".into(),
                kind: DescriptionKind::Offer,
                sdp: Description::new("v=0…"),
            }),
            "<reason>renegotiate</reason><sessionDescription><offerId>1f0c…</offerId>\
             <sdp>v=0…</sdp><type>offer</type></sessionDescription>",
        ),
        (
            Update::Media(MediaState {
                audio: true,
                video: false,
                held: false,
            }),
            "<reason>media-state</reason>\
             <mediaState><audio>1</audio><video>0</video><held>0</held></mediaState>",
        ),
        (
            Update::Add { user: UserId(103) },
            "<reason>add</reason><participant>103</participant>",
        ),
        (
            Update::AddRefused {
                user: UserId(103),
                cause: AddRefusal::Present,
            },
            "<reason>add-refused</reason><participant>103</participant><cause>present</cause>",
        ),
        (
            Update::Added {
                user: UserId(103),
                invitation: 1,
                unreachable: users(102),
            },
            "<reason>added</reason><participant>103</participant><invitation>1</invitation>\
             <unreachable><opponentID>102</opponentID></unreachable>",
        ),
        (
            Update::Rejoin { invitation: 0 },
            "<reason>rejoin</reason><invitation>0</invitation>",
        ),
    ]
}

#[test]
fn every_update_is_written_and_read_as_documented() {
    for (update, block) in updates() {
        assert!(says(block), "the document does not say {block}");
        assert!(
            written(Body::Update(update.clone())).contains(block),
            "{block}"
        );
        let read = decoded(&format!("{}{block}", constants("update")));
        assert_eq!(read.body, Body::Update(update));
    }
}

#[test]
fn every_cause_of_a_refusal_is_read() {
    for (cause, word) in [(AddRefusal::Full, "full"), (AddRefusal::Present, "present")] {
        let block = format!(
            "<reason>add-refused</reason><participant>103</participant><cause>{word}</cause>"
        );
        let body = Body::Update(Update::AddRefused {
            user: UserId(103),
            cause,
        });
        assert_eq!(
            decoded(&format!("{}{block}", constants("update"))).body,
            body
        );
        assert!(written(body).contains(&block));
    }
}

#[test]
fn a_call_into_a_call_is_written_and_read_as_documented() {
    let block = "<join><invitation>1</invitation>\
                 <unreachable><opponentID>102</opponentID></unreachable></join>";
    assert!(says(block));
    let join = Join {
        invitation: 1,
        unreachable: vec![UserId(102)],
    };
    let call = decoded(&format!(
        "{}{}{block}",
        constants("call"),
        CALL_PARTS.concat()
    ));
    assert_eq!(call.join, Some(join));
    let to: Jid = "102-1@chat.example".parse().unwrap();
    assert!(call.to_message("id", UserId(101), &to).contains(block));
}

#[test]
fn nobody_is_called_into_a_call_for_the_zeroth_time() {
    let added = "<reason>added</reason><participant>103</participant><invitation>0</invitation>";
    assert_eq!(
        refused(&format!("{}{added}", constants("update"))),
        DecodeError::Invalid(Field::Invitation)
    );
}

#[test]
fn errors_and_signals_go_by_the_names_on_the_wire() {
    assert_eq!(SignalKind::HangUp.to_string(), "hangUp");
    assert_eq!(Field::OpponentsIds.to_string(), "opponentsIDs");
}

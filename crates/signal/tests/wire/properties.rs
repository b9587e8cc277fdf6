//! What holds for every signal and against every input.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use visavis_signal::{
    AddRefusal, Body, CallType, Candidate, Capabilities, Description, DescriptionKind, Field, Join,
    MediaState, Platform, SessionDescription, SessionId, Signal, SignalKind, Update, UserId,
    UserInfo,
};
use visavis_xmpp::Jid;
use visavis_xmpp::xml::{Element, Limits};

/// One line without white space at its ends.
fn line() -> impl Strategy<Value = String> {
    "[!-~äж€😀]([ -~äж€😀]{0,40}[!-~äж€😀])?"
}

fn description() -> impl Strategy<Value = Description> {
    "[a-z]=[ -~ä€]{0,60}(\r\n|\n)([a-z]=[ -~]{0,60}(\r\n|\n|\r)){0,8}"
        .prop_map(|sdp| Description::new(&sdp))
}

fn candidate() -> impl Strategy<Value = Candidate> {
    (line(), option::of(line()), option::of(any::<u16>())).prop_map(
        |(candidate, sdp_mid, sdp_mline_index)| Candidate {
            candidate: candidate.into(),
            sdp_mid: sdp_mid.map(Into::into),
            sdp_mline_index,
        },
    )
}

fn session_description() -> impl Strategy<Value = SessionDescription> {
    let kind = prop_oneof![Just(DescriptionKind::Offer), Just(DescriptionKind::Answer)];
    (line(), kind, description()).prop_map(|(offer_id, kind, sdp)| SessionDescription {
        offer_id: offer_id.into(),
        kind,
        sdp,
    })
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        description().prop_map(|offer| Body::Call { offer }),
        description().prop_map(|answer| Body::Accept { answer }),
        Just(Body::Reject),
        Just(Body::HangUp),
        vec(candidate(), 0..6).prop_map(Body::IceCandidates),
        update().prop_map(Body::Update),
    ]
}

fn update() -> impl Strategy<Value = Update> {
    let user = || any::<u32>().prop_map(UserId);
    let cause = prop_oneof![Just(AddRefusal::Full), Just(AddRefusal::Present)];
    prop_oneof![
        option::of(line()).prop_map(|reason| Update::Data {
            reason: reason.map(Into::into)
        }),
        session_description().prop_map(Update::Reconnect),
        session_description().prop_map(Update::Renegotiate),
        Just(Update::Ringing),
        any::<(bool, bool, bool)>().prop_map(|(audio, video, held)| Update::Media(MediaState {
            audio,
            video,
            held
        })),
        user().prop_map(|user| Update::Add { user }),
        (user(), cause).prop_map(|(user, cause)| Update::AddRefused { user, cause }),
        (user(), 1_u32.., users()).prop_map(|(user, invitation, unreachable)| Update::Added {
            user,
            invitation,
            unreachable
        }),
        any::<u32>().prop_map(|invitation| Update::Rejoin { invitation }),
    ]
}

/// A few users, each once.
fn users() -> impl Strategy<Value = Vec<UserId>> {
    proptest::collection::btree_set(any::<u32>(), 0..4)
        .prop_map(|users| users.into_iter().map(UserId).collect())
}

fn session() -> impl Strategy<Value = SessionId> {
    (any::<[u8; 16]>(), any::<bool>()).prop_map(|(bytes, upper)| {
        let id = SessionId::from_bytes(bytes);
        if upper {
            SessionId::parse(&id.as_str().to_uppercase()).unwrap()
        } else {
            id
        }
    })
}

fn user_info() -> impl Strategy<Value = UserInfo> {
    let key = "[A-Za-z_éж][A-Za-z0-9_.éж-]{0,8}".prop_filter("reserved", |key| key != "bandwidth");
    let value = "[ -~\t\n\r<&>äж€😀\u{85}\u{2028}]{0,30}";
    vec((key, value), 0..6).prop_map(|entries| UserInfo::from_entries(entries).unwrap())
}

fn signal() -> impl Strategy<Value = Signal> {
    let call_type = prop_oneof![Just(CallType::Video), Just(CallType::Audio)];
    let platform = line().prop_map(|name| Platform::from_name(&name));
    let capabilities =
        vec("[a-z0-9-]{1,12}", 0..4).prop_map(|names| Capabilities::from_names(names).unwrap());
    let parties = (any::<u32>(), btree_set(any::<u32>().prop_map(UserId), 1..6));
    let extras = (
        user_info(),
        option::of(any::<u32>()),
        option::of(platform),
        capabilities,
        option::of(line()),
        option::of(join()),
    );
    (session(), call_type, parties, extras, body(), any::<bool>()).prop_map(
        |(session, call_type, (caller, opponents), extras, body, sparse)| {
            let (user_info, bandwidth, platform, capabilities, device, join) = extras;
            let bare = sparse && !matches!(body, Body::Call { .. });
            let join = join.filter(|_| matches!(body, Body::Call { .. }));
            Signal {
                join,
                call_type: (!bare).then_some(call_type),
                caller: (!bare).then_some(UserId(caller)),
                opponents: if bare {
                    Vec::new()
                } else {
                    opponents.into_iter().collect()
                },
                user_info,
                bandwidth,
                platform,
                capabilities,
                device: device.map(Into::into),
                ..Signal::new(session, body)
            }
        },
    )
}

fn join() -> impl Strategy<Value = Join> {
    (1..u32::MAX, users()).prop_map(|(invitation, unreachable)| Join {
        invitation,
        unreachable,
    })
}

fn decode(text: &str) -> Option<Signal> {
    Signal::decode(&Element::parse(text, &Limits::default()).unwrap()).unwrap()
}

/// Trees made of the names that mean something and some that do not.
fn hostile_element() -> impl Strategy<Value = Element> {
    let known = [
        Field::SignalType,
        Field::SessionId,
        Field::CallType,
        Field::CallerId,
        Field::OpponentsIds,
        Field::Sdp,
        Field::Platform,
        Field::UserInfo,
        Field::IceCandidates,
        Field::Candidate,
        Field::SdpMid,
        Field::SdpMLineIndex,
        Field::Reason,
        Field::SessionDescription,
        Field::OfferId,
        Field::DescriptionType,
        Field::Capabilities,
        Field::Reason,
        Field::MediaState,
        Field::Audio,
        Field::Participant,
        Field::Cause,
        Field::Unreachable,
        Field::Join,
        Field::Invitation,
    ];
    let name = prop_oneof![
        4 => proptest::sample::select(known.map(Field::name).to_vec()).prop_map(str::to_owned),
        1 => proptest::sample::select(vec!["opponentID", "iceCandidate", "bandwidth", "k"]).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    let text = prop_oneof![
        2 => proptest::sample::select(vec!["call", "accept", "update", "iceCandidates", "1", "17bff4c0-9275-4273-a84b-bd247e1ad652"])
            .prop_map(str::to_owned),
        1 => ".{0,12}",
    ];
    let leaf = (name.clone(), text)
        .prop_map(|(name, text)| Element::new("jabber:client", &name).with_text(&text));
    leaf.prop_recursive(4, 40, 6, move |inner| {
        (name.clone(), vec(inner, 0..6)).prop_map(|(name, children)| {
            children
                .into_iter()
                .fold(Element::new("jabber:client", &name), Element::with_child)
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(signal in signal(), sender in any::<u32>(), mesh in any::<bool>()) {
        let sender = if mesh { UserId(sender) } else { signal.caller.unwrap_or(UserId(sender)) };
        let to: Jid = "102-4242@chat.example/phone".parse().unwrap();
        let written = signal.to_message("6b02d8a57d0a0b28b3000000", sender, &to);
        let read = decode(&written).unwrap();
        prop_assert_eq!(&read, &signal, "{}", written);
        prop_assert_eq!(read.session.as_str(), signal.session.as_str());
        prop_assert_eq!(read.to_message("6b02d8a57d0a0b28b3000000", sender, &to), written);
    }

    #[test]
    fn whatever_is_written_is_well_formed(text in any::<String>(), more in any::<String>()) {
        let candidate = Candidate {
            candidate: text.as_str().into(), sdp_mid: Some(more.as_str().into()), sdp_mline_index: None,
        };
        let to: Jid = "102-4242@chat.example".parse().unwrap();
        for body in [
            Body::Call { offer: Description::new(&text) },
            Body::IceCandidates(vec![candidate]),
            Body::Update(Update::Data { reason: Some(text.as_str().into()) }),
            Body::Update(Update::Reconnect(SessionDescription {
                offer_id: more.as_str().into(), kind: DescriptionKind::Offer, sdp: Description::new(&more),
            })),
        ] {
            let mut signal = Signal::new(SessionId::from_bytes([1; 16]), body);
            signal.platform = Some(Platform::from_name(&more));
            // An app may try any text: it is refused or carried.
            let _ = signal.user_info.insert(&text, &more);
            let _ = signal.user_info.insert("k", &more);
            let kind = signal.kind();
            let written = signal.to_message(&text, UserId(1), &to);
            let message = Element::parse(&written, &Limits::default()).unwrap();
            prop_assert_eq!(SignalKind::peek(&message), Some(kind));
        }
    }

    #[test]
    fn no_element_makes_decoding_panic(children in vec(hostile_element(), 0..12)) {
        let module = Element::new("jabber:client", "moduleIdentifier").with_text("WebRTCVideoChat");
        let parameters = children
            .into_iter()
            .fold(Element::new("jabber:client", "extraParams").with_child(module), Element::with_child);
        let message =
            Element::new("jabber:client", "message").with_attribute("type", "headline").with_child(parameters);
        if let Ok(signal) = Signal::decode(&message) {
            let signal = signal.unwrap();
            // What came in can be sent on.
            prop_assert_eq!(decode(&signal.to_message("1", UserId(1), &"2-1@chat.example".parse().unwrap())), Some(signal));
        }
    }

    #[test]
    fn no_text_makes_reading_panic(bytes in vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(element) = Element::parse(&text, &Limits::default()) {
            let _ = Signal::decode(&element);
        }
        let _ = SessionId::parse(&text);
        let _ = UserId::from_localpart(&text);
    }
}
